//! A camera, as far as GStreamer's RTSP server is one: both transports, logins, a camera that
//! goes and comes back, and a good-bye that it hears.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use agave_core::Timestamp;
use agave_media::{SourceConfig, SourceEvent, Transport};
use support::server::{Server, free_port};
use support::{News, Running, test_data};

const LIMIT: Duration = Duration::from_secs(20);

fn config(port: u16, login: &str) -> SourceConfig {
    SourceConfig::new("gate", format!("rtsp://{login}127.0.0.1:{port}/stream"))
}

fn clip() -> Option<String> {
    let path = test_data()?.join("bottle-detection.mp4");
    Some(path.to_str().unwrap().to_owned())
}

/// Watches 30 frames, says good-bye, and expects that the server heard it.
fn watch(server: &Server, config: SourceConfig, expected: (&str, u32, u32)) {
    let before = Timestamp::now();
    let mut running = Running::start(config);
    running.expect_event("connecting", LIMIT, |event| {
        *event == SourceEvent::Connecting
    });
    let live = running.expect_event("live", LIMIT, |event| {
        matches!(event, SourceEvent::Live { .. })
    });
    let (codec, width, height) = expected;
    let codec = codec.to_owned();
    assert_eq!(
        live,
        SourceEvent::Live {
            width,
            height,
            codec
        }
    );
    let mut last: Option<(Timestamp, Duration)> = None;
    for number in 0..30 {
        let frame = running.expect_frame(LIMIT);
        assert_eq!(frame.number, number);
        assert!(frame.at >= before);
        assert!(frame.at.since(Timestamp::now()) <= Duration::from_secs(1));
        if let Some((at, media_time)) = last {
            assert_eq!(frame.at.since(at), frame.media_time - media_time);
        } else {
            assert_eq!(frame.media_time, Duration::ZERO);
        }
        last = Some((frame.at, frame.media_time));
    }
    server.expect("play Agave/");
    let (result, took) = running.stop();
    result.unwrap();
    assert!(took < Duration::from_secs(3), "{took:?}");
    server.expect("teardown");
}

#[test]
fn h264_comes_over_tcp_and_udp() {
    let Some(clip) = clip() else { return };
    let Some(server) = Server::start(&["--clip", &clip]) else {
        return;
    };
    for transport in [Transport::Tcp, Transport::Udp] {
        let mut config = config(server.port, "");
        config.transport = transport;
        watch(&server, config, ("h264", 640, 360));
    }
}

#[test]
fn h265_and_jpeg_come_too() {
    for (codec, name) in [("h265", "hevc"), ("jpeg", "mjpeg")] {
        let Some(server) = Server::start(&["--codec", codec]) else {
            return;
        };
        watch(&server, config(server.port, ""), (name, 320, 240));
    }
}

#[test]
fn both_ways_to_log_in_work() {
    let Some(clip) = clip() else { return };
    for method in ["digest", "basic"] {
        let login = [
            "--clip",
            &clip,
            "--method",
            method,
            "--login",
            "admin:p@ss:w0rd",
        ];
        let Some(server) = Server::start(&login) else {
            return;
        };
        watch(
            &server,
            config(server.port, "admin:p@ss:w0rd@"),
            ("h264", 640, 360),
        );
    }
}

#[test]
fn a_wrong_password_waits_long_and_is_not_shown() {
    let Some(clip) = clip() else { return };
    let Some(server) = Server::start(&["--clip", &clip, "--login", "admin:right"]) else {
        return;
    };
    for (login, word) in [("admin:hunter2@", "refused"), ("", "wants a user name")] {
        let mut running = Running::start(config(server.port, login));
        let lost = running.expect_event("loss", LIMIT, |event| {
            matches!(event, SourceEvent::Lost { .. })
        });
        let SourceEvent::Lost { reason, retry_in } = lost else {
            panic!("{lost:?}")
        };
        assert!(reason.contains(word) && reason.contains("401"), "{reason}");
        assert!(retry_in >= Duration::from_secs(60), "{retry_in:?}");
        assert!(!running.said.contains("hunter2"), "{}", running.said);
        let (result, took) = running.stop();
        result.unwrap();
        assert!(
            took < Duration::from_secs(1),
            "a wait is cancelled at once: {took:?}"
        );
    }
}

#[test]
fn a_camera_that_is_restarted_goes_on() {
    let Some(clip) = clip() else { return };
    let port = free_port().to_string();
    let arguments = ["--clip", &clip, "--port", &port];
    let Some(mut server) = Server::start(&arguments) else {
        return;
    };
    let mut running = Running::start(config(server.port, ""));
    let before = running.expect_frame(LIMIT);
    server.kill();
    let mut last = before.number;
    let lost_at = running.expect("loss", LIMIT, |news| match news {
        News::Frame(frame) => {
            last = frame.number;
            None
        }
        News::Event(SourceEvent::Lost { retry_in, .. }) => {
            assert!(retry_in <= Duration::from_secs(1), "{retry_in:?}");
            Some(Instant::now())
        }
        News::Event(_) => None,
    });
    // It is tried again while nobody listens.
    running.expect_event(
        "another attempt",
        LIMIT,
        |event| matches!(event, SourceEvent::Lost { reason, .. } if reason.contains("connect")),
    );
    let Some(server) = Server::start(&arguments) else {
        return;
    };
    let after = running.expect_frame(LIMIT * 2);
    assert_eq!(after.number, last + 1, "frames are numbered on");
    let gap = after.media_time - before.media_time;
    assert_eq!(
        after.at.since(before.at),
        gap,
        "media time goes on with the clock"
    );
    assert!(gap + Duration::from_secs(1) >= lost_at.elapsed(), "{gap:?}");
    running.stop().0.unwrap();
    server.expect("teardown");
}

#[test]
fn lost_packets_cost_frames_and_not_the_connection() {
    let Some(server) = Server::start(&["--codec", "lossy"]) else {
        return;
    };
    let mut config = config(server.port, "");
    config.transport = Transport::Udp;
    let mut running = Running::start(config);
    let mut frames = 0;
    let counts = running.expect("unreadable frames", LIMIT, |news| match news {
        News::Frame(_) => {
            frames += 1;
            None
        }
        News::Event(SourceEvent::Counted(counts)) if counts.unreadable > 3 => Some(counts),
        News::Event(SourceEvent::Lost { reason, .. }) => panic!("{reason}"),
        News::Event(_) => None,
    });
    assert_eq!(counts.sampled, frames);
    // It goes on after that.
    for _ in 0..20 {
        running.expect_frame(LIMIT);
    }
    running.stop().0.unwrap();
}

#[test]
fn a_camera_that_falls_silent_is_lost() {
    let Some(clip) = clip() else { return };
    let Some(server) = Server::start(&["--clip", &clip]) else {
        return;
    };
    let mut running = Running::start(config(server.port, ""));
    running.expect_frame(LIMIT);
    let process = server.process().to_string();
    let stop = Command::new("kill").args(["-STOP", &process]).status();
    assert!(stop.unwrap().success());
    let lost = running.expect_event("loss", LIMIT, |event| {
        matches!(event, SourceEvent::Lost { .. })
    });
    let SourceEvent::Lost { reason, .. } = lost else {
        panic!("{lost:?}")
    };
    assert!(reason.contains("no frame for 10 s"), "{reason}");
    // Not even the TEARDOWN is answered now; shutdown waits for it only so long.
    let (result, took) = running.stop();
    result.unwrap();
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn shutdown_does_not_wait_for_a_camera_that_does_not_answer() {
    // It takes connections and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let running = Running::start(config(port, ""));
    let (_connection, _) = listener.accept().unwrap();
    let (result, took) = running.stop();
    result.unwrap();
    assert!(took < Duration::from_secs(1), "{took:?}");
}
