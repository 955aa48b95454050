package plugin

import (
	"testing"

	"agave/types"
)

func TestOnlySureDetectionsGoOn(t *testing.T) {
	if err := Configure(`{"confidence": 0.6}`, types.StreamInfo{}); err != nil {
		t.Fatal(err)
	}
	given := []types.Detection{{Id: 1, Confidence: 0.9}, {Id: 2, Confidence: 0.4}}
	passed, err := Process([]types.FrameDetections{{Detections: given}})
	if err != nil {
		t.Fatal(err)
	}
	if got := passed[0].Detections; len(got) != 1 || got[0].Id != 1 {
		t.Errorf("%v went on", got)
	}
}
