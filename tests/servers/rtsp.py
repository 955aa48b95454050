#!/usr/bin/python3
"""A camera that nobody here wrote: GStreamer's RTSP server plays a clip in real time.

Standard output tells a test what happens, one word a line: `ready PORT` once it listens, `play`,
`teardown` when a client says goodbye, `eos` when the clip is over, `closed` when a connection is.
"""

import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ROLE = "viewer"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", help="an MP4 file with H.264 in it")
    parser.add_argument("--port", default="0", help="0 takes a free one")
    parser.add_argument("--auth", choices=["none", "basic", "digest"], default="none")
    parser.add_argument("--user", default="viewer")
    parser.add_argument("--password", default="")
    parser.add_argument(
        "--once",
        action="store_true",
        help="after the clip has been played or its session has ended, refuse every new client",
    )
    parser.add_argument(
        "--times",
        type=int,
        default=1,
        help="play the clip so often in a row, as one stream",
    )
    parser.add_argument(
        "--shared",
        action="store_true",
        help="who comes later sees what the others see, as from a camera",
    )
    return parser.parse_args()


class Camera:
    """The server with one clip at /clip."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.over = False
        self.scene = None
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service(options.port)
        self.server.connect("client-connected", self.client_connected)
        factory = GstRtspServer.RTSPMediaFactory()
        # config-interval=-1: the parameter sets come with every key frame, as cameras do it.
        pay = "rtph264pay name=pay0 pt=96 config-interval=-1"
        if options.shared:
            factory.set_launch(f"( appsrc name=lens is-live=true format=time ! h264parse ! {pay} )")
            factory.set_shared(True)
        else:
            factory.set_launch(f"( {clips(options)} ! {pay} )")
        factory.connect("media-configure", self.media_configured)
        if options.auth != "none":
            self.protect(factory)
        self.server.get_mount_points().add_factory("/clip", factory)

    def protect(self, factory: GstRtspServer.RTSPMediaFactory) -> None:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", ROLE)
        user, password = self.options.user, self.options.password
        if self.options.auth == "basic":
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(user, password, token)
        self.server.set_auth(auth)
        factory.add_role_from_structure(
            Gst.Structure.new_from_string(
                f"{ROLE}, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            )
        )

    def client_connected(self, _server, client) -> None:
        client.connect("pre-describe-request", self.whether_to_serve)
        client.connect("play-request", lambda *_: say("play"))
        client.connect("teardown-request", self.torn_down)
        client.connect("closed", lambda *_: say("closed"))

    def whether_to_serve(self, *_) -> GstRtsp.RTSPStatusCode:
        if self.over:
            return GstRtsp.RTSPStatusCode.SERVICE_UNAVAILABLE
        return GstRtsp.RTSPStatusCode.OK

    def torn_down(self, *_) -> None:
        say("teardown")
        self.over = self.options.once

    def media_configured(self, _factory, media) -> None:
        lens = media.get_element().get_by_name("lens")
        if lens is not None:
            self.scene = Scene(self.options, lens)
        pad = media.get_element().get_by_name("pay0").get_static_pad("src")
        pad.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self.event_passed)

    def event_passed(self, _pad, info):
        if info.get_event().type == Gst.EventType.EOS:
            say("eos")
            self.over = self.options.once
        return Gst.PadProbeReturn.OK

    def listen(self) -> None:
        if self.server.attach(None) == 0:
            raise SystemExit(f"cannot listen on port {self.options.port}")
        say(f"ready {self.server.get_bound_port()}")
        GLib.MainLoop().run()


class Scene:
    """What a camera sees: it goes on whoever looks. Had the server the clip itself, it would go
    back for all to the last key frame, or the beginning, whenever another client comes."""

    def __init__(self, options: argparse.Namespace, lens: Gst.Element):
        self.lens = lens
        self.pipeline = Gst.parse_launch(f"{clips(options)} ! appsink name=eye emit-signals=true")
        eye = self.pipeline.get_by_name("eye")
        eye.connect("new-sample", self.pass_on)
        eye.connect("eos", lambda _: lens.emit("end-of-stream"))
        self.pipeline.set_state(Gst.State.PLAYING)

    def pass_on(self, eye: Gst.Element) -> Gst.FlowReturn:
        sample = eye.emit("pull-sample")
        seen, segment = sample.get_buffer(), sample.get_segment()
        frame = seen.copy()
        frame.pts = segment.to_running_time(Gst.Format.TIME, seen.pts)
        frame.dts = segment.to_running_time(Gst.Format.TIME, seen.dts)
        if self.lens.get_property("caps") is None:
            self.lens.set_property("caps", sample.get_caps())
        return self.lens.emit("push-buffer", frame)


def clips(options: argparse.Namespace) -> str:
    """The clip so many times in a row, for a pipeline's description."""
    clip = f'filesrc location="{options.clip}" ! qtdemux ! h264parse'
    if options.times == 1:
        return clip
    # The description goes on after the last clip.
    again = f" {clip} ! c." * options.times
    return f"{again} concat name=c"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    Gst.init(None)
    Camera(arguments()).listen()
