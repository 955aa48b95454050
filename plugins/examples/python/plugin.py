"""Lets a class through once it has been seen in several frames in a row."""

import json

from agave import exports
from agave.exports.lifecycle import Description, Snapshot
from agave.imports import log
from agave.imports.types import FrameDetections, StreamInfo
from componentize_py_types import Err

CONFIG_SCHEMA = {
    "type": "object",
    "properties": {
        "confidence": {
            "description": "How sure the model has to be of a detection for it to count.",
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 0.5,
        },
        "frames": {
            "description": "In how many frames in a row a class has to be seen.",
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 3,
        },
    },
    "additionalProperties": False,
}

least_confidence = 0.5
least_frames = 3
classes: list[str] = []
# Each class that was in the last frame, and in how many frames in a row up to it.
seen: dict[int, int] = {}


class Lifecycle(exports.Lifecycle):
    def describe(self) -> Description:
        return Description(
            name="steady",
            version="0.1.0",
            summary="Lets a class through once it has been seen in several frames in a row",
            config_schema=json.dumps(CONFIG_SCHEMA),
            state_version=1,
            reads_state=[],
        )

    def configure(self, config: str, stream: StreamInfo) -> None:
        global least_confidence, least_frames, classes
        given = parsed(config)
        if not isinstance(given, dict):
            raise Err("the configuration has to be a JSON object")
        confidence, frames = given.get("confidence", 0.5), given.get("frames", 3)
        if not 0 <= confidence <= 1:
            raise Err("`confidence` has to be from 0 to 1")
        if not is_count(frames):
            raise Err("`frames` has to be a whole number from 1 to 100")
        least_confidence, least_frames, classes = confidence, frames, stream.classes

    def save(self) -> Snapshot:
        pairs = [[id, min(count, least_frames)] for id, count in sorted(seen.items())]
        data = json.dumps({"seen": pairs}, separators=(",", ":"))
        return Snapshot(version=1, data=data.encode())

    def restore(self, snapshot: Snapshot) -> None:
        global seen
        if snapshot.version != 1:
            raise Err("only state of version 1 is known")
        match parsed(snapshot.data.decode(errors="replace")):
            case {"seen": list(pairs)} if are_pairs(pairs):
                seen = dict(pairs)
            case _:
                raise Err("the state is not what this plugin saves")


class Filter(exports.Filter):
    def process(self, frames: list[FrameDetections]) -> list[FrameDetections]:
        for frame in frames:
            sure = [one for one in frame.detections if one.confidence >= least_confidence]
            count({one.class_ for one in sure})
            frame.detections = [one for one in sure if seen[one.class_] >= least_frames]
        return frames


def count(present: set[int]) -> None:
    global seen
    before = seen
    seen = {id: min(before.get(id, 0) + 1, least_frames) for id in sorted(present)}
    for id, frames in seen.items():
        if frames == least_frames > before.get(id, 0):
            log.write(log.Level.INFO, f"{classes[id]} is steady")


def are_pairs(pairs: list) -> bool:
    """Whether they are classes, which rise, with a count for each."""
    last = -1
    for pair in pairs:
        match pair:
            case [int(id), frames] if last < id < len(classes) and is_count(frames):
                last = id
            case _:
                return False
    return True


def is_count(value: object) -> bool:
    return type(value) is int and 1 <= value <= 100


def parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Err(f"this is not JSON: {error}") from error
