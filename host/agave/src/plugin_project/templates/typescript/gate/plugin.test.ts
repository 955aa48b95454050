import assert from "node:assert/strict";
import test from "node:test";

import type { Alert, Severity } from "agave:plugin/types@0.1.0";

import { gate, lifecycle } from "./plugin.ts";

const stream = { camera: "gate", width: 1280, height: 720, classes: ["person"], zones: [] };

const alert = (severity: Severity): Alert => ({
  key: "gate/1",
  kind: "example",
  phase: "begin",
  severity,
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
});

test("what is not severe enough stays behind", () => {
  lifecycle.configure('{"at-least": "critical"}', stream);
  const passed = gate.pass([alert("warning"), alert("critical")]);
  assert.deepEqual(passed.map((one) => one.severity), ["critical"]);
});
