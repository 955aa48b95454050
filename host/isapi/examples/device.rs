//! A device to try clients on, with the channels `yard` and `gate`. It says `ready PORT`, and
//! takes commands on standard input, one a line:
//!
//! ```text
//! begin KEY [CAMERA]     update KEY [CAMERA]     end KEY [CAMERA]     report     stop
//! ```
//!
//! `device PASSWORD [OPTION]...` with the user `admin`; options are `close`, `sha-256`, `pictures`,
//! `one-channel`, and `port=NUMBER`.

#![allow(clippy::print_stdout, reason = "it speaks to whoever runs it")]

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use agave_core::{BoundingBox, Phase, Point, Secret, Timestamp, Zone};
use agave_isapi::{Channel, Device, DeviceSettings, Framing, Login, Notice, Pictures};
use anyhow::{Context, Result, bail};
use bytes::Bytes;

/// The smallest thing that begins and ends as a JPEG does.
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9";

struct Stills;

impl Pictures for Stills {
    fn latest(&self, _: &str, _: Option<u32>) -> Option<Bytes> {
        Some(Bytes::from_static(JPEG))
    }

    fn of(&self, _: &Notice) -> Option<Bytes> {
        Some(Bytes::from_static(JPEG))
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let password = arguments.next().context("device PASSWORD [OPTION]...")?;
    let login = Login {
        user: "admin".to_owned(),
        password: Secret::new(password),
    };
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let channels = vec![channel(1, "yard"), channel(2, "gate")];
    let mut settings = DeviceSettings::new(anywhere, login, channels);
    for option in arguments {
        match option.as_str() {
            "close" => settings.framing = Framing::Close,
            "sha-256" => settings.sha_256 = true,
            "pictures" => settings.stream_pictures = true,
            "one-channel" => settings.channels.truncate(1),
            other => match other.strip_prefix("port=") {
                Some(port) => settings.listen.set_port(port.parse()?),
                None => bail!("there is no option '{other}'"),
            },
        }
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let device = Device::start(settings, Arc::new(Stills), runtime.handle())?;
    say(&format!("ready {}", device.address().port()))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["stop"] => break,
            ["report"] => say(&format!("{:?}", device.report()))?,
            ["begin", key, rest @ ..] => device.raise(&notice(Phase::Begin, key, rest)),
            ["update", key, rest @ ..] => device.raise(&notice(Phase::Update, key, rest)),
            ["end", key, rest @ ..] => device.raise(&notice(Phase::End, key, rest)),
            _ => {
                say("begin KEY [CAMERA] | update KEY [CAMERA] | end KEY [CAMERA] | report | stop")?
            }
        }
    }
    Ok(())
}

fn say(line: &str) -> Result<()> {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}

fn channel(number: u32, camera: &str) -> Channel {
    let corners = [(0.2, 0.9), (0.8, 0.9), (0.7, 0.6), (0.3, 0.6)];
    Channel {
        number,
        camera: camera.to_owned(),
        width: 1280,
        height: 720,
        zones: vec![Zone {
            name: "forbidden".to_owned(),
            polygon: corners.map(|(x, y)| Point { x, y }).to_vec(),
        }],
    }
}

fn notice(phase: Phase, key: &str, rest: &[&str]) -> Notice {
    Notice {
        camera: rest.first().unwrap_or(&"yard").to_string(),
        key: key.to_owned(),
        phase,
        kind: "forbidden-object".to_owned(),
        class: "person".to_owned(),
        zone: Some("forbidden".to_owned()),
        bbox: BoundingBox {
            left: 0.4,
            top: 0.6,
            width: 0.1,
            height: 0.2,
        },
        at: Timestamp::now(),
        frame: 1,
        count: 1,
    }
}
