import sys
import unittest

sys.path.insert(0, "build/bindings")  # `agave plugin build` writes them

import plugin
from agave.imports.types import Bbox, Detection, FrameDetections, StreamInfo

STREAM = StreamInfo(camera="gate", width=1280, height=720, classes=["person"], zones=[])


def frame(*confidences: float) -> FrameDetections:
    middle = Bbox(left=0.4, top=0.4, width=0.2, height=0.2)
    detections = [
        Detection(id=id, class_=0, confidence=confidence, bbox=middle, track=None, zones=0)
        for id, confidence in enumerate(confidences)
    ]
    return FrameDetections(frame=0, at=0, detections=detections)


class TestFilter(unittest.TestCase):
    def test_only_sure_detections_go_on(self):
        plugin.Lifecycle().configure('{"confidence": 0.6}', STREAM)
        [passed] = plugin.Filter().process([frame(0.9, 0.4)])
        self.assertEqual([one.id for one in passed.detections], [0])


if __name__ == "__main__":
    unittest.main()
