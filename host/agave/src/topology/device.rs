//! `serve: isapi`: a receiver that others subscribe to as to a Hikvision camera, one channel for
//! each camera whose alerts come to it.

use std::sync::Arc;
use std::time::Duration;

use agave_core::{Fingerprint, Mark, StreamInfo, View};
use agave_isapi::{
    Channel, Device, DeviceSettings, EventTypes, HttpHost, Identity, Login, Notice, Pictures,
};
use agave_media::RecentPictures;
use agave_plugin::{DurableMap, Outcome};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::outbox::{Attempt, Handed, Receive};
use super::outside::NodeMap;

/// Under this key the node keeps the hosts that were registered to be pushed to.
const HOSTS: &str = "http-hosts";
/// The longest side of pictures for clients that do not say.
const MOST_PIXELS: u32 = 1920;
/// Before the address is tried again that somebody else has.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// The settings of a device that has no channels yet.
///
/// # Errors
/// In words for the user.
pub(super) fn settings(
    flow: &str,
    device: &agave_flow::Device,
    map: NodeMap,
) -> Result<DeviceSettings, String> {
    let login = Login {
        user: device.username.clone(),
        password: device.password.clone(),
    };
    let mut settings = DeviceSettings::new(device.listen, login, Vec::new());
    settings.identity = identity(flow, device);
    settings.event_types = event_types(device)?;
    settings.stream_pictures = false;
    settings.hosts = hosts(&map);
    settings.on_hosts = Some(Arc::new(move |hosts: &[HttpHost]| {
        // The map says itself when it cannot be used.
        if let Ok(hosts) = serde_json::to_vec(hosts) {
            let _ = map.set(HOSTS, &hosts);
        }
    }));
    Ok(settings)
}

/// The same for every run of a flow, and another for every flow: clients know devices by it.
fn identity(flow: &str, device: &agave_flow::Device) -> Identity {
    let print = Fingerprint::of(flow.as_bytes()).to_string().to_uppercase();
    let digits: Vec<&str> = [0, 2, 4, 6, 8]
        .iter()
        .filter_map(|&from| print.get(from..from + 2))
        .collect();
    Identity {
        name: device.name.clone().unwrap_or_else(|| flow.to_owned()),
        serial_number: format!("AGAVE-{}", print.get(..16).unwrap_or(&print)),
        // Of those that anybody may give away.
        mac_address: format!("02:{}", digits.join(":")),
        ..Identity::default()
    }
}

fn event_types(device: &agave_flow::Device) -> Result<EventTypes, String> {
    let mut types = EventTypes::default();
    for (kind, name) in &device.events {
        let event = name
            .parse()
            .map_err(|error| format!("events: {kind}: {error}"))?;
        types.by_kind.insert(kind.clone(), event);
    }
    Ok(types)
}

fn hosts(map: &NodeMap) -> Vec<HttpHost> {
    let kept = map.get(HOSTS).ok().flatten().unwrap_or_default();
    serde_json::from_slice(&kept).unwrap_or_default()
}

/// Pictures of recent frames, as a device has them.
struct Seen {
    recent: Option<Arc<RecentPictures>>,
    /// Whether the box of what happened is drawn.
    boxes: bool,
}

impl Pictures for Seen {
    fn latest(&self, camera: &str, most_side: Option<u32>) -> Option<Bytes> {
        let recent = self.recent.as_ref()?;
        let newest = recent.newest(camera)?;
        let most = most_side.unwrap_or(MOST_PIXELS);
        recent
            .jpeg(camera, newest, None, most)
            .ok()
            .map(Bytes::from)
    }

    fn of(&self, notice: &Notice) -> Option<Bytes> {
        let mark = Mark {
            bbox: notice.bbox,
            class: notice.class.clone(),
            colour: None,
            label: notice.class.clone(),
        };
        let view = View {
            marks: self.boxes.then_some(mark).into_iter().collect(),
            ..View::of(None, MOST_PIXELS)
        };
        let shown = self.recent.as_ref()?;
        let shown = shown.show(&notice.camera, notice.frame, &view);
        shown.ok().map(|shown| Bytes::from(shown.jpeg))
    }
}

/// The device of one node. It listens from when it knows its cameras.
pub(super) struct DeviceReceiver {
    settings: DeviceSettings,
    pictures: Arc<Seen>,
    runtime: Handle,
    device: Option<Device>,
}

impl DeviceReceiver {
    pub(super) fn new(
        settings: DeviceSettings,
        recent: Option<Arc<RecentPictures>>,
        boxes: bool,
        runtime: Handle,
    ) -> Self {
        Self {
            settings,
            pictures: Arc::new(Seen { recent, boxes }),
            runtime,
            device: None,
        }
    }

    /// Listens, to find out at once whether it can.
    ///
    /// # Errors
    /// In words for the user.
    pub(super) fn listening(mut self) -> Result<Self, String> {
        self.listen().map_err(|error| error.to_string())?;
        Ok(self)
    }

    fn listen(&mut self) -> Result<(), agave_isapi::IsapiError> {
        let pictures = Arc::clone(&self.pictures) as Arc<dyn Pictures>;
        let device = Device::start(self.settings.clone(), pictures, &self.runtime)?;
        tracing::info!("serving ISAPI at http://{}", device.address());
        self.device = Some(device);
        Ok(())
    }
}

impl Receive for DeviceReceiver {
    fn most_at_once(&self) -> usize {
        1
    }

    fn deliver(&mut self, alerts: &[Handed]) -> Attempt {
        let Some(device) = &self.device else {
            let reason = format!("nobody listens at {} yet", self.settings.listen);
            return Attempt::Later {
                after: None,
                reason,
            };
        };
        for Handed { delivery, .. } in alerts {
            device.raise(&Notice::of(&delivery.camera, &delivery.alert));
        }
        Attempt::Outcome(Outcome::Delivered)
    }

    fn without_audience(&self) -> Option<String> {
        let device = self.device.as_ref()?;
        let is_alone = device.report().clients == 0 && device.hosts().is_empty();
        is_alone.then(|| "no client reads its events, and none is registered for them".to_owned())
    }

    fn introduce(&mut self, cameras: &[StreamInfo]) -> Option<Duration> {
        let channels: Vec<Channel> = (1..).zip(cameras).map(channel).collect();
        self.settings.channels.clone_from(&channels);
        let outcome = match &self.device {
            Some(device) => device.set_channels(channels),
            None => self.listen(),
        };
        match outcome {
            Ok(()) => None,
            Err(error) => {
                tracing::error!("the device cannot be reached: {error}");
                Some(LISTEN_AGAIN)
            }
        }
    }
}

fn channel((number, camera): (u32, &StreamInfo)) -> Channel {
    Channel {
        number,
        camera: camera.camera.clone(),
        width: camera.width,
        height: camera.height,
        zones: camera.zones.clone(),
    }
}
