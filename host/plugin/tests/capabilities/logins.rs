//! HTTP logins: taken where they are right, sent once where they are wrong.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use agave_tests::{Device, DeviceRequest, User, WebServer};
use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::probe::{Probe, World, web};

const PASSWORD: &str = "correct horse";
const TOKEN: &str = "battery-staple";
const RIGHT: &str = "agave:correct horse";
const WRONG: &str = "agave:incorrect horse";

fn user() -> User<'static> {
    User {
        name: "agave",
        password: PASSWORD,
    }
}

pub(crate) fn device(arguments: &[&str]) -> Result<Device> {
    Device::start(PASSWORD, TOKEN, arguments)
}

/// A probe that may reach `device`, with the right and the wrong secrets.
pub(crate) fn probe(world: &World, origins: &[&str]) -> Probe {
    let secrets = [
        ("right", RIGHT),
        ("wrong", WRONG),
        ("token", TOKEN),
        ("wrong-token", "staple-battery"),
    ];
    world.probe(web(origins, &secrets))
}

fn with_login(requests: &[DeviceRequest]) -> usize {
    let logged_in = requests.iter().filter(|request| request.login.is_some());
    logged_in.count()
}

#[test]
fn real_servers_take_right_logins_and_get_wrong_ones_once() -> Result<()> {
    for (server, pages) in [
        (
            WebServer::lighttpd(user())?,
            &[("basic", "basic"), ("md5", "digest"), ("sha-256", "digest")][..],
        ),
        (WebServer::apache(user(), 300)?, &[("md5", "digest")][..]),
    ] {
        let mut seen = 0;
        for (page, scheme) in pages {
            let url = format!("{}/{page}/", server.origin());
            let world = World::new();
            let mut probe = probe(&world, &[&server.origin()]);
            let answer = probe.get(&url, json!({ *scheme: "right" }));
            assert_eq!(answer["status"], 200, "{page}: {answer}");
            assert_eq!(answer["body"], "logged in");
            let asked = usize::from(*scheme == "digest");
            seen += 1 + asked;

            let refused = probe.get(&url, json!({ *scheme: "wrong" }));
            assert_eq!(refused["status"], 401, "{page}: {refused}");
            seen += 1 + asked;
            for _ in 0..5 {
                let held_back = probe.get(&url, json!({ *scheme: "wrong" }));
                assert_eq!(held_back["error"], "unreachable", "{page}: {held_back}");
            }
            // The refusal is of one login: another one is still good.
            let again = probe.get(&url, json!({ *scheme: "right" }));
            assert_eq!(again["status"], 200, "{page}: {again}");
            seen += 1;
            let requests = server.requests(seen)?;
            assert_eq!(requests.len(), seen, "{page}: {requests:?}");
        }
    }
    Ok(())
}

#[test]
fn a_nonce_is_used_again_until_the_server_wants_a_new_one() -> Result<()> {
    for algorithm in ["MD5", "SHA-256"] {
        let device = device(&["--nonce-uses", "3"])?;
        let url = format!("{}/digest?algorithm={algorithm}&x=1", device.origin());
        let world = World::new();
        let mut probe = probe(&world, &[&device.origin()]);
        for _ in 0..7 {
            let answer = probe.get(&url, json!({ "digest": "right" }));
            assert_eq!(answer["status"], 200, "{answer}");
        }
        let requests = device.stop()?;
        let statuses: Vec<u16> = requests.iter().map(|request| request.status).collect();
        // Asked once; then a stale nonce costs one more request and is no wrong password.
        let expected = [401, 200, 200, 200, 401, 200, 200, 200, 401, 200];
        assert_eq!(statuses, expected, "{algorithm}");
        assert!(requests.iter().all(|request| !request.wrong));
        let connections: BTreeSet<u64> = requests.iter().map(|one| one.connection).collect();
        assert!(connections.len() <= 2, "connections are used again");
    }
    Ok(())
}

#[test]
fn a_real_server_s_stale_nonce_is_no_wrong_password() -> Result<()> {
    let server = WebServer::apache(user(), 1)?;
    let url = format!("{}/md5/", server.origin());
    let world = World::new();
    let mut probe = probe(&world, &[&server.origin()]);
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut asked = 0;
    // Apache's nonce lives for a second: sooner or later one of these has an old one.
    loop {
        let answer = probe.get(&url, json!({ "digest": "right" }));
        assert_eq!(answer["status"], 200, "{answer}");
        asked += 1;
        let requests = server.requests(asked)?;
        let refused = requests
            .iter()
            .filter(|(status, login)| *status == 401 && login != "-");
        if refused.count() > 0 {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "no nonce ever expired");
    }
}

#[test]
fn a_device_that_forgets_its_nonces_is_logged_in_to_again() -> Result<()> {
    let device = device(&["--nonce-uses", "1", "--forgets"])?;
    let url = format!("{}/digest", device.origin());
    let world = World::new();
    let mut probe = probe(&world, &[&device.origin()]);
    for _ in 0..3 {
        let answer = probe.get(&url, json!({ "digest": "right" }));
        assert_eq!(answer["status"], 200, "{answer}");
    }
    assert!(device.stop()?.iter().all(|request| !request.wrong));
    Ok(())
}

#[test]
fn a_refused_login_is_sent_once_whoever_has_it() -> Result<()> {
    for (page, login) in [
        ("basic", json!({ "basic": "wrong" })),
        ("bearer", json!({ "bearer": "wrong-token" })),
        ("digest", json!({ "digest": "wrong" })),
    ] {
        let device = device(&[])?;
        let (origin, url) = (device.origin(), format!("{}/{page}", device.origin()));
        let world = World::new();
        // Four nodes at the same time, three times each.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut probe = probe(&world, &[&origin]);
                    for _ in 0..3 {
                        let answer = probe.get(&url, login.clone());
                        let refused = answer["status"] == 401 || answer["error"] == "unreachable";
                        assert!(refused, "{answer}");
                    }
                });
            }
        });
        let requests = device.stop()?;
        assert_eq!(with_login(&requests), 1, "{page}: {requests:?}");
    }
    Ok(())
}

#[test]
fn a_refusal_counts_when_nobody_waits_for_it_any_more() -> Result<()> {
    for (page, login) in [
        ("basic", json!({ "basic": "wrong" })),
        ("bearer", json!({ "bearer": "wrong-token" })),
        ("digest", json!({ "digest": "wrong" })),
    ] {
        let device = device(&["--refuse-after", "1"])?;
        let url = format!("{}/{page}", device.origin());
        let world = World::new();
        let mut probe = probe(&world, &[&device.origin()]);
        let call = json!({ "do": "http", "url": url, "login": login, "timeout_ms": 300 });
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = probe.ask(call.clone());
            if answer["error"] == "unreachable" {
                break;
            }
            assert_eq!(answer["error"], "timed-out", "{page}: {answer}");
            assert!(
                Instant::now() < deadline,
                "{page}: nobody heard the refusal"
            );
        }
        let requests = device.stop()?;
        assert_eq!(with_login(&requests), 1, "{page}: {requests:?}");
    }
    Ok(())
}

#[test]
fn a_login_that_nobody_judged_is_not_sent_again_at_once() -> Result<()> {
    for (refuse, said) in [
        (401, "refused this login"),
        (403, "did not say whether it takes this login"),
        (400, "did not say whether it takes this login"),
        (429, "did not say whether it takes this login"),
        (500, "did not say whether it takes this login"),
        (503, "did not say whether it takes this login"),
    ] {
        let device = device(&[])?;
        let url = format!("{}/basic?refuse={refuse}", device.origin());
        let world = World::new();
        let mut probe = probe(&world, &[&device.origin()]);
        let login = json!({ "basic": "wrong" });
        assert_eq!(probe.get(&url, login.clone())["status"], refuse);
        for _ in 0..3 {
            let answer = probe.get(&url, login.clone());
            // Later it may be taken: an alert that waits for that is not lost.
            assert_eq!(answer["error"], "unreachable", "{refuse}: {answer}");
            let why = answer["why"].as_str().unwrap_or_default();
            assert!(why.contains(said), "{refuse}: {answer}");
        }
        assert_eq!(with_login(&device.stop()?), 1, "{refuse}");
    }
    Ok(())
}

/// A server that takes no more connections for now, with those that fill it.
fn full_server(world: &World) -> Result<(TcpListener, Vec<TcpStream>)> {
    let _runtime = world.runtime().enter();
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(1)?.into_std()?;
    listener.set_nonblocking(false)?;
    let address = listener.local_addr()?;
    let mut others = Vec::new();
    while let Ok(one) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        others.push(one);
    }
    Ok((listener, others))
}

#[test]
fn a_request_that_was_given_up_is_not_sent_late() -> Result<()> {
    let world = World::new();
    let (listener, others) = full_server(&world)?;
    let origin = format!("http://{}", listener.local_addr()?);
    let mut probe = probe(&world, &[&origin]);
    let call =
        json!({ "do": "http", "url": origin, "login": { "basic": "right" }, "timeout_ms": 300 });
    let answer = probe.ask(call);
    assert_eq!(answer["error"], "timed-out", "{answer}");
    // There is room again, and the connection that nobody waits for comes about.
    let mut late = None;
    for _ in 0..=others.len() {
        let (stream, from) = listener.accept()?;
        let is_other = |one: &TcpStream| one.local_addr().is_ok_and(|address| address == from);
        if !others.iter().any(is_other) {
            late = Some(stream);
        }
    }
    let mut late = late.context("nobody connected late")?;
    late.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut sent = [0; 100];
    let bytes = late.read(&mut sent)?;
    assert_eq!(bytes, 0, "{}", String::from_utf8_lossy(&sent));
    Ok(())
}

#[test]
fn a_challenge_that_never_ends_holds_up_nobody() -> Result<()> {
    let device = device(&[])?;
    let url = format!("{}/silent", device.origin());
    let world = World::new();
    let mut probe = probe(&world, &[&device.origin()]);
    let call =
        json!({ "do": "http", "url": url, "login": { "digest": "right" }, "timeout_ms": 30_000 });
    for _ in 0..2 {
        let answer = probe.ask(call.clone());
        assert_eq!(answer["status"], 200, "{answer}");
    }
    Ok(())
}

#[test]
fn a_login_for_a_device_that_wants_another_kind_is_sent_once() -> Result<()> {
    let device = device(&[])?;
    let world = World::new();
    let mut probe = probe(&world, &[&device.origin()]);
    let url = format!("{}/digest", device.origin());
    for _ in 0..3 {
        probe.get(&url, json!({ "basic": "right" }));
    }
    let answer = probe.get(&url, json!({ "digest": "right" }));
    assert_eq!(answer["status"], 200, "{answer}");
    let requests = device.stop()?;
    let basic = requests
        .iter()
        .filter(|one| one.login.as_deref() == Some("Basic"));
    assert_eq!(basic.count(), 1, "{requests:?}");
    Ok(())
}

#[test]
fn a_login_in_an_address_is_not_sent() -> Result<()> {
    let (first, second) = (device(&[])?, device(&[])?);
    let world = World::new();
    let mut probe = probe(&world, &[&first.origin(), &second.origin()]);
    let guess = second.origin().replace("://", "://agave:guess@");
    let answer = probe.get(&format!("{guess}/basic"), Value::Null);
    assert_eq!(answer["error"], "not-allowed", "{answer}");
    let redirect = format!("{}/redirect?to={guess}/basic", first.origin());
    assert_eq!(probe.get(&redirect, Value::Null)["status"], 302);
    let nameless = redirect.replace("agave:", ":");
    assert_eq!(probe.get(&nameless, Value::Null)["status"], 302);
    assert!(second.stop()?.is_empty(), "it was never asked");
    Ok(())
}

#[test]
fn a_bearer_token_and_basic_are_taken() -> Result<()> {
    let device = device(&[])?;
    let world = World::new();
    let mut probe = probe(&world, &[&device.origin()]);
    for (page, login) in [
        ("bearer", json!({ "bearer": "token" })),
        ("basic", json!({ "basic": "right" })),
    ] {
        let answer = probe.get(&format!("{}/{page}", device.origin()), login);
        assert_eq!(answer["body"], "logged in", "{answer}");
    }
    Ok(())
}
