import assert from "node:assert/strict";
import test from "node:test";

// The build puts this in the place of the host.
import { logged } from "agave:testing";

import { filter, lifecycle } from "./plugin.js";

const stream = { camera: "gate", width: 1280, height: 720, classes: ["worker", "object"], zones: [] };
const bbox = { left: 0.4, top: 0.4, width: 0.2, height: 0.2 };

function passed(...seen) {
  const detections = seen.map(([id, confidence]) => ({
    id,
    class: id,
    confidence,
    bbox,
    track: null,
    zones: 0,
  }));
  const [frame] = filter.process([{ frame: 0, at: 0, detections }]);
  lifecycle.restore(lifecycle.save()); // as after a restart
  return frame.detections.map((one) => one.id);
}

test("a class passes in its third frame, also after a restart", () => {
  lifecycle.configure("{}", stream);
  assert.deepEqual(passed([1, 0.9], [0, 0.9]), []);
  assert.deepEqual(passed([1, 0.9], [0, 0.4]), []);
  assert.deepEqual(passed([1, 0.9], [0, 0.9]), [1]);
  assert.deepEqual(logged, [["info", "object is steady"]]);
  const saved = new TextDecoder().decode(lifecycle.save().data);
  assert.equal(saved, '{"seen":[[0,1],[1,3]]}');
});

test("only what it could have saved is restored", () => {
  for (const wrong of ["", "{}", "[[1,2]]", '{"seen":[[1,0]]}', '{"seen":[[1,1],[0,1]]}']) {
    const data = new TextEncoder().encode(wrong);
    assert.throws(() => lifecycle.restore({ version: 1, data }), undefined, wrong);
  }
});
