//! The pages that say what the device is. Each has what some client looks for; what nobody asks
//! for is not there.

use crate::event::date_time;
use crate::event_type::EventType;
use crate::hosts;
use crate::settings::Channel;
use crate::shared::Shared;
use crate::xml::Document;

/// Where Agave has no size yet.
const SIZE: (u32, u32) = (1920, 1080);

/// The page at `segments`, which are in lower case and behind `/ISAPI/`; none where there is
/// none.
pub(crate) fn page(segments: &[&str], shared: &Shared) -> Option<String> {
    let channels = shared.channels();
    let channel = |id: &str| {
        let number: u32 = id.parse().ok()?;
        channels.iter().find(|channel| channel.number == number)
    };
    let page = match segments {
        ["system", "deviceinfo"] => device_info(shared),
        ["system", "status"] => status(shared),
        ["system", "time"] => time(),
        ["system", "capabilities"] => capabilities(&channels),
        ["system", "video", "inputs", "channels"] => list(
            "VideoInputChannelList",
            "VideoInputChannel",
            &channels,
            input,
        ),
        ["system", "video", "inputs", "channels", id] => {
            one("VideoInputChannel", channel(id)?, input)
        }
        [
            "system",
            "video",
            "inputs",
            "channels",
            id,
            "motiondetection",
        ] => one("MotionDetection", channel(id)?, detection),
        ["smart", kind, id] => {
            let kind: EventType = kind.parse().ok()?;
            one(&capitalized(kind.name()), channel(id)?, detection)
        }
        ["streaming", "channels"] => list(
            "StreamingChannelList",
            "StreamingChannel",
            &channels,
            streaming,
        ),
        ["streaming", "channels", id] => {
            // Each has one stream: its main one.
            let number = id.parse::<u32>().ok()?.checked_sub(1)?;
            let channel = channels.iter().find(|one| one.number * 100 == number)?;
            one("StreamingChannel", channel, streaming)
        }
        ["event", "triggers"] => triggers(shared),
        ["event", "triggers", id] => trigger_page(id, shared)?,
        ["event", "notification", "httphosts"] => {
            hosts::list_page(&shared.pusher.hosts(), shared.settings.limits.hosts)
        }
        ["event", "notification", "httphosts", id] => {
            let places = 1..=shared.settings.limits.hosts;
            let id = id.parse().ok().filter(|id| places.contains(id))?;
            hosts::place_page(&shared.pusher.hosts(), id)
        }
        ["security", "adminaccesses"] => admin_accesses(shared),
        ["contentmgmt", "storage"] => storage(),
        _ => return None,
    };
    Some(page)
}

/// The channel that a client means: streams are numbered channel×100+stream, and clients that
/// see a single camera say 1 for its main stream and 2 for the other.
pub(crate) fn channel_of(id: u32, channels: &[Channel]) -> Option<&Channel> {
    let number = if id >= 100 { id / 100 } else { id };
    let found = channels.iter().find(|channel| channel.number == number);
    match channels {
        [only] if id < 100 => Some(only),
        _ => found,
    }
}

fn list(
    root: &str,
    item: &str,
    channels: &[Channel],
    write: impl Fn(&mut Document, &Channel),
) -> String {
    Document::page(root, |document| {
        for channel in channels {
            document.element(item, |document| write(document, channel));
        }
    })
}

fn one(root: &str, channel: &Channel, write: impl Fn(&mut Document, &Channel)) -> String {
    Document::page(root, |document| write(document, channel))
}

fn device_info(shared: &Shared) -> String {
    let identity = &shared.settings.identity;
    // Clients take what has several channels for a recorder.
    let device_type = match shared.channels().len() {
        0 | 1 => "IPCamera",
        _ => "NVR",
    };
    Document::page("DeviceInfo", |document| {
        document.text("deviceName", &identity.name);
        document.text("deviceID", &identity.serial_number);
        document.text("deviceDescription", device_type);
        document.text("model", &identity.model);
        document.text("serialNumber", &identity.serial_number);
        document.text("macAddress", &identity.mac_address);
        document.text("firmwareVersion", concat!("V", env!("CARGO_PKG_VERSION")));
        document.text("firmwareReleasedDate", "build 000000");
        document.text("deviceType", device_type);
        document.text("manufacturer", "Agave");
    })
}

fn status(shared: &Shared) -> String {
    Document::page("DeviceStatus", |document| {
        document.text("currentDeviceTime", now());
        document.text("deviceUpTime", shared.started.elapsed().as_secs());
        document.text("deviceStatus", "normal");
    })
}

fn time() -> String {
    Document::page("Time", |document| {
        document.text("timeMode", "NTP");
        document.text("localTime", now());
        document.text("timeZone", "CST+0:00:00");
    })
}

fn now() -> String {
    date_time(agave_core::Timestamp::now())
}

fn capabilities(channels: &[Channel]) -> String {
    Document::page("DeviceCap", |document| {
        document.element("SysCap", |document| {
            document.element("VideoCap", |document| {
                document.text("videoInputPortNums", channels.len());
                document.text("videoOutputPortNums", 0);
            });
            document.element("IOCap", |document| {
                document.text("IOInputPortNums", 0);
                document.text("IOOutputPortNums", 0);
            });
        });
        document.element("RacmCap", |document| document.text("inputProxyNums", 0));
        document.text("isSupportGetmutexFuncErrMsg", false);
    })
}

fn input(document: &mut Document, channel: &Channel) {
    let (width, height) = size(channel);
    document.text("id", channel.number);
    document.text("inputPort", channel.number);
    document.text("videoInputEnabled", true);
    document.text("name", &channel.camera);
    document.text("videoFormat", "PAL");
    document.text("resDesc", format!("{width}*{height}"));
}

/// What a client shows as a switch: it is on, and cannot be changed from there.
fn detection(document: &mut Document, channel: &Channel) {
    document.text("id", channel.number);
    document.text("enabled", true);
}

fn capitalized(name: &str) -> String {
    let name = match name {
        "fielddetection" => "fieldDetection",
        "linedetection" => "lineDetection",
        "scenechangedetection" => "sceneChangeDetection",
        other => other,
    };
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

fn streaming(document: &mut Document, channel: &Channel) {
    let (width, height) = size(channel);
    document.text("id", u64::from(channel.number) * 100 + 1);
    document.text("channelName", &channel.camera);
    document.text("enabled", true);
    document.element("Video", |document| {
        document.text("enabled", true);
        document.text("videoInputChannelID", channel.number);
        document.text("videoCodecType", "MJPEG");
        document.text("videoResolutionWidth", width);
        document.text("videoResolutionHeight", height);
    });
    document.element("Audio", |document| document.text("enabled", false));
}

fn size(channel: &Channel) -> (u32, u32) {
    match (channel.width, channel.height) {
        (0, _) | (_, 0) => SIZE,
        known => known,
    }
}

/// All that can come, and the heartbeat.
fn triggers(shared: &Shared) -> String {
    let types = shared.settings.event_types.possible();
    let names: Vec<&str> = types.into_iter().map(EventType::name).collect();
    Document::page("EventTriggerList", |document| {
        for channel in shared.channels().iter() {
            for name in names.iter().chain(&["videoloss"]) {
                document.element("EventTrigger", |document| {
                    write_trigger(document, name, channel.number);
                });
            }
        }
    })
}

fn trigger_page(id: &str, shared: &Shared) -> Option<String> {
    let (name, number) = id.rsplit_once('-')?;
    let number: u32 = number.parse().ok()?;
    let event_type: EventType = name.parse().ok()?;
    let known = shared.settings.event_types.possible().contains(&event_type)
        && shared.channels().iter().any(|one| one.number == number);
    known.then(|| {
        Document::page("EventTrigger", |document| {
            write_trigger(document, event_type.name(), number);
        })
    })
}

/// Clients count an event only where it notifies somebody, and some fail over a single way.
fn write_trigger(document: &mut Document, name: &str, channel: u32) {
    document.text("id", format!("{name}-{channel}"));
    document.text("eventType", name);
    document.text(
        "eventDescription",
        format!("{name} Event trigger Information"),
    );
    document.text("videoInputChannelID", channel);
    document.element("EventTriggerNotificationList", |document| {
        for method in ["center", "HTTP"] {
            document.element("EventTriggerNotification", |document| {
                document.text("id", method);
                document.text("notificationMethod", method);
                document.text("notificationRecurrence", "beginningandend");
            });
        }
    });
}

/// Some clients fail over a single one.
fn admin_accesses(shared: &Shared) -> String {
    let protocols = [("HTTP", true, shared.speaker.port), ("RTSP", false, 554)];
    Document::page("AdminAccessProtocolList", |document| {
        for (index, (protocol, enabled, port)) in protocols.into_iter().enumerate() {
            document.element("AdminAccessProtocol", |document| {
                document.text("id", index + 1);
                document.text("enabled", enabled);
                document.text("protocol", protocol);
                document.text("portNo", port);
            });
        }
    })
}

/// Nothing is recorded here.
fn storage() -> String {
    Document::page("storage", |document| {
        document.text("hddList", "");
        document.text("nasList", "");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(number: u32) -> Channel {
        Channel {
            number,
            camera: format!("camera {number}"),
            width: 0,
            height: 0,
            zones: Vec::new(),
        }
    }

    #[test]
    fn clients_number_streams_in_two_ways() {
        let number = |id, channels: &[Channel]| channel_of(id, channels).map(|one| one.number);
        let one = [channel(1)];
        let two = [channel(1), channel(2)];
        for id in [1, 2, 101, 102] {
            assert_eq!(number(id, &one), Some(1), "{id}");
        }
        assert_eq!(number(201, &one), None);
        assert_eq!(number(2, &two), Some(2));
        assert_eq!(number(202, &two), Some(2));
        assert_eq!(number(3, &two), None);
    }

    #[test]
    fn smart_events_are_named_as_clients_expect() {
        assert_eq!(capitalized("fielddetection"), "FieldDetection");
        assert_eq!(capitalized("regionEntrance"), "RegionEntrance");
    }
}
