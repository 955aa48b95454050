package export_gate

import (
	"agave/types"
	"agave/wit"
	plugin "MODULE"
)

func Pass(alerts []types.Alert) wit.Result[[]types.Alert, string] {
	return wit.Returned(plugin.Pass(alerts))
}

func Tick(now types.Timestamp) wit.Result[[]types.Alert, string] {
	return wit.Returned(plugin.Tick(now))
}
