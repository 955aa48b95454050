"""Lets only alerts of some severity through."""

import json

from agave import exports
from agave.exports.lifecycle import Description, Snapshot
from agave.imports.types import Alert, Severity, StreamInfo

CONFIG_SCHEMA = {
    "type": "object",
    "properties": {
        "at-least": {
            "description": "Alerts below it stay behind.",
            "enum": ["info", "warning", "critical"],
            "default": "warning",
        },
    },
    "additionalProperties": False,
}

at_least = Severity.WARNING


class Lifecycle(exports.Lifecycle):
    def describe(self) -> Description:
        return Description(
            name="{{name}}",
            version="0.1.0",
            summary="Lets only alerts of some severity through",
            config_schema=json.dumps(CONFIG_SCHEMA),
            state_version=1,
            reads_state=[],
        )

    def configure(self, config: str, stream: StreamInfo) -> None:
        # Agave has checked it against the schema.
        global at_least
        at_least = Severity[json.loads(config).get("at-least", "warning").upper()]

    def save(self) -> Snapshot:
        # It remembers nothing from alert to alert.
        return Snapshot(version=1, data=b"")

    def restore(self, snapshot: Snapshot) -> None:
        pass


class Gate(exports.Gate):
    def pass_(self, alerts: list[Alert]) -> list[Alert]:
        return [alert for alert in alerts if alert.severity.value >= at_least.value]

    def tick(self, now: int) -> list[Alert]:
        # Nothing is held back, so nothing waits for its time.
        return []
