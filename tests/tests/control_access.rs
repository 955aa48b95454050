//! Whom the control API of a running flow lets, and to what.

use std::process::Command;

use agave_tests::{Api, ApiRequest, Yard, agave, flow, free_port, served, token};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Every operation of the document, with what stands in its path filled in.
fn operations(document: &Value) -> Result<Vec<(String, String, Option<String>)>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut all = Vec::new();
    for (path, item) in paths.context("the document has no paths")? {
        let filled = path
            .replace("{flow}", "yard")
            .replace("{camera}", "field")
            .replace("{node}", "zoned")
            .replace("{rule}", "zoned")
            .replace("{zone}", "none")
            .replace("{adapter}", "none")
            .replace("{id}", "none")
            .replace("{version}", "99")
            .replace("{sequence}", "99999");
        ensure!(
            !filled.contains('{'),
            "{path} has a name that is not filled in"
        );
        for (method, operation) in item.as_object().into_iter().flatten() {
            let security = operation
                .get("security")
                .with_context(|| format!("{method} {path} does not say what it needs"))?;
            let role = security.pointer("/0/token/0").and_then(Value::as_str);
            all.push((
                method.to_uppercase(),
                filled.clone(),
                role.map(str::to_owned),
            ));
        }
    }
    Ok(all)
}

#[test]
fn everybody_is_refused_what_is_not_theirs() -> Result<()> {
    let yard = Yard::new()?;
    let (running, anonymous) = served(&yard)?;
    // Nobody has made a token: whoever is on this machine may do everything.
    assert_eq!(anonymous.get("/api/v1/tokens")?.status, 200);
    let viewer = anonymous.with_token(&token(&running, "anna", "viewer")?);
    let operator = anonymous.with_token(&token(&running, "otto", "operator")?);
    let admin = anonymous.with_token(&token(&running, "ada", "admin")?);
    let document = anonymous.json("/api/openapi.json")?;
    let operations = operations(&document)?;
    ensure!(operations.len() > 30, "there are {}", operations.len());
    let rank = |role: &str| {
        ["viewer", "operator", "admin"]
            .iter()
            .position(|one| *one == role)
    };
    for (method, path, needed) in &operations {
        let asks = [
            (&anonymous, None),
            (&viewer, Some("viewer")),
            (&operator, Some("operator")),
            (&admin, Some("admin")),
        ];
        for (api, role) in asks {
            let answer = api.ask(&ApiRequest {
                method,
                path,
                ..ApiRequest::default()
            })?;
            let expected = match (needed, role) {
                (None, _) => None,
                (Some(_), None) => Some(401),
                (Some(needed), Some(role)) if rank(role) < rank(needed) => Some(403),
                (Some(_), Some(_)) => None,
            };
            let is_right = match expected {
                Some(status) => answer.status == status,
                None => path == "/api/v1/session" || !matches!(answer.status, 401 | 403),
            };
            ensure!(is_right, "{method} {path} as {role:?}: {}", answer.shown());
        }
    }
    // A token that is taken away lets nobody in any more.
    let revoked = running.beside(["token", "revoke", "anna"])?;
    ensure!(revoked.status.success(), "{}", revoked.stderr);
    assert_eq!(viewer.get("/api/v1/flows")?.status, 401);
    let audit = admin.json("/api/v1/audit")?;
    ensure!(
        audit.to_string().contains("POST /api/v1/flows/yard/reload"),
        "{audit}"
    );
    yard.finish(running)?;
    Ok(())
}

#[test]
fn a_session_is_a_cookie_and_a_word() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let token = token(&running, "otto", "operator")?;
    let log_in = |token: &str| {
        api.ask(&ApiRequest {
            method: "POST",
            path: "/api/v1/session",
            headers: &[("content-type", "application/json")],
            body: &json!({ "token": token }).to_string(),
        })
    };
    assert_eq!(log_in("agv_wrong")?.status, 401);
    let session = log_in(&token)?;
    assert_eq!(session.status, 200, "{}", session.shown());
    let cookie = session.header("set-cookie").to_owned();
    ensure!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    ensure!(!cookie.contains(&token), "{cookie}");
    let cookie = cookie.split(';').next().unwrap_or_default();
    let csrf = session.json()?;
    let csrf = csrf
        .get("csrf")
        .and_then(Value::as_str)
        .context("there is no word")?;
    let reload = |headers: &[(&str, &str)]| {
        let answer = api.ask(&ApiRequest {
            method: "POST",
            path: "/api/v1/flows/yard/reload",
            headers,
            body: "",
        });
        answer.map(|answer| answer.status)
    };
    assert_eq!(reload(&[])?, 401);
    assert_eq!(reload(&[("cookie", cookie)])?, 403);
    assert_eq!(reload(&[("cookie", cookie), ("x-agave-csrf", csrf)])?, 200);
    let elsewhere = ("origin", "http://elsewhere.example");
    assert_eq!(
        reload(&[("cookie", cookie), ("x-agave-csrf", csrf), elsewhere])?,
        403
    );
    let other_name = api.ask(&ApiRequest {
        path: "/api/v1/flows",
        headers: &[("host", "elsewhere.example"), ("cookie", cookie)],
        ..ApiRequest::default()
    })?;
    assert_eq!(other_name.status, 403);
    // Ten wrong ones in a row, and the address waits.
    let mut last = 0;
    for _ in 0..12 {
        last = log_in("agv_wrong")?.status;
    }
    assert_eq!(last, 429);
    yard.finish(running)?;
    Ok(())
}

#[test]
fn other_machines_are_served_with_a_certificate_and_a_token_only() -> Result<()> {
    let demo = flow("demo.yaml");
    let demo = demo.to_str().context("the flow's path is not text")?;
    let open = agave(["run", demo, "--no-state", "--listen", "0.0.0.0:0"])?;
    assert_eq!(open.status.code(), Some(1));
    ensure!(open.stderr.contains("--tls-certificate"), "{}", open.stderr);
    let nobody = agave([
        "run",
        demo,
        "--no-state",
        "--listen",
        "0.0.0.0:0",
        "--clear-text",
    ])?;
    assert_eq!(nobody.status.code(), Some(1));
    ensure!(
        nobody.stderr.contains("agave token new"),
        "{}",
        nobody.stderr
    );
    Ok(())
}

/// Asks the address in the first argument over TLS, and trusts the certificate in the second.
const ASK: &str = "
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
print(urllib.request.urlopen(sys.argv[1], context=context, timeout=30).read().decode())
";

#[test]
fn a_certificate_encrypts_everything() -> Result<()> {
    let yard = Yard::new()?;
    let (certificate, key) = (yard.at("certificate.pem"), yard.at("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .context("cannot start openssl")?;
    ensure!(made.status.success(), "{made:?}");
    let port = free_port()?;
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let running = yard.run_with(&[
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--tls-certificate",
        &certificate,
        "--tls-key",
        &key,
    ])?;
    let url = format!("https://localhost:{port}/api/v1/flows");
    let asked = Command::new("/usr/bin/python3")
        .args(["-c", ASK, &url, &certificate])
        .output()?;
    let said = String::from_utf8_lossy(&asked.stdout);
    ensure!(said.contains("\"name\":\"yard\""), "{asked:?}");
    // In clear text there is nobody.
    ensure!(Api::at(port).get("/health/live").is_err());
    yard.finish(running)?;
    Ok(())
}
