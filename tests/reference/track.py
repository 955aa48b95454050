#!/usr/bin/env python3
"""Writes what ByteTrack's own code makes of recorded detections: the yardstick for plugins/track.

Nothing of ByteTrack is here: its `yolox/tracker` is imported from where it was cloned.

    git clone https://github.com/ifzhang/ByteTrack
    pip install numpy scipy lap opencv-python torch cython && pip install cython_bbox

    record_detections yolox_nano.onnx CLIP > recording.jsonl   # see host/media/examples
    track.py --bytetrack ByteTrack recording.jsonl             # writes track/CLIP.jsonl
    track.py --bytetrack ByteTrack --made-up                   # writes the two below

The first line of a recording says what it is of; the others are its frames. A detection is
`[class, confidence, left, top, width, height]` in fractions of the frame, and in what is written
here the number of its track stands behind that, or null. `track/crowd.jsonl` is made up: many
things that cross, stop, hide and come back, so that every rule of the tracker is needed.
`track/motion.json` is what the Kalman filter says of one thing, frame by frame.
"""

import argparse
import importlib.metadata
import json
import pathlib
import random
import sys
import types

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
# The defaults of the published `tools/demo_track.py`.
SETTINGS = {"track_thresh": 0.5, "match_thresh": 0.8, "track_buffer": 30, "mot20": False}
FRAME_RATE = 30
LOW = 0.1  # written into the published code


def import_bytetrack(folder):
    np.float = float  # the published code is older than numpy 1.24
    # `yolox/__init__.py` wants all of YOLOX; the tracker does not.
    package = types.ModuleType("yolox")
    package.__path__ = [str(folder / "yolox")]
    sys.modules["yolox"] = package
    from yolox.tracker import byte_tracker

    return byte_tracker


class Reference:
    """The published tracker, which also remembers which detection each track was found in."""

    def __init__(self, code, width, height):
        self.size = np.array([width, height, width, height], dtype=np.float64)
        self.tracker = code.BYTETracker(types.SimpleNamespace(**SETTINGS), FRAME_RATE)
        self.queue = []
        code.BaseTrack._count = 0
        if not hasattr(code.STrack, "detection"):
            self.watch(code.STrack)
        code.STrack.queue = self.queue

    @staticmethod
    def watch(strack):
        strack.detection = None
        initialise, update, re_activate = strack.__init__, strack.update, strack.re_activate

        def watched_init(self, tlwh, score):
            initialise(self, tlwh, score)
            self.detection = strack.queue.pop(0)

        def watched_update(self, new_track, frame_id):
            update(self, new_track, frame_id)
            self.detection = new_track.detection

        def watched_re_activate(self, new_track, frame_id, new_id=False):
            re_activate(self, new_track, frame_id, new_id)
            self.detection = new_track.detection

        strack.__init__ = watched_init
        strack.update = watched_update
        strack.re_activate = watched_re_activate

    def update(self, detections):
        # Single precision, as the plugin is given them; everything after that is in double.
        rows = np.array(detections, dtype=np.float32).reshape(-1, 6).astype(np.float64)
        scores, boxes = rows[:, 1], rows[:, 2:] * self.size
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        # The tracker makes its detections in this order.
        threshold = SETTINGS["track_thresh"]
        high = np.flatnonzero(scores > threshold)
        low = np.flatnonzero((scores > LOW) & (scores < threshold))
        self.queue[:] = [*high.tolist(), *low.tolist()]
        tracks = self.tracker.update(
            np.concatenate([corners, scores[:, None]], axis=1), (1, 1), (1, 1)
        )
        assert not self.queue
        found = {track.detection: track.track_id for track in tracks}
        assert len(found) == len(tracks)
        return [found.get(index) for index in range(len(detections))]


def crowd():
    """Frames of things that walk about, with all that makes tracking hard."""
    chance = random.Random(20)
    things = [
        {
            "place": [chance.random(), chance.random()],
            "speed": [chance.gauss(0, 0.006), chance.gauss(0, 0.004)],
            "size": [chance.uniform(0.02, 0.12), chance.uniform(0.05, 0.3)],
            "class": chance.randrange(3),
            "hidden": 0,
            "double": 0,
        }
        for _ in range(20)
    ]
    for _ in range(400):
        detections = []
        for thing in things:
            for axis in (0, 1):
                thing["place"][axis] += thing["speed"][axis]
                if not 0 < thing["place"][axis] < 1 or chance.random() < 0.005:
                    thing["speed"][axis] *= -1
            if thing["hidden"] > 0:
                thing["hidden"] -= 1
                continue
            if chance.random() < 0.02:
                thing["hidden"] = chance.choice([1, 2, 5, 20, 29, 30, 31, 32, 33, 50])
            # Two boxes for one thing, for some frames: one of the tracks has to go.
            if thing["double"] == 0 and chance.random() < 0.01:
                thing["double"] = chance.randrange(1, 12)
            thing["double"] = max(thing["double"] - 1, 0)
            for _ in range(2 if thing["double"] else 1):
                score = chance.choice([chance.uniform(0.05, 0.6), chance.uniform(0.5, 0.98)])
                size = [side * chance.uniform(0.95, 1.05) for side in thing["size"]]
                corner = [
                    middle - side / 2 + chance.gauss(0, 0.003)
                    for middle, side in zip(thing["place"], size)
                ]
                numbers = [round(number, 5) for number in corner + size]
                detections.append([thing["class"], round(score, 4), *numbers])
        detections.sort(key=lambda one: -one[1])
        yield detections if chance.random() < 0.98 else []


def motion(code):
    """The mean and the covariance of one thing, whose box is not measured in every frame."""
    chance = random.Random(4)
    kalman = code.STrack.shared_kalman
    measured = np.array([400.0, 300.0, 0.45, 120.0])
    mean, covariance = kalman.initiate(measured)
    steps = []
    for step in range(60):
        mean, covariance = kalman.multi_predict(mean[None], covariance[None])
        mean, covariance = mean[0], covariance[0]
        box = None
        if step % 7 < 5:
            measured += [
                chance.gauss(4, 2),
                chance.gauss(-2, 1),
                chance.gauss(0, 0.01),
                chance.gauss(0, 2),
            ]
            left_top = [measured[0] - measured[2] * measured[3] / 2, measured[1] - measured[3] / 2]
            box = [*left_top, measured[2] * measured[3], measured[3]]
            mean, covariance = kalman.update(mean, covariance, code.STrack.tlwh_to_xyah(box))
        block = [
            [covariance[i, i], covariance[i, i + 4], covariance[i + 4, i + 4]] for i in range(4)
        ]
        outside = covariance.copy()
        for i in range(4):
            outside[np.ix_([i, i + 4], [i, i + 4])] = 0
        assert not outside.any(), "the coordinates are not independent"
        steps.append({"box": box, "mean": mean.tolist(), "blocks": block})
    path = HERE / "track" / "motion.json"
    first = [400.0 - 0.45 * 120 / 2, 240.0, 0.45 * 120, 120.0]
    path.write_text(json.dumps({"first": first, "steps": steps}, indent=None) + "\n")


def recording(path):
    lines = path.read_text().splitlines()
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def write(code, name, header, frames):
    reference = Reference(code, header["width"], header["height"])
    header["tracker"] = {
        "name": "ByteTrack",
        "settings": {**SETTINGS, "frame_rate": FRAME_RATE},
        "versions": {
            package: importlib.metadata.version(package)
            for package in ("numpy", "scipy", "lap", "cython_bbox")
        },
    }
    compact = {"separators": (",", ":")}
    lines = [json.dumps(header, **compact)]
    seen, told = 0, set()
    for detections in frames:
        tracks = reference.update(detections)
        told.update(track for track in tracks if track)
        seen += len(detections)
        rows = [[*one[:6], track] for one, track in zip(detections, tracks)]
        lines.append(json.dumps(rows, **compact))
    path = HERE / "track" / f"{name}.jsonl"
    path.write_text("\n".join(lines) + "\n")
    print(f"{path}: {len(lines) - 1} frames, {seen} detections, {len(told)} identities")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bytetrack", type=pathlib.Path, required=True)
    parser.add_argument("--made-up", action="store_true")
    parser.add_argument("recordings", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    code = import_bytetrack(arguments.bytetrack)
    for path in arguments.recordings:
        header, frames = recording(path)
        write(code, pathlib.Path(header["clip"]).stem, header, frames)
    if arguments.made_up:
        size = {"width": 1920, "height": 1080}
        write(code, "crowd", {"clip": "crowd", "classes": ["a", "b", "c"], **size}, crowd())
        motion(code)


if __name__ == "__main__":
    main()
