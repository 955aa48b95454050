package plugin

import (
	"encoding/json"
	"testing"

	"agave/adapter"
	"agave/types"
)

func TestABusyReceiverGetsItLater(t *testing.T) {
	for status, want := range map[uint16]uint8{
		204: adapter.Outcome_Delivered,
		429: adapter.Outcome_Retry,
		503: adapter.Outcome_Retry,
		404: adapter.Outcome_Rejected,
	} {
		if got := answered(status).Tag(); got != want {
			t.Errorf("%d: %d, not %d", status, got, want)
		}
	}
}

func TestTheBodySaysWhatHappened(t *testing.T) {
	alert := types.Alert{Key: "gate/1", Class: "person", Phase: types.Phase_End}
	var body map[string]any
	if err := json.Unmarshal(bodyOf(adapter.Delivery{Camera: "gate", Alert: alert}), &body); err != nil {
		t.Fatal(err)
	}
	if body["camera_id"] != "gate" || body["key"] != "gate/1" || body["phase"] != "end" {
		t.Errorf("%v", body)
	}
}

func TestAnAddressBeginsAsOne(t *testing.T) {
	if Configure(`{"url": "somewhere"}`, types.StreamInfo{}) == nil {
		t.Error("it was accepted")
	}
}
