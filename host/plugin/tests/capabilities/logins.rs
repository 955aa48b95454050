//! HTTP logins: taken where they are right, sent once where they are wrong.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use agave_tests::{Device, DeviceRequest, User, WebServer};
use anyhow::Result;
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
                assert_eq!(held_back["error"], "not-allowed", "{page}: {held_back}");
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
                        let refused = answer["status"] == 401 || answer["error"] == "not-allowed";
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
            if answer["error"] == "not-allowed" {
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
    for (refuse, error) in [
        (401, "not-allowed"),
        (403, "not-allowed"),
        (400, "unreachable"),
        (429, "unreachable"),
        (500, "unreachable"),
        (503, "unreachable"),
    ] {
        let device = device(&[])?;
        let url = format!("{}/basic?refuse={refuse}", device.origin());
        let world = World::new();
        let mut probe = probe(&world, &[&device.origin()]);
        let login = json!({ "basic": "wrong" });
        assert_eq!(probe.get(&url, login.clone())["status"], refuse);
        for _ in 0..3 {
            let answer = probe.get(&url, login.clone());
            assert_eq!(answer["error"], error, "{refuse}: {answer}");
        }
        assert_eq!(with_login(&device.stop()?), 1, "{refuse}");
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
