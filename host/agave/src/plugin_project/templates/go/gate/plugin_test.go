package plugin

import (
	"testing"

	"agave/types"
)

func TestWhatIsNotSevereEnoughStaysBehind(t *testing.T) {
	if err := Configure(`{"at-least": "critical"}`, types.StreamInfo{}); err != nil {
		t.Fatal(err)
	}
	passed, err := Pass([]types.Alert{
		{Key: "1", Severity: types.Severity_Warning},
		{Key: "2", Severity: types.Severity_Critical},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(passed) != 1 || passed[0].Key != "2" {
		t.Errorf("%v went on", passed)
	}
}
