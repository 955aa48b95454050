package plugin

import (
	"slices"
	"testing"

	"agave/types"
)

func TestAnIncidentBeginsAndEnds(t *testing.T) {
	if err := Configure(`{"class": "person"}`, types.StreamInfo{Classes: []string{"person"}}); err != nil {
		t.Fatal(err)
	}
	phases := func(second uint64, people int) []types.Phase {
		frame := types.FrameDetections{At: second * 1e9, Detections: make([]types.Detection, people)}
		alerts, err := Evaluate([]types.FrameDetections{frame})
		if err != nil {
			t.Fatal(err)
		}
		// As after a restart.
		if err := Restore(Save()); err != nil {
			t.Fatal(err)
		}
		var phases []types.Phase
		for _, alert := range alerts {
			phases = append(phases, alert.Phase)
		}
		return phases
	}
	for _, step := range []struct {
		second uint64
		people int
		want   []types.Phase
	}{
		{0, 1, nil},
		{2, 1, []types.Phase{types.Phase_Begin}},
		{3, 1, nil},
		{4, 0, []types.Phase{types.Phase_End}},
	} {
		if got := phases(step.second, step.people); !slices.Equal(got, step.want) {
			t.Errorf("second %d: %v, not %v", step.second, got, step.want)
		}
	}
}
