import assert from "node:assert/strict";
import test from "node:test";

import { filter, lifecycle } from "./plugin.js";

const stream = { camera: "gate", width: 1280, height: 720, classes: ["person"], zones: [] };
const middle = { left: 0.4, top: 0.4, width: 0.2, height: 0.2 };

const frame = (...confidences) => ({
  frame: 0,
  at: 0,
  detections: confidences.map((confidence, id) => ({
    id,
    class: 0,
    confidence,
    bbox: middle,
    track: null,
    zones: 0,
  })),
});

test("only sure detections go on", () => {
  lifecycle.configure('{"confidence": 0.6}', stream);
  const [passed] = filter.process([frame(0.9, 0.4)]);
  assert.deepEqual(passed.detections.map((one) => one.id), [0]);
});
