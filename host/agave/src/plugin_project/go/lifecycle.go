package export_lifecycle

import (
	plugin "MODULE"
	"agave/lifecycle"
	"agave/types"
	"agave/wit"
)

func Describe() lifecycle.Description { return plugin.Describe() }

func Configure(config string, stream types.StreamInfo) wit.Result[wit.Unit, string] {
	return wit.Returned(wit.Unit{}, plugin.Configure(config, stream))
}

func Save() lifecycle.Snapshot { return plugin.Save() }

func Restore(snapshot lifecycle.Snapshot) wit.Result[wit.Unit, string] {
	return wit.Returned(wit.Unit{}, plugin.Restore(snapshot))
}
