//! What nobody can take from others who use the control API of a running flow: connections,
//! sockets, and being asked for a token.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use agave_tests::{Agave, Api, ApiRequest, Yard, served, token};
use anyhow::{Context, Result, ensure};

/// More than there can be connections.
const CROWD: usize = 700;
/// As many sockets as one token may have.
const BY_TOKEN: usize = 64;

fn revoke(running: &Agave, name: &str) -> Result<()> {
    let revoked = running.beside(["token", "revoke", name])?;
    ensure!(revoked.status.success(), "{}", revoked.stderr);
    Ok(())
}

/// Otherwise the next request of whoever keeps connections goes into one that is about to end.
#[test]
fn who_is_refused_before_all_is_read_hears_that_the_connection_ends() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let mut stream = TcpStream::connect(("127.0.0.1", api.port()))?;
    let head = "PUT /api/v1/flows/yard/file HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/yaml\r\nContent-Length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let answer = answer.to_lowercase();
    ensure!(answer.starts_with("http/1.1 428"), "{answer}");
    ensure!(answer.contains("connection: close"), "{answer}");
    let kept = api.ask(&ApiRequest {
        method: "PUT",
        path: "/api/v1/flows/yard/file",
        headers: &[
            ("if-match", "\"old\""),
            ("content-type", "application/yaml"),
        ],
        body: "version: 1",
    })?;
    assert_eq!(kept.status, 412, "{}", kept.shown());
    yard.finish(running)?;
    Ok(())
}

#[test]
fn who_says_nothing_shuts_nobody_out() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let anna = api.with_token(&token(&running, "anna", "viewer")?);
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let mut stream = TcpStream::connect(("127.0.0.1", api.port()))?;
        if number % 2 == 0 {
            // A body that never comes, of somebody unknown.
            let head = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
            stream.write_all(head.as_bytes())?;
        }
        crowd.push(stream);
        if number % 50 == 0 {
            // Each time over a new connection.
            assert_eq!(Api::at(api.port()).get("/health/live")?.status, 200);
            assert_eq!(anna.get("/api/v1/flows")?.status, 200);
        }
    }
    assert_eq!(Api::at(api.port()).get("/health/live")?.status, 200);
    assert_eq!(anna.get("/api/v1/flows")?.status, 200);
    drop(crowd);
    yard.finish(running)?;
    Ok(())
}

#[test]
fn a_socket_ends_with_what_it_was_opened_by() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let live = "/api/v1/flows/yard/live";
    // Nobody has made a token yet.
    let mut local = api.socket(live)?;
    local.until("status")?;
    let anna = api.with_token(&token(&running, "anna", "viewer")?);
    let otto = api.with_token(&token(&running, "otto", "operator")?);
    assert_eq!(local.closed()?.0, 4401);

    let mut sockets = [
        anna.socket(live)?,
        anna.socket("/api/v1/flows/yard/nodes/zoned/tap")?,
        anna.socket("/api/v1/flows/yard/cameras/field/video")?,
    ];
    let mut other = otto.socket(live)?;
    sockets[0].until("status")?;
    revoke(&running, "anna")?;
    for socket in &mut sockets {
        let (code, reason) = socket.closed()?;
        assert_eq!(
            (code, reason.contains("taken away")),
            (4401, true),
            "{reason}"
        );
    }
    other.until("status")?;
    yard.finish(running)?;
    let (code, reason) = other.closed()?;
    assert_eq!(code, 1001, "{reason}");
    Ok(())
}

#[test]
fn one_token_has_not_all_the_sockets() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let anna = api.with_token(&token(&running, "anna", "viewer")?);
    let otto = api.with_token(&token(&running, "otto", "operator")?);
    let live = "/api/v1/flows/yard/live";
    let mut sockets = Vec::new();
    for _ in 0..BY_TOKEN {
        sockets.push(anna.socket(live)?);
    }
    let refused = anna.socket(live).err().context("one more was let in")?;
    ensure!(format!("{refused:#}").contains("503"), "{refused:#}");
    otto.socket(live)?.until("status")?;
    // Who goes makes room.
    drop(sockets);
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while anna.socket(live).is_err() {
        ensure!(std::time::Instant::now() < deadline, "nobody has gone");
        std::thread::yield_now();
    }
    yard.finish(running)?;
    Ok(())
}

#[test]
fn what_comes_from_elsewhere_is_known_for_that() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let status = |method: &str, path: &str, headers: &[(&str, &str)]| -> Result<u16> {
        let answer = api.ask(&ApiRequest {
            method,
            path,
            headers,
            body: "",
        })?;
        Ok(answer.status)
    };
    let flows = "/api/v1/flows";
    assert_eq!(status("GET", flows, &[])?, 200);
    // Whoever is behind a proxy on this machine is not on this machine.
    for header in ["forwarded", "x-forwarded-for", "via", "x-real-ip"] {
        assert_eq!(
            status("GET", flows, &[(header, "192.0.2.1")])?,
            401,
            "{header}"
        );
    }
    // A page of somebody else has none of our pictures in it.
    let picture = "/api/v1/flows/yard/cameras/field/picture.jpg";
    for site in ["cross-site", "same-site"] {
        assert_eq!(status("GET", picture, &[("sec-fetch-site", site)])?, 403);
        assert_eq!(status("GET", "/metrics", &[("sec-fetch-site", site)])?, 403);
    }
    let shown = api.get(flows)?;
    assert_eq!(shown.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(shown.header("cross-origin-opener-policy"), "same-origin");
    // Another method is no way around any of it.
    let elsewhere = ("host", "elsewhere.example");
    assert_eq!(status("PATCH", flows, &[elsewhere])?, 403);
    assert_eq!(status("PATCH", flows, &[])?, 405);
    // After the last token as before it: somebody has wanted one to be asked for.
    token(&running, "anna", "viewer")?;
    revoke(&running, "anna")?;
    assert_eq!(status("GET", flows, &[])?, 401);
    yard.finish(running)?;
    Ok(())
}
