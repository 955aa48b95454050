"""Checks discovery messages with Home Assistant's own code.

Standard input: one JSON object, payloads by topic. Ends with 1 and says what is wrong where Home
Assistant would not take a message as it is meant: a topic that it does not read, a payload that
its schema refuses, or a key that it does not know and would leave out in silence.
"""

import importlib
import json
import sys

from homeassistant.components.mqtt.discovery import TOPIC_MATCHER

PREFIX = "homeassistant/"


def problem(topic: str, payload: dict) -> str | None:
    match = TOPIC_MATCHER.match(topic.removeprefix(PREFIX))
    if not match:
        return "the topic is none of discovery"
    component = match.group("component")
    module = importlib.import_module(f"homeassistant.components.mqtt.{component}")
    try:
        taken = module.DISCOVERY_SCHEMA(payload)
    except Exception as error:  # noqa: BLE001: whatever it says is the answer
        return str(error)
    ignored = sorted(set(payload) - {str(key) for key in taken})
    return f"unknown keys {ignored}" if ignored else None


if __name__ == "__main__":
    messages = json.load(sys.stdin)
    ids = [payload["unique_id"] for payload in messages.values()]
    problems = [f"{topic}: {why}" for topic, payload in messages.items() if (why := problem(topic, payload))]
    if len(set(ids)) != len(ids):
        problems.append("two entities have one unique_id")
    print("\n".join(problems) or f"{len(messages)} messages are as Home Assistant wants them")
    sys.exit(bool(problems))
