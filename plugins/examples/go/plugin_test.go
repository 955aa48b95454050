package steady

import (
	"testing"

	"agave/lifecycle"
	"agave/types"
)

// A plugin with the given configuration, as a new instance is.
func start(t *testing.T, config string) {
	t.Helper()
	tracks = nil
	stream := types.StreamInfo{Classes: []string{"worker", "object"}}
	if err := Configure(config, stream); err != nil {
		t.Fatal(err)
	}
}

func frame(confidences ...float32) []types.FrameDetections {
	detections := []types.Detection{}
	for id, confidence := range confidences {
		detections = append(detections, types.Detection{Id: uint32(id), Class: 1, Confidence: confidence})
	}
	return []types.FrameDetections{{Detections: detections}}
}

func passed(t *testing.T, frames []types.FrameDetections) int {
	t.Helper()
	answer, err := Process(frames)
	if err != nil {
		t.Fatal(err)
	}
	return len(answer[0].Detections)
}

func TestAClassPassesInItsThirdFrameInARow(t *testing.T) {
	start(t, `{}`)
	for number, want := range []int{0, 0, 1, 1} {
		if got := passed(t, frame(0.9, 0.4)); got != want {
			t.Errorf("frame %d: %d passed, not %d", number, got, want)
		}
	}
	if got := passed(t, frame()); got != 0 {
		t.Errorf("%d passed of an empty frame", got)
	}
	if got := passed(t, frame(0.9)); got != 0 {
		t.Errorf("%d passed right after a frame without it", got)
	}
}

func TestWhatIsSavedIsRestored(t *testing.T) {
	start(t, `{"frames":2}`)
	passed(t, frame(0.9))
	saved := Save()
	if got := string(saved.Data); got != `{"seen":[[1,1]]}` {
		t.Errorf("saved %s", got)
	}
	start(t, `{"frames":2}`)
	if err := Restore(saved); err != nil {
		t.Fatal(err)
	}
	if got := passed(t, frame(0.9)); got != 1 {
		t.Errorf("%d passed", got)
	}
}

func TestGarbageIsRefused(t *testing.T) {
	start(t, `{}`)
	for _, garbage := range []string{``, `{}`, `{"seen":[[9,1]]}`, `{"seen":[[0,0]]}`, `{"seen":[]} x`} {
		if err := Restore(lifecycle.Snapshot{Version: 1, Data: []byte(garbage)}); err == nil {
			t.Errorf("%q was restored", garbage)
		}
	}
	for _, garbage := range []string{`{`, `{"frames":0}`, `{"frames":1.5}`, `{"confidence":2}`, `{"x":1}`} {
		if err := Configure(garbage, types.StreamInfo{}); err == nil {
			t.Errorf("%q was accepted", garbage)
		}
	}
}
