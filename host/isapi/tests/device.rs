//! The device against clients that are wrong, slow or too many, and what it says and remembers.

mod common;
#[path = "common/visitor.rs"]
mod visitor;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use agave_core::Phase;
use agave_isapi::{EventTypes, Framing};
use anyhow::{Result, ensure};
use hyper::Method;

use crate::common::{JPEG, World, channel, notice};
use crate::visitor::Visitor;

const STREAM: &str = "Event/notification/alertStream";
/// So long a read waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn wrong_passwords_lock_the_address_and_only_for_a_while() -> Result<()> {
    let world = World::new(|settings| {
        settings.limits.wrong_logins = 3;
        settings.limits.lock = Duration::from_secs(1);
    })?;
    let mut visitor = Visitor::new(&world);
    visitor.password = "incorrect horse";
    for _ in 0..3 {
        visitor.challenge = None;
        assert_eq!(visitor.get("System/status")?.status, 401);
    }
    let mut right = Visitor::new(&world);
    let locked = right.get("System/status")?;
    assert_eq!(locked.status, 403);
    ensure!(locked.text().contains("userLocked"), "{}", locked.text());
    let dropped = world.device.report().dropped;
    assert_eq!(dropped.get("wrong_login"), Some(&3));
    ensure!(dropped.contains_key("locked"));
    let deadline = Instant::now() + PATIENCE;
    while right.get("System/status")?.status != 200 {
        ensure!(Instant::now() < deadline, "it is never free again");
    }
    Ok(())
}

#[test]
fn a_stale_nonce_is_renewed_and_a_rising_one_is_used_again() -> Result<()> {
    let world = World::new(|settings| settings.limits.nonce = Duration::from_millis(200))?;
    let mut visitor = Visitor::new(&world);
    assert_eq!(visitor.get("System/status")?.status, 200);
    let nonce = |visitor: &Visitor<'_>| visitor.challenge.as_ref().map(|one| one.nonce.clone());
    let first = nonce(&visitor);
    assert_eq!(visitor.get("System/deviceInfo")?.status, 200);
    assert_eq!(nonce(&visitor), first, "it rose");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = visitor.ask_once(Method::GET, "System/status", "")?;
        if answer.status == 401 {
            ensure!(
                answer.challenge.contains("stale=\"TRUE\""),
                "{}",
                answer.challenge
            );
            break;
        }
        ensure!(Instant::now() < deadline, "it never was stale");
    }
    assert_eq!(visitor.get("System/status")?.status, 200);
    ensure!(world.device.report().dropped.is_empty(), "nobody was wrong");
    Ok(())
}

#[test]
fn there_are_only_so_many_streams() -> Result<()> {
    let world = World::new(|settings| settings.limits.streams = 2)?;
    let mut visitors = Vec::new();
    for _ in 0..2 {
        let stream = Visitor::new(&world).stream(STREAM)?;
        assert_eq!(stream.status, 200);
        visitors.push(stream);
    }
    let refused = Visitor::new(&world).get(STREAM)?;
    assert_eq!(refused.status, 403);
    ensure!(
        refused.text().contains("maxSessionUserLink"),
        "{}",
        refused.text()
    );
    assert_eq!(world.device.report().dropped["too_many_streams"], 1);
    visitors.pop();
    world.until("a free place", |device| device.report().clients == 1)?;
    assert_eq!(Visitor::new(&world).stream(STREAM)?.status, 200);
    Ok(())
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_nobody_waits_for_it() -> Result<()> {
    let world = World::new(|settings| settings.limits.stream_bytes = 64 << 10)?;
    let _slow = Visitor::new(&world).stream(STREAM)?;
    world.until("a client", |device| device.report().clients == 1)?;
    let deadline = Instant::now() + PATIENCE;
    let mut longest = Duration::ZERO;
    let mut number = 0;
    while world.device.report().dropped.get("slow_client") != Some(&1) {
        ensure!(Instant::now() < deadline, "it was never dropped");
        number += 1;
        let began = Instant::now();
        let key = number.to_string();
        world.device.raise(&notice("yard", &key, Phase::Begin));
        world.device.raise(&notice("yard", &key, Phase::End));
        longest = longest.max(began.elapsed());
    }
    ensure!(
        longest < Duration::from_secs(1),
        "somebody waited {longest:?}"
    );
    assert_eq!(world.device.report().clients, 0);
    Ok(())
}

#[test]
fn an_incident_is_repeated_until_it_ends_and_announced_once() -> Result<()> {
    let world = World::new(|settings| settings.limits.repeat = Duration::from_millis(100))?;
    let mut stream = Visitor::new(&world).stream(STREAM)?;
    world.until("a client", |device| device.report().clients == 1)?;
    world.device.raise(&notice("gate", "one", Phase::Begin));
    for count in 1..=3 {
        let post = stream.until("</EventNotificationAlert>")?;
        ensure!(
            post.contains(&format!("<activePostCount>{count}</")),
            "{post}"
        );
        ensure!(post.contains("<channelID>2</channelID>"), "{post}");
        let heartbeat = stream.until("</EventNotificationAlert>")?;
        ensure!(heartbeat.contains("<eventType>videoloss<"), "{heartbeat}");
    }
    // The same begin a second time is no second incident.
    world.device.raise(&notice("gate", "one", Phase::Begin));
    world.device.raise(&notice("gate", "one", Phase::End));
    stream.until("<eventState>inactive</eventState>\r\n<eventDescription>forbidden-object")?;
    assert_eq!(world.device.report().incidents, 0);
    Ok(())
}

#[test]
fn what_went_on_before_a_restart_is_repeated_and_not_announced() -> Result<()> {
    let world = World::new(|settings| settings.limits.repeat = Duration::from_millis(50))?;
    let mut stream = Visitor::new(&world).stream(STREAM)?;
    world.device.raise(&notice("yard", "one", Phase::Update));
    stream.until("<eventState>active</eventState>")?;
    world.device.set_channels(vec![channel(1, "other")])?;
    stream.until("<eventDescription>the camera is gone</eventDescription>")?;
    ensure!(world.device.set_channels(vec![channel(0, "yard")]).is_err());
    let twice = vec![channel(1, "yard"), channel(1, "gate")];
    ensure!(world.device.set_channels(twice).is_err());
    world.device.raise(&notice("nowhere", "one", Phase::Begin));
    assert_eq!(world.device.report().dropped["unknown_camera"], 1);
    Ok(())
}

#[test]
fn json_and_pictures_are_parts_of_the_stream() -> Result<()> {
    let world = World::new(|settings| settings.stream_pictures = true)?;
    let mut stream = Visitor::new(&world).stream(&format!("{STREAM}?format=json"))?;
    world.until("a client", |device| device.report().clients == 1)?;
    world.device.raise(&notice("yard", "one", Phase::Begin));
    let head = stream.until("\r\n\r\n")?;
    ensure!(head.contains("Content-Type: application/json"), "{head}");
    let event = stream.until("--boundary")?;
    let event: serde_json::Value = serde_json::from_str(event.trim_end_matches("--boundary"))?;
    assert_eq!(event["eventType"], "fielddetection");
    assert_eq!(event["detectionPicturesNumber"], 1);
    let head = stream.until("\r\n\r\n")?;
    let length = format!("Content-Length: {}", JPEG.len());
    ensure!(
        head.contains("image/jpeg") && head.contains(&length),
        "{head}"
    );
    stream.until("JFIF")?;
    stream.until("\r\n--boundary\r\nContent-Type: application/json")?;
    Ok(())
}

#[test]
fn a_stream_can_end_with_its_connection() -> Result<()> {
    let world = World::new(|settings| settings.framing = Framing::Close)?;
    let mut stream = Visitor::new(&world).stream(STREAM)?;
    world.until("a client", |device| device.report().clients == 1)?;
    world.device.raise(&notice("yard", "one", Phase::Begin));
    let begin = stream.until("</EventNotificationAlert>")?;
    ensure!(
        begin.starts_with("--boundary\r\n"),
        "nothing comes before it: {begin}"
    );
    world.device.stop();
    stream.ends()
}

#[test]
fn another_device_can_listen_where_one_was_stopped() -> Result<()> {
    let world = World::new(|_| ())?;
    let _stream = Visitor::new(&world).stream(STREAM)?;
    let address = world.device.address();
    for _ in 0..20 {
        world.device.stop();
        let next = World::new(|settings| settings.listen = address)?;
        assert_eq!(Visitor::new(&next).get("System/status")?.status, 200);
        next.device.stop();
    }
    ensure!(World::new(|settings| settings.login.user.clear()).is_err());
    Ok(())
}

#[test]
fn every_page_is_there_and_everything_else_is_not() -> Result<()> {
    let world = World::new(|settings| {
        let line = "linedetection"
            .parse()
            .unwrap_or(agave_isapi::EventType::FIELD_DETECTION);
        settings.event_types = EventTypes {
            by_kind: [("line".to_owned(), line)].into(),
            ..EventTypes::default()
        };
    })?;
    let mut visitor = Visitor::new(&world);
    for (page, part) in [
        ("System/deviceInfo", "<deviceType>NVR</deviceType>"),
        ("system/DEVICEINFO", "<serialNumber>"),
        ("System/status", "<deviceUpTime>"),
        ("System/time", "<localTime>"),
        ("System/capabilities", "<videoInputPortNums>2</"),
        ("System/Video/inputs/channels", "<name>gate</name>"),
        (
            "System/Video/inputs/channels/2",
            "<resDesc>1280*720</resDesc>",
        ),
        (
            "System/Video/inputs/channels/2/motionDetection",
            "<enabled>true</",
        ),
        ("Streaming/channels", "<id>201</id>"),
        ("Streaming/channels/201", "<channelName>gate</channelName>"),
        ("Event/triggers", "<id>linedetection-2</id>"),
        (
            "Event/triggers/fielddetection-1",
            "<notificationMethod>center</",
        ),
        (
            "Event/notification/httpHosts",
            "<ipAddress>0.0.0.0</ipAddress>",
        ),
        ("Event/notification/httpHosts/3", "<id>3</id>"),
        ("Security/adminAccesses", "<protocol>RTSP</protocol>"),
        ("ContentMgmt/Storage", "<hddList></hddList>"),
        ("Smart/FieldDetection/1", "<FieldDetection version"),
    ] {
        let answer = visitor.get(page)?;
        assert_eq!(answer.status, 200, "{page}");
        assert_eq!(answer.content_type, "application/xml; charset=\"UTF-8\"");
        ensure!(answer.text().contains(part), "{page}: {}", answer.text());
    }
    for page in [
        "",
        "System",
        "System/Video/inputs/channels/3",
        "Streaming/channels/202",
        "Streaming/channels/99999999999/picture",
        "Event/triggers/VMD-1",
        "Event/notification/httpHosts/4",
        "a/b/c/d/e/f/g/h/i/j/k",
    ] {
        let answer = visitor.get(page)?;
        assert_eq!(answer.status, 404, "{page}");
        ensure!(
            answer.text().contains("<ResponseStatus"),
            "{}",
            answer.text()
        );
    }
    let refused = visitor.ask(Method::PUT, "System/deviceInfo", "<x/>")?;
    assert_eq!(refused.status, 405);
    Ok(())
}

#[test]
fn a_snapshot_is_a_picture() -> Result<()> {
    let world = World::new(|_| ())?;
    let mut visitor = Visitor::new(&world);
    for page in [
        "Streaming/channels/101/picture",
        "Streaming/channels/1/picture?videoResolutionWidth=640",
        "ContentMgmt/StreamingProxy/channels/101/picture",
    ] {
        let answer = visitor.get(page)?;
        assert_eq!(
            (answer.status, answer.content_type.as_str()),
            (200, "image/jpeg")
        );
        assert_eq!(answer.body, JPEG);
    }
    let none = visitor.get("Streaming/channels/201/picture")?;
    assert_eq!(none.status, 503, "{}", none.text());
    Ok(())
}

/// What a device that is asked nonsense answers; nothing where it hangs up.
fn nonsense(world: &World, request: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(world.device.address())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // It may hang up before all of it is sent.
    let _ = stream.write_all(request);
    let (mut answer, mut piece) = (Vec::new(), [0; 1024]);
    // The connection may stay open behind the answer.
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => answer.extend(piece.iter().take(read)),
            Ok(0) | Err(_) => break,
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn malformed_requests_are_answered_or_hung_up_on() -> Result<()> {
    let world = World::new(|_| ())?;
    let long = "x".repeat(1 << 20);
    let with =
        |header: &str| format!("GET /ISAPI/System/status HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n");
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (with("Authorization: Digest"), "401"),
        (with("Authorization: Digest username=\"x"), "400"),
        (with("Authorization: Digest \u{fc}=\u{fc}"), "401"),
        (with("Authorization: Basic !"), "401"),
        (with("Authorization: Bearer x"), "401"),
        (with(&format!("X: {long}")), ""),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), ""),
        ("PUT /ISAPI/Event/notification/httpHosts HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n<".to_owned(), "401"),
        ("GET http://elsewhere/ISAPI/System/status HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "401"),
        ("\0\u{1}\u{2}".to_owned(), "400"),
    ] {
        let answer = nonsense(&world, request.as_bytes())?;
        let head = answer.lines().next().unwrap_or_default().to_owned();
        let begin: String = request.chars().take(60).collect();
        ensure!(head.contains(status), "{begin}: {head}");
    }
    assert_eq!(
        Visitor::new(&world).get("System/status")?.status,
        200,
        "it is well"
    );
    Ok(())
}
