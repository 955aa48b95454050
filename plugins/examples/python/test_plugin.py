import sys
import unittest
from unittest.mock import patch

sys.path.insert(0, "build/bindings")  # `agave plugin build` writes them

import plugin
from agave.exports.lifecycle import Snapshot
from agave.imports.types import Bbox, Detection, FrameDetections, StreamInfo
from componentize_py_types import Err

STREAM = StreamInfo(camera="gate", width=1280, height=720, classes=["worker", "object"], zones=[])
MIDDLE = Bbox(left=0.4, top=0.4, width=0.2, height=0.2)

lifecycle = plugin.Lifecycle()


def passed(*seen: tuple[int, float]) -> list[int]:
    detections = [
        Detection(id=id, class_=id, confidence=confidence, bbox=MIDDLE, track=None, zones=0)
        for id, confidence in seen
    ]
    [frame] = plugin.Filter().process([FrameDetections(frame=0, at=0, detections=detections)])
    lifecycle.restore(lifecycle.save())  # as after a restart
    return [one.id for one in frame.detections]


class TestSteady(unittest.TestCase):
    def test_a_class_passes_in_its_third_frame_also_after_a_restart(self):
        lifecycle.configure("{}", STREAM)
        with patch("plugin.log.write") as write:
            self.assertEqual(passed((1, 0.9), (0, 0.9)), [])
            self.assertEqual(passed((1, 0.9), (0, 0.4)), [])
            self.assertEqual(passed((1, 0.9), (0, 0.9)), [1])
        write.assert_called_once_with(plugin.log.Level.INFO, "object is steady")
        self.assertEqual(lifecycle.save().data, b'{"seen":[[0,1],[1,3]]}')

    def test_only_what_it_could_have_saved_is_restored(self):
        lifecycle.configure("{}", STREAM)
        for wrong in [b"", b"{}", b"[[1,2]]", b'{"seen":[[1,0]]}', b'{"seen":[[1,1],[0,1]]}']:
            with self.assertRaises(Err):
                lifecycle.restore(Snapshot(version=1, data=wrong))


if __name__ == "__main__":
    unittest.main()
