import sys
import unittest
from unittest.mock import patch

sys.path.insert(0, "build/bindings")  # `agave plugin build` writes them

import plugin
from agave.exports.adapter import Delivery, Outcome_Delivered, Outcome_Rejected, Outcome_Retry
from agave.imports import http
from agave.imports.types import Alert, Bbox, Detection, Phase, Severity

MIDDLE = Bbox(left=0.4, top=0.4, width=0.2, height=0.2)
ALERT = Alert(
    key="gate/1",
    kind="example",
    phase=Phase.BEGIN,
    severity=Severity.WARNING,
    at=0,
    frame=0,
    class_="person",
    zone=None,
    detection=Detection(id=0, class_=0, confidence=0.9, bbox=MIDDLE, track=None, zones=0),
    count=1,
    attributes=[],
)


class TestAdapter(unittest.TestCase):
    def test_a_busy_receiver_gets_it_later(self):
        delivery = Delivery(
            idempotency_key="one", camera="gate", attempt=1, media_time=0, alert=ALERT
        )
        outcomes = {204: Outcome_Delivered, 503: Outcome_Retry, 404: Outcome_Rejected}
        for status, outcome in outcomes.items():
            answer = http.Response(status=status, headers=[], body=b"")
            with patch("plugin.http.send", return_value=answer):
                [came] = plugin.Adapter().deliver([delivery])
            self.assertIsInstance(came, outcome)


if __name__ == "__main__":
    unittest.main()
