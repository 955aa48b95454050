"""Posts each alert as JSON to a web address."""

import json

from agave import exports
from agave.exports.adapter import (
    Delivery,
    Outcome,
    Outcome_Delivered,
    Outcome_Rejected,
    Outcome_Retry,
)
from agave.exports.lifecycle import Description, Snapshot
from agave.imports import http
from agave.imports.types import StreamInfo
from componentize_py_types import Err

CONFIG_SCHEMA = {
    "type": "object",
    "properties": {
        "url": {
            "description": "Where to post. The node's `allow.http` has to grant its origin.",
            "type": "string",
        },
    },
    "required": ["url"],
    "additionalProperties": False,
}

url = ""


class Lifecycle(exports.Lifecycle):
    def describe(self) -> Description:
        return Description(
            name="{{name}}",
            version="0.1.0",
            summary="Posts each alert as JSON to a web address",
            config_schema=json.dumps(CONFIG_SCHEMA),
            state_version=1,
            reads_state=[],
        )

    def configure(self, config: str, stream: StreamInfo) -> None:
        # Agave has checked it against the schema.
        global url
        url = json.loads(config)["url"]
        if not url.startswith(("http://", "https://")):
            raise Err(f"`url` is '{url}'; it begins with http:// or https://")

    def save(self) -> Snapshot:
        # It remembers nothing from alert to alert.
        return Snapshot(version=1, data=b"")

    def restore(self, snapshot: Snapshot) -> None:
        pass


class Adapter(exports.Adapter):
    def deliver(self, deliveries: list[Delivery]) -> list[Outcome]:
        return [post(delivery) for delivery in deliveries]


def post(delivery: Delivery) -> Outcome:
    alert = delivery.alert
    body = {
        "camera_id": delivery.camera,
        "key": alert.key,
        "kind": alert.kind,
        "phase": alert.phase.name.lower(),
        "severity": alert.severity.name.lower(),
        "class": alert.class_,
        "confidence": round(alert.detection.confidence, 4),
        "zone": alert.zone,
        "media_time": delivery.media_time / 1e9,
    }
    request = http.Request(
        method=http.Method.POST,
        url=url,
        headers=[
            ("content-type", "application/json"),
            ("idempotency-key", delivery.idempotency_key),
        ],
        body=json.dumps(body).encode(),
        timeout_ms=10_000,
    )
    try:
        response = http.send(request, http.Authentication_None_())
    except Err as error:
        match error.value:
            case http.Error_NotAllowed(why):
                return Outcome_Rejected(why)
            case http.Error_TooLarge():
                return Outcome_Rejected("the answer is too large")
            case _:
                return Outcome_Retry(None)
    if 200 <= response.status < 300:
        return Outcome_Delivered()
    if response.status == 429 or response.status >= 500:
        return Outcome_Retry(None)
    return Outcome_Rejected(f"the receiver answered {response.status}")
