import assert from "node:assert/strict";
import test from "node:test";

// The build puts this in the place of the host.
import { answerHttp } from "agave:testing";
import type { Delivery } from "agave:plugin/adapter@0.1.0";

import { adapter } from "./plugin.ts";

const delivery: Delivery = {
  idempotencyKey: "one",
  camera: "gate",
  attempt: 1,
  mediaTime: 0,
  alert: {
    key: "gate/1",
    kind: "example",
    phase: "begin",
    severity: "warning",
    at: 0,
    frame: 0,
    class: "person",
    zone: null,
    detection: {
      id: 0,
      class: 0,
      confidence: 0.9,
      bbox: { left: 0.4, top: 0.4, width: 0.2, height: 0.2 },
      track: null,
      zones: 0,
    },
    count: 1,
    attributes: [],
  },
};

test("a busy receiver gets it later", () => {
  const outcomes = { 204: "delivered", 503: "retry", 404: "rejected" };
  for (const [status, outcome] of Object.entries(outcomes)) {
    answerHttp(() => ({ status: Number(status), headers: [], body: new Uint8Array() }));
    const [came] = adapter.deliver([delivery]);
    assert.equal(came.tag, outcome);
  }
});
