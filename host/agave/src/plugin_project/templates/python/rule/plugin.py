"""Raises an alert when a class has been in view for some seconds."""

import json
from dataclasses import asdict, dataclass

from agave import exports
from agave.exports.lifecycle import Description, Snapshot
from agave.imports.types import (
    Alert,
    Bbox,
    Detection,
    FrameDetections,
    Phase,
    Severity,
    StreamInfo,
)
from componentize_py_types import Err

CONFIG_SCHEMA = {
    "type": "object",
    "properties": {
        "class": {"description": "The class that is watched for.", "type": "string"},
        "seconds": {
            "description": "For how many seconds it must have been in view.",
            "type": "number",
            "minimum": 0,
            "default": 2,
        },
    },
    "required": ["class"],
    "additionalProperties": False,
}


@dataclass
class Settings:
    camera: str = ""
    name: str = ""
    class_: int = 0
    seconds: float = 2


@dataclass
class State:
    since: int | None = None  # when the class came into view
    last: Detection | None = None  # where it was seen last
    begun: bool = False  # whether its incident has been announced


settings = Settings()
state = State()


class Lifecycle(exports.Lifecycle):
    def describe(self) -> Description:
        return Description(
            name="{{name}}",
            version="0.1.0",
            summary="Raises an alert when a class has been in view for some seconds",
            config_schema=json.dumps(CONFIG_SCHEMA),
            state_version=1,
            reads_state=[],
        )

    def configure(self, config: str, stream: StreamInfo) -> None:
        # Agave has checked it against the schema.
        global settings
        given = json.loads(config)
        name = given["class"]
        if name not in stream.classes:
            raise Err(f"there is no class '{name}'; there are: {', '.join(stream.classes)}")
        seconds = given.get("seconds", 2)
        settings = Settings(stream.camera, name, stream.classes.index(name), seconds)

    def save(self) -> Snapshot:
        return Snapshot(version=1, data=json.dumps(asdict(state)).encode())

    def restore(self, snapshot: Snapshot) -> None:
        global state
        state = State(**json.loads(snapshot.data))
        if state.last:
            state.last = Detection(**state.last)
            state.last.bbox = Bbox(**state.last.bbox)


class Rule(exports.Rule):
    def evaluate(self, frames: list[FrameDetections]) -> list[Alert]:
        return [alert for frame in frames for alert in look_at(frame)]


def look_at(frame: FrameDetections) -> list[Alert]:
    global state
    seen = [one for one in frame.detections if one.class_ == settings.class_]
    if not seen:
        ended = [alert(Phase.END, frame)] if state.begun else []
        state = State()
        return ended
    state.last = seen[0]
    if state.since is None:
        state.since = frame.at
    if state.begun or frame.at - state.since < settings.seconds * 1e9:
        return []
    state.begun = True
    return [alert(Phase.BEGIN, frame)]


def alert(phase: Phase, frame: FrameDetections) -> Alert:
    return Alert(
        key=f"{settings.camera}/{settings.name}/{state.since}",
        kind="{{name}}",
        phase=phase,
        severity=Severity.WARNING,
        at=frame.at,
        frame=frame.frame,
        class_=settings.name,
        zone=None,
        detection=state.last,
        count=1,
        attributes=[],
    )
