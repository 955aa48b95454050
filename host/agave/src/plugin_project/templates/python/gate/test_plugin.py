import sys
import unittest

sys.path.insert(0, "build/bindings")  # `agave plugin build` writes them

import plugin
from agave.imports.types import Alert, Bbox, Detection, Phase, Severity, StreamInfo

STREAM = StreamInfo(camera="gate", width=1280, height=720, classes=["person"], zones=[])


def alert(severity: Severity) -> Alert:
    middle = Bbox(left=0.4, top=0.4, width=0.2, height=0.2)
    seen = Detection(id=0, class_=0, confidence=0.9, bbox=middle, track=None, zones=0)
    return Alert(
        key="gate/1",
        kind="example",
        phase=Phase.BEGIN,
        severity=severity,
        at=0,
        frame=0,
        class_="person",
        zone=None,
        detection=seen,
        count=1,
        attributes=[],
    )


class TestGate(unittest.TestCase):
    def test_what_is_not_severe_enough_stays_behind(self):
        plugin.Lifecycle().configure('{"at-least": "critical"}', STREAM)
        critical = alert(Severity.CRITICAL)
        self.assertEqual(plugin.Gate().pass_([alert(Severity.WARNING), critical]), [critical])


if __name__ == "__main__":
    unittest.main()
