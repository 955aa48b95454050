package export_filter

import (
	plugin "MODULE"
	"agave/types"
	"agave/wit"
)

func Process(frames []types.FrameDetections) wit.Result[[]types.FrameDetections, string] {
	return wit.Returned(plugin.Process(frames))
}
