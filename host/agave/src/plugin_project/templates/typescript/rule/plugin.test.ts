import assert from "node:assert/strict";
import test from "node:test";

import { lifecycle, rule } from "./plugin.ts";

const stream = { camera: "gate", width: 1280, height: 720, classes: ["person"], zones: [] };
const person = {
  id: 0,
  class: 0,
  confidence: 0.9,
  bbox: { left: 0.4, top: 0.4, width: 0.2, height: 0.2 },
  track: null,
  zones: 0,
};

function phases(second: number, people: number) {
  const detections = Array.from({ length: people }, (_, id) => ({ ...person, id }));
  const alerts = rule.evaluate([{ frame: second, at: second * 1e9, detections }]);
  lifecycle.restore(lifecycle.save()); // as after a restart
  return alerts.map((alert) => alert.phase);
}

test("an incident begins and ends", () => {
  lifecycle.configure('{"class": "person"}', stream);
  assert.deepEqual(phases(0, 1), []);
  assert.deepEqual(phases(2, 1), ["begin"]);
  assert.deepEqual(phases(3, 1), []);
  assert.deepEqual(phases(4, 0), ["end"]);
});

test("a class that the model does not have is refused", () => {
  assert.throws(() => lifecycle.configure('{"class": "cat"}', stream), /cat/);
});
