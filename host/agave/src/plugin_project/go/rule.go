package export_rule

import (
	plugin "MODULE"
	"agave/types"
	"agave/wit"
)

func Evaluate(frames []types.FrameDetections) wit.Result[[]types.Alert, string] {
	return wit.Returned(plugin.Evaluate(frames))
}
