package export_rule

import (
	"agave/types"
	"agave/wit"
	plugin "MODULE"
)

func Evaluate(frames []types.FrameDetections) wit.Result[[]types.Alert, string] {
	return wit.Returned(plugin.Evaluate(frames))
}
