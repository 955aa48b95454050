//! HTTP: connections, redirects and limits. Logins are in `logins`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use agave_tests::{BrokerOptions, Mosquitto, free_port};
use anyhow::Result;
use serde_json::{Value, json};

use crate::logins::{device, probe};
use crate::probe::World;

#[test]
fn connections_are_used_again_and_are_few() -> Result<()> {
    let device = device(&[])?;
    let origin = device.origin();
    let world = World::new();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut probe = probe(&world, &[&origin]);
                for _ in 0..5 {
                    let url = format!("{origin}/slow?seconds=0.01");
                    assert_eq!(probe.get(&url, Value::Null)["status"], 200);
                }
            });
        }
    });
    let requests = device.stop()?;
    let connections: BTreeSet<u64> = requests.iter().map(|one| one.connection).collect();
    assert_eq!(requests.len(), 30);
    assert!(connections.len() <= 2, "{connections:?}");
    Ok(())
}

#[test]
fn a_redirect_stays_within_the_grant_and_takes_no_login_elsewhere() -> Result<()> {
    let (first, second, third) = (device(&[])?, device(&[])?, device(&[])?);
    let world = World::new();
    let mut probe = probe(&world, &[&first.origin(), &second.origin()]);
    let redirect = |to: &str| format!("{}/redirect?to={to}", first.origin());
    let login = json!({ "basic": "right" });

    let within = redirect(&format!("{}/basic", first.origin()));
    assert_eq!(probe.get(&within, login.clone())["body"], "logged in");
    let relative = redirect("/basic");
    assert_eq!(probe.get(&relative, login.clone())["body"], "logged in");

    let elsewhere = redirect(&format!("{}/basic", second.origin()));
    let answer = probe.get(&elsewhere, login.clone());
    assert_eq!(
        answer["status"], 401,
        "followed, without the login: {answer}"
    );

    let outside = redirect(&format!("{}/ok", third.origin()));
    assert_eq!(probe.get(&outside, login)["status"], 302, "not followed");

    let around = redirect("/redirect%3Fto%3D/ok");
    assert_eq!(probe.get(&around, Value::Null)["body"], "fine");
    let endless = format!("{}/circle", first.origin());
    assert_eq!(probe.get(&endless, Value::Null)["status"], 302, "given up");

    assert!(second.stop()?.iter().all(|request| request.login.is_none()));
    assert!(third.stop()?.is_empty(), "it was never asked");
    Ok(())
}

#[test]
fn a_plugin_s_own_credentials_stay_with_their_server_too() -> Result<()> {
    let (first, second) = (device(&[])?, device(&[])?);
    let world = World::new();
    let mut probe = probe(&world, &[&first.origin(), &second.origin()]);
    let url = format!("{}/redirect?to={}/echo", first.origin(), second.origin());
    let answer = probe.ask(json!({
        "do": "http", "url": url,
        "headers": [["authorization", "Custom abc"], ["cookie", "session=1"], ["x-farm", "yes"]],
    }));
    let echoed: Value = serde_json::from_str(answer["body"].as_str().unwrap())?;
    let headers = echoed["headers"].as_object().unwrap();
    assert!(!headers.contains_key("authorization") && !headers.contains_key("cookie"));
    assert_eq!(headers["x-farm"], "yes");
    Ok(())
}

#[test]
fn a_post_is_not_forgotten_on_the_way() -> Result<()> {
    let device = device(&[])?;
    let world = World::new();
    let mut probe = probe(&world, &[&device.origin()]);
    let mut post = |status: u16| {
        let url = format!("{}/redirect?status={status}&to=/echo", device.origin());
        probe.ask(json!({ "do": "http", "url": url, "method": "post", "body": "hello" }))
    };
    // Browsers would ask for the page without what was posted, and take its 200 for an answer.
    for status in [301, 302] {
        assert_eq!(post(status)["status"], status);
    }
    for (status, method, body) in [(303, "GET", ""), (307, "POST", "hello")] {
        let answer = post(status);
        let echoed: Value = serde_json::from_str(answer["body"].as_str().unwrap())?;
        assert_eq!(echoed["method"], method, "{status}");
        assert_eq!(echoed["body"], body, "{status}");
    }
    Ok(())
}

#[test]
fn what_is_too_large_or_too_slow_ends() -> Result<()> {
    let device = device(&[])?;
    let origin = device.origin();
    let world = World::new();
    let mut probe = probe(&world, &[&origin]);
    let get = |path: &str| json!({ "do": "http", "url": format!("{origin}{path}") });
    let fits = probe.ask(get("/bytes?count=900000"));
    assert_eq!(fits["length"], 900_000);
    assert_eq!(probe.ask(get("/bytes?count=1048577"))["error"], "too-large");
    assert_eq!(probe.ask(get("/endless"))["error"], "too-large");
    let sent = |bytes: usize| json!({ "do": "http", "url": format!("{origin}/ok"), "method": "put", "bytes": bytes });
    assert_eq!(probe.ask(sent(1 << 20))["status"], 200);
    assert_eq!(probe.ask(sent((1 << 20) + 1))["error"], "too-large");
    let began = Instant::now();
    let slow =
        json!({ "do": "http", "url": format!("{origin}/slow?seconds=60"), "timeout_ms": 200 });
    assert_eq!(probe.ask(slow)["error"], "timed-out");
    assert!(began.elapsed() < Duration::from_secs(5));
    Ok(())
}

#[test]
fn what_is_not_granted_is_refused_with_the_key_that_grants_it() -> Result<()> {
    let device = device(&[])?;
    let world = World::new();
    let mut probe = probe(&world, &[&device.origin()]);
    let other = format!("http://127.0.0.1:{}", free_port()?);
    let answer = probe.get(&other, Value::Null);
    assert_eq!(answer["error"], "not-allowed");
    let why = answer["why"].as_str().unwrap();
    assert!(why.contains("allow.http") && why.contains(&other), "{why}");

    let secret = probe.ask(json!({ "do": "open", "name": "nvr" }));
    assert!(secret["why"].as_str().unwrap().contains("allow.secrets"));
    for header in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "accept-encoding",
    ] {
        let call = json!({ "do": "http", "url": format!("{}/ok", device.origin()), "headers": [[header, "1"]] });
        assert_eq!(probe.ask(call)["error"], "not-allowed", "{header}");
    }
    assert!(device.stop()?.is_empty());
    Ok(())
}

#[test]
fn a_call_ends_when_agave_stops() -> Result<()> {
    let mut device = device(&[])?;
    let url = format!("{}/slow?seconds=60", device.origin());
    let ok = format!("{}/ok", device.origin());
    let world = World::new();
    let mut probe = probe(&world, &[&device.origin()]);
    assert_eq!(probe.get(&ok, Value::Null)["status"], 200);
    device.request()?;
    world.hang_up.cancel();
    let began = Instant::now();
    assert_eq!(probe.get(&url, Value::Null)["error"], "unreachable");
    assert!(began.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() -> Result<()> {
    // Any server with TLS will do: it does not get as far as HTTP.
    let server = Mosquitto::start(BrokerOptions {
        user: None,
        tls: true,
    })?;
    let origin = server.url().replace("mqtts", "https");
    let world = World::new();
    let answer = probe(&world, &[&origin]).get(&origin, Value::Null);
    assert_eq!(answer["error"], "unreachable", "{answer}");
    let why = answer["why"].as_str().unwrap();
    assert!(why.contains("certificate"), "{why}");
    Ok(())
}
