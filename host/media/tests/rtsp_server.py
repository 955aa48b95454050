#!/usr/bin/python3
"""A private RTSP camera for the tests: GStreamer's server, which nobody here wrote.

It prints `ready PORT` when it listens, then a line for what its clients do: `play AGENT`,
`teardown`, `closed`. It ends when its standard input does, so that it never outlives a test.
"""

import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

PIPELINES = {
    "h264": "filesrc location={clip} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96",
    # Every hundredth packet or so does not arrive.
    "lossy": "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=20/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=20"
    " ! rtph264pay pt=96 mtu=600 ! identity name=pay0 drop-probability=0.02",
    "h265": "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=20/1"
    " ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=20"
    " ! h265parse config-interval=-1 ! rtph265pay name=pay0 pt=96",
    "jpeg": "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=20/1"
    " ! jpegenc ! rtpjpegpay name=pay0 pt=26",
}


def say(text):
    print(text, flush=True)


def authentication(method, user, password):
    methods = {"digest": GstRtsp.RTSPAuthMethod.DIGEST, "basic": GstRtsp.RTSPAuthMethod.BASIC}
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(methods[method])
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if method == "digest":
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    return auth


def watch(server, client):
    def on_play(client, context):
        _, agent = context.request.get_header(GstRtsp.RTSPHeaderField.USER_AGENT, 0)
        say(f"play {agent}")

    client.connect("play-request", on_play)
    client.connect("teardown-request", lambda client, context: say("teardown"))
    client.connect("closed", lambda client: say("closed"))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--codec", choices=PIPELINES, default="h264")
    arguments.add_argument("--clip")
    arguments.add_argument("--port", default="0")
    arguments.add_argument("--method", choices=["digest", "basic"], default="digest")
    arguments.add_argument("--login", help="user:password; without it everybody may look")
    options = arguments.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( " + PIPELINES[options.codec].format(clip=options.clip) + " )")
    if options.login:
        server.set_auth(authentication(options.method, *options.login.split(":", 1)))
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_role("viewer")
        for permission in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role("viewer", permission, True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/stream", factory)
    server.connect("client-connected", watch)
    if not server.attach(None):
        sys.exit(f"cannot listen on port {options.port}")

    loop = GLib.MainLoop()

    def until_the_end_of_input():
        sys.stdin.read()
        GLib.idle_add(loop.quit)

    threading.Thread(target=until_the_end_of_input, daemon=True).start()
    say(f"ready {server.get_bound_port()}")
    loop.run()


main()
