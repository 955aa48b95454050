//! A device with two cameras, and what happens at them.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::{BoundingBox, Phase, Point, Secret, Timestamp, Zone};
use agave_isapi::{Channel, Device, DeviceSettings, Login, Notice, Pictures};
use anyhow::{Result, ensure};
use bytes::Bytes;
use tokio::runtime::Runtime;

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "correct horse";

/// The smallest thing that begins and ends as a JPEG does.
pub(crate) const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9";

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(20);

struct Stills;

impl Pictures for Stills {
    fn latest(&self, camera: &str, _: Option<u32>) -> Option<Bytes> {
        (camera == "yard").then(|| Bytes::from_static(JPEG))
    }

    fn of(&self, notice: &Notice) -> Option<Bytes> {
        self.latest(&notice.camera, None)
    }
}

/// A device, and the threads that it runs on.
pub(crate) struct World {
    pub(crate) device: Device,
    pub(crate) runtime: Runtime,
}

impl World {
    pub(crate) fn new(change: impl FnOnce(&mut DeviceSettings)) -> Result<Self> {
        let login = Login {
            user: USER.to_owned(),
            password: Secret::new(PASSWORD),
        };
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let channels = vec![channel(1, "yard"), channel(2, "gate")];
        let mut settings = DeviceSettings::new(anywhere, login, channels);
        change(&mut settings);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let device = Device::start(settings, Arc::new(Stills), runtime.handle())?;
        Ok(Self { device, runtime })
    }

    pub(crate) fn port(&self) -> u16 {
        self.device.address().port()
    }

    pub(crate) fn url(&self, page: &str) -> String {
        format!("http://{}/ISAPI/{page}", self.device.address())
    }

    /// Waits until something is so.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Device) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.device) {
            let report = self.device.report();
            ensure!(
                Instant::now() < deadline,
                "{what} did not happen: {report:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

pub(crate) fn channel(number: u32, camera: &str) -> Channel {
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

pub(crate) fn notice(camera: &str, key: &str, phase: Phase) -> Notice {
    Notice {
        camera: camera.to_owned(),
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
