// Package plugin: raises an alert when a class has been in view for some seconds.
package plugin

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"agave/lifecycle"
	"agave/types"
)

//go:embed config.schema.json
var configSchema string

func Describe() lifecycle.Description {
	return lifecycle.Description{
		Name:         "{{name}}",
		Version:      "0.1.0",
		Summary:      "Raises an alert when a class has been in view for some seconds",
		ConfigSchema: configSchema,
		StateVersion: 1,
	}
}

type settings struct {
	Class   string  `json:"class"`
	Seconds float64 `json:"seconds"`
}

// What has to survive a restart.
type memory struct {
	// When the class came into view.
	Since *uint64
	// Whether its incident has been announced.
	Begun bool
	// Where it was seen last.
	Last types.Detection
}

var (
	config settings
	camera string
	class  uint16
	state  memory
)

// Configure: Agave has checked the text against the schema.
func Configure(text string, stream types.StreamInfo) error {
	given := settings{Seconds: 2}
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return err
	}
	index := slices.Index(stream.Classes, given.Class)
	if index < 0 {
		return fmt.Errorf("there is no class '%s'; there are: %s", given.Class, strings.Join(stream.Classes, ", "))
	}
	config, camera, class = given, stream.Camera, uint16(index)
	return nil
}

func Save() lifecycle.Snapshot {
	// A struct of numbers can always be written.
	data, _ := json.Marshal(state)
	return lifecycle.Snapshot{Version: 1, Data: data}
}

func Restore(snapshot lifecycle.Snapshot) error {
	var restored memory
	if err := json.Unmarshal(snapshot.Data, &restored); err != nil {
		return err
	}
	state = restored
	return nil
}

func Evaluate(frames []types.FrameDetections) ([]types.Alert, error) {
	var alerts []types.Alert
	for _, frame := range frames {
		alerts = append(alerts, lookAt(frame)...)
	}
	return alerts, nil
}

func lookAt(frame types.FrameDetections) []types.Alert {
	seen := slices.IndexFunc(frame.Detections, func(one types.Detection) bool { return one.Class == class })
	if seen < 0 {
		var ended []types.Alert
		if state.Begun {
			ended = append(ended, alert(types.Phase_End, frame))
		}
		state = memory{}
		return ended
	}
	state.Last = frame.Detections[seen]
	if state.Since == nil {
		state.Since = &frame.At
	}
	if state.Begun || float64(frame.At-*state.Since) < config.Seconds*1e9 {
		return nil
	}
	state.Begun = true
	return []types.Alert{alert(types.Phase_Begin, frame)}
}

func alert(phase types.Phase, frame types.FrameDetections) types.Alert {
	return types.Alert{
		Key:       fmt.Sprintf("%s/%s/%d", camera, config.Class, *state.Since),
		Kind:      "{{name}}",
		Phase:     phase,
		Severity:  types.Severity_Warning,
		At:        frame.At,
		Frame:     frame.Frame,
		Class:     config.Class,
		Detection: state.Last,
		Count:     1,
	}
}
