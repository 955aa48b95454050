package export_gate

import (
	plugin "MODULE"
	"agave/types"
	"agave/wit"
)

func Pass(alerts []types.Alert) wit.Result[[]types.Alert, string] {
	return wit.Returned(plugin.Pass(alerts))
}

func Tick(now types.Timestamp) wit.Result[[]types.Alert, string] {
	return wit.Returned(plugin.Tick(now))
}
