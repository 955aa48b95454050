"""hikvisionapi against a device: the one that waits, or with `async` the one that does not.

Standard output: `device NAME`, then for each event but heartbeats `active TYPE CHANNEL` or
`inactive TYPE CHANNEL`.
"""

import asyncio
import os
import sys

from hikvisionapi import AsyncClient, Client

LOGIN = ("admin", os.environ["DEVICE_PASSWORD"])


def say(event: dict) -> None:
    alert = event["EventNotificationAlert"]
    if alert["eventType"] != "videoloss":
        print(alert["eventState"], alert["eventType"], alert["channelID"], flush=True)


def waits(host: str) -> None:
    client = Client(host, *LOGIN, timeout=30)
    device = client.System.deviceInfo(method="get")
    print("device", device["DeviceInfo"]["deviceName"], flush=True)
    while True:
        # It gives one event and hangs up.
        for event in client.Event.notification.alertStream(method="get", type="stream"):
            say(event)


async def does_not_wait(host: str) -> None:
    client = AsyncClient(host, *LOGIN)
    device = await client.System.deviceInfo(method="get")
    print("device", device["DeviceInfo"]["deviceName"], flush=True)
    stream = client.Event.notification.alertStream(method="get", type="stream", timeout=30)
    async for event in stream:
        say(event)


host = f"http://127.0.0.1:{sys.argv[1]}"
if sys.argv[2:] == ["async"]:
    asyncio.run(does_not_wait(host))
else:
    waits(host)
