// Package plugin: posts each alert as JSON to a web address.
package plugin

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"agave/adapter"
	"agave/http"
	"agave/lifecycle"
	"agave/types"
	"agave/wit"
)

//go:embed config.schema.json
var configSchema string

func Describe() lifecycle.Description {
	return lifecycle.Description{
		Name:         "{{name}}",
		Version:      "0.1.0",
		Summary:      "Posts each alert as JSON to a web address",
		ConfigSchema: configSchema,
		StateVersion: 1,
	}
}

type settings struct {
	Url string `json:"url"`
}

var config settings

// Configure: Agave has checked the text against the schema.
func Configure(text string, stream types.StreamInfo) error {
	var given settings
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return err
	}
	if !strings.HasPrefix(given.Url, "http://") && !strings.HasPrefix(given.Url, "https://") {
		return errors.New("`url` has to begin with http:// or https://")
	}
	config = given
	return nil
}

// Save: it remembers nothing from alert to alert.
func Save() lifecycle.Snapshot { return lifecycle.Snapshot{Version: 1} }

func Restore(lifecycle.Snapshot) error { return nil }

func Deliver(deliveries []adapter.Delivery) []adapter.Outcome {
	outcomes := make([]adapter.Outcome, len(deliveries))
	for index, delivery := range deliveries {
		outcomes[index] = post(delivery)
	}
	return outcomes
}

// In the order of the contract.
var (
	phases     = []string{"begin", "update", "end"}
	severities = []string{"info", "warning", "critical"}
)

func bodyOf(delivery adapter.Delivery) []byte {
	alert := delivery.Alert
	body := map[string]any{
		"camera_id":  delivery.Camera,
		"key":        alert.Key,
		"kind":       alert.Kind,
		"phase":      phases[alert.Phase],
		"severity":   severities[alert.Severity],
		"class":      alert.Class,
		"confidence": alert.Detection.Confidence,
		"zone":       nil,
		"media_time": float64(delivery.MediaTime) / 1e9,
	}
	if alert.Zone.IsSome() {
		body["zone"] = alert.Zone.Some()
	}
	// Texts and numbers can always be written.
	text, _ := json.Marshal(body)
	return text
}

func post(delivery adapter.Delivery) adapter.Outcome {
	answer := http.Send(http.Request{
		Method: http.Method_Post,
		Url:    config.Url,
		Headers: []wit.Tuple2[string, string]{
			{F0: "content-type", F1: "application/json"},
			{F0: "idempotency-key", F1: delivery.IdempotencyKey},
		},
		Body:      bodyOf(delivery),
		TimeoutMs: 10_000,
	}, http.MakeAuthenticationNone())
	if answer.IsErr() {
		return failed(answer.Err())
	}
	return answered(answer.Ok().Status)
}

func retry() adapter.Outcome { return adapter.MakeOutcomeRetry(wit.None[uint32]()) }

func answered(status uint16) adapter.Outcome {
	switch {
	case status >= 200 && status < 300:
		return adapter.MakeOutcomeDelivered()
	case status == 429 || status >= 500:
		return retry()
	default:
		return adapter.MakeOutcomeRejected(fmt.Sprintf("the receiver answered %d", status))
	}
}

func failed(problem http.Error) adapter.Outcome {
	switch problem.Tag() {
	case http.Error_NotAllowed:
		return adapter.MakeOutcomeRejected(problem.NotAllowed())
	case http.Error_TooLarge:
		return adapter.MakeOutcomeRejected("the answer is too large")
	default:
		return retry()
	}
}
