"""pyHik, which Home Assistant's Hikvision integration is built on, against a device.

Standard output: `type TYPE` for what it takes the device for, `channels LIST`, then for each change
that it announces `active SENSOR CHANNEL` or `inactive SENSOR CHANNEL`, with the target that it saw.
"""

import os
import sys

from pyhik.hikvision import HikCamera


def main() -> None:
    port = int(sys.argv[1])
    camera = HikCamera("http://127.0.0.1", port, "admin", os.environ["DEVICE_PASSWORD"])
    if camera.cam_id is None:
        sys.exit("it did not log in")
    say("type", camera.get_type)
    say("motion", camera.current_motion_detection_state)

    def changed(message: str) -> None:
        _, sensor, channel = message.rsplit(".", 2)
        state = camera.fetch_attributes(sensor, channel)
        say("active" if state[0] else "inactive", sensor, channel, state[4])

    for sensor, entries in camera.current_event_states.items():
        for entry in entries:
            camera.add_update_callback(changed, f"{camera.get_id}.{sensor}.{entry[1]}")
            say("watches", sensor, entry[1])
    say("snapshot", len(camera.get_snapshot(1) or b""))
    camera.start_stream()


def say(*words: object) -> None:
    print(*words, flush=True)


main()
