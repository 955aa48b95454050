// Package plugin: lets only sure detections through.
package plugin

import (
	_ "embed"
	"encoding/json"

	"agave/lifecycle"
	"agave/types"
)

//go:embed config.schema.json
var configSchema string

func Describe() lifecycle.Description {
	return lifecycle.Description{
		Name:         "{{name}}",
		Version:      "0.1.0",
		Summary:      "Lets only sure detections through",
		ConfigSchema: configSchema,
		StateVersion: 1,
	}
}

type settings struct {
	Confidence float32 `json:"confidence"`
}

var config settings

// Configure: Agave has checked the text against the schema.
func Configure(text string, stream types.StreamInfo) error {
	given := settings{Confidence: 0.5}
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return err
	}
	config = given
	return nil
}

// Save: it remembers nothing from frame to frame.
func Save() lifecycle.Snapshot { return lifecycle.Snapshot{Version: 1} }

func Restore(lifecycle.Snapshot) error { return nil }

func Process(frames []types.FrameDetections) ([]types.FrameDetections, error) {
	for index := range frames {
		frames[index].Detections = sure(frames[index].Detections)
	}
	return frames, nil
}

func sure(detections []types.Detection) []types.Detection {
	kept := detections[:0]
	for _, detection := range detections {
		if detection.Confidence >= config.Confidence {
			kept = append(kept, detection)
		}
	}
	return kept
}
