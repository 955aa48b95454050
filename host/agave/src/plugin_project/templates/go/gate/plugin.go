// Package plugin: lets only alerts of some severity through.
package plugin

import (
	_ "embed"
	"encoding/json"
	"errors"
	"slices"

	"agave/lifecycle"
	"agave/types"
)

//go:embed config.schema.json
var configSchema string

func Describe() lifecycle.Description {
	return lifecycle.Description{
		Name:         "{{name}}",
		Version:      "0.1.0",
		Summary:      "Lets only alerts of some severity through",
		ConfigSchema: configSchema,
		StateVersion: 1,
	}
}

type settings struct {
	AtLeast string `json:"at-least"`
}

// In the order of the contract.
var severities = []string{"info", "warning", "critical"}

var atLeast = types.Severity_Warning

// Configure: Agave has checked the text against the schema.
func Configure(text string, stream types.StreamInfo) error {
	given := settings{AtLeast: "warning"}
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return err
	}
	severity := slices.Index(severities, given.AtLeast)
	if severity < 0 {
		return errors.New("`at-least` is none of info, warning and critical")
	}
	atLeast = types.Severity(severity)
	return nil
}

// Save: it remembers nothing from alert to alert.
func Save() lifecycle.Snapshot { return lifecycle.Snapshot{Version: 1} }

func Restore(lifecycle.Snapshot) error { return nil }

func Pass(alerts []types.Alert) ([]types.Alert, error) {
	kept := alerts[:0]
	for _, alert := range alerts {
		if alert.Severity >= atLeast {
			kept = append(kept, alert)
		}
	}
	return kept, nil
}

// Tick: nothing is held back, so nothing waits for its time.
func Tick(now types.Timestamp) ([]types.Alert, error) { return nil, nil }
