import sys
import unittest

sys.path.insert(0, "build/bindings")  # `agave plugin build` writes them

import plugin
from agave.imports.types import Bbox, Detection, FrameDetections, Phase, StreamInfo

STREAM = StreamInfo(camera="gate", width=1280, height=720, classes=["person"], zones=[])


def frame(second: int, people: int) -> FrameDetections:
    middle = Bbox(left=0.4, top=0.4, width=0.2, height=0.2)
    detections = [
        Detection(id=id, class_=0, confidence=0.9, bbox=middle, track=None, zones=0)
        for id in range(people)
    ]
    return FrameDetections(frame=second, at=second * 1_000_000_000, detections=detections)


class TestRule(unittest.TestCase):
    def test_an_incident_begins_and_ends(self):
        lifecycle, rule = plugin.Lifecycle(), plugin.Rule()
        lifecycle.configure('{"class": "person"}', STREAM)

        def phases(second, people):
            alerts = rule.evaluate([frame(second, people)])
            lifecycle.restore(lifecycle.save())  # as after a restart
            return [alert.phase for alert in alerts]

        self.assertEqual(phases(0, 1), [])
        self.assertEqual(phases(2, 1), [Phase.BEGIN])
        self.assertEqual(phases(3, 1), [])
        self.assertEqual(phases(4, 0), [Phase.END])


if __name__ == "__main__":
    unittest.main()
