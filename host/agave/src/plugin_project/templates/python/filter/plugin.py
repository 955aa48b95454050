"""Lets only sure detections through."""

import json

from agave import exports
from agave.exports.lifecycle import Description, Snapshot
from agave.imports.types import FrameDetections, StreamInfo

CONFIG_SCHEMA = {
    "type": "object",
    "properties": {
        "confidence": {
            "description": "Detections below it are dropped.",
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 0.5,
        },
    },
    "additionalProperties": False,
}

confidence = 0.5


class Lifecycle(exports.Lifecycle):
    def describe(self) -> Description:
        return Description(
            name="{{name}}",
            version="0.1.0",
            summary="Lets only sure detections through",
            config_schema=json.dumps(CONFIG_SCHEMA),
            state_version=1,
            reads_state=[],
        )

    def configure(self, config: str, stream: StreamInfo) -> None:
        # Agave has checked it against the schema.
        global confidence
        confidence = json.loads(config).get("confidence", 0.5)

    def save(self) -> Snapshot:
        # It remembers nothing from frame to frame.
        return Snapshot(version=1, data=b"")

    def restore(self, snapshot: Snapshot) -> None:
        pass


class Filter(exports.Filter):
    def process(self, frames: list[FrameDetections]) -> list[FrameDetections]:
        for frame in frames:
            frame.detections = [one for one in frame.detections if one.confidence >= confidence]
        return frames
