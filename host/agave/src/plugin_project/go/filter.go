package export_filter

import (
	"agave/types"
	"agave/wit"
	plugin "MODULE"
)

func Process(frames []types.FrameDetections) wit.Result[[]types.FrameDetections, string] {
	return wit.Returned(plugin.Process(frames))
}
