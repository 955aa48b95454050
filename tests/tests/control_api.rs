//! The control API of a running flow: what it shows, what it changes, and whom it lets.

use std::fs;
use std::time::Duration;

use agave_tests::{Agave, Api, ApiRequest, Yard, agave, flow, free_port};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const START_LIMIT: Duration = Duration::from_secs(60);
const ALERT_LIMIT: Duration = Duration::from_secs(60);

/// A yard whose flow can be asked.
fn open(yard: &Yard) -> Result<(Agave, Api)> {
    let port = free_port()?;
    let address = format!("127.0.0.1:{port}");
    let running = yard.run_with(&["--listen", &address])?;
    let api = Api::at(port);
    api.wait(START_LIMIT)?;
    Ok((running, api))
}

/// A token for the flows of `running`.
fn token(running: &Agave, name: &str, role: &str) -> Result<String> {
    let made = running.beside(["token", "new", name, "--role", role])?;
    ensure!(made.status.success(), "{}", made.stderr);
    Ok(made.stdout.trim().to_owned())
}

#[test]
fn a_flow_is_shown_as_it_is() -> Result<()> {
    let yard = Yard::new()?;
    let (mut running, api) = open(&yard)?;
    running.next_begin(ALERT_LIMIT)?;

    let flows = api.json("/api/v1/flows")?;
    assert_eq!(flows.pointer("/items/0/name"), Some(&json!("yard")));
    let status = api.json("/api/v1/flows/yard/status")?;
    assert_eq!(status.pointer("/cameras/0/health"), Some(&json!("live")));
    let graph = api.json("/api/v1/flows/yard/graph")?;
    let edge = json!({ "from": "camera:field", "to": "node:detect", "carries": "frames" });
    let edges = graph.get("edges").and_then(Value::as_array);
    ensure!(edges.is_some_and(|edges| edges.contains(&edge)), "{graph}");

    let node = api.json("/api/v1/flows/yard/nodes/rule")?;
    assert_eq!(
        node.pointer("/plugin/name"),
        Some(&json!("forbidden-object"))
    );
    assert_eq!(node.pointer("/config/after"), Some(&json!("500ms")));
    let yaml = node.get("yaml").and_then(Value::as_str).unwrap_or_default();
    ensure!(yaml.contains("rule: { plugin: forbidden-object"), "{node}");

    let camera = api.json("/api/v1/flows/yard/cameras/field")?;
    assert_eq!(camera.pointer("/codec"), Some(&json!("h264")));
    assert_eq!(camera.pointer("/classes/2"), Some(&json!("object")));
    assert_eq!(camera.pointer("/zones/0/name"), Some(&json!("forbidden")));

    let alerts = api.json("/api/v1/flows/yard/alerts?class=object&phase=begin")?;
    let alert = alerts.pointer("/items/0").context("there is no alert")?;
    let sequence = alert.get("sequence").and_then(Value::as_u64);
    let path = format!("/api/v1/flows/yard/alerts/{}", sequence.unwrap_or_default());
    let details = api.json(&path)?;
    let steps = details.pointer("/why/steps").and_then(Value::as_array);
    let nodes: Vec<&str> = steps
        .into_iter()
        .flatten()
        .filter_map(|step| step.get("node")?.as_str())
        .collect();
    ensure!(nodes.starts_with(&["detect", "zoned", "rule"]), "{details}");

    for path in [
        format!("{path}/picture.jpg"),
        picture("boxes=all&width=320"),
    ] {
        let picture = api.get(&path)?;
        ensure!(picture.status == 200, "{path}: {}", picture.shown());
        assert_eq!(picture.header("content-type"), "image/jpeg");
        ensure!(picture.body.starts_with(&[0xff, 0xd8]), "{path} is no JPEG");
    }
    let figures = String::from_utf8(api.get("/metrics")?.body)?;
    ensure!(
        figures.contains("agave_camera_up{flow=\"yard\",camera=\"field\"} 1"),
        "{figures}"
    );
    assert_eq!(api.json("/health/ready")?.get("status"), Some(&json!("ok")));
    yard.finish(running)?;
    Ok(())
}

fn picture(query: &str) -> String {
    format!("/api/v1/flows/yard/cameras/field/picture.jpg?{query}")
}

#[test]
fn what_passes_is_seen_as_it_passes() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = open(&yard)?;
    let mut tap = api.socket("/api/v1/flows/yard/nodes/zoned/tap")?;
    let passed = tap.until("passed")?;
    assert_eq!(passed.pointer("/detections/camera"), Some(&json!("field")));

    let mut live = api.socket("/api/v1/flows/yard/live")?;
    let status = live.until("status")?;
    assert_eq!(status.get("flow"), Some(&json!("yard")));
    assert_eq!(live.until("alert")?.get("camera_id"), Some(&json!("field")));
    yard.edit("yard.yaml", "hold: 2s", "hold: 3s")?;
    assert_eq!(live.until("reload")?.get("result"), Some(&json!("applied")));

    // The camera's own pictures, from a key frame on, and detections that belong to them.
    let mut video = api.socket("/api/v1/flows/yard/cameras/field/video")?;
    let config = video.until("config")?;
    let codec = config
        .get("codec")
        .and_then(Value::as_str)
        .unwrap_or_default();
    ensure!(codec.starts_with("avc1."), "{config}");
    let packet = video.next_bytes()?;
    assert_eq!(packet.first(), Some(&1), "the first picture is a key frame");
    ensure!(
        packet.get(9..13) == Some(&[0, 0, 0, 1]),
        "it has start codes"
    );
    let frame = video.until("frame")?;
    assert_eq!(frame.get("node"), Some(&json!("zoned")));
    ensure!(frame.get("pts_us").is_some_and(Value::is_i64), "{frame}");
    yard.finish(running)?;
    Ok(())
}

#[test]
fn the_flow_file_is_written_by_whoever_saw_it_last() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = open(&yard)?;
    let path = "/api/v1/flows/yard/file";
    let file = api.get(path)?;
    let tag = file.header("etag").to_owned();
    let text = String::from_utf8(file.body)?;
    let put = |tag: &str, text: &str| {
        api.ask(&ApiRequest {
            method: "PUT",
            path,
            headers: &[("if-match", tag), ("content-type", "application/yaml")],
            body: text,
        })
    };
    let edited = text.replace("hold: 2s", "hold: 4s");
    let plan = api.ask(&ApiRequest {
        method: "POST",
        path: "/api/v1/flows/yard/plan",
        body: &edited,
        ..ApiRequest::default()
    })?;
    assert_eq!(
        plan.json()?.get("result"),
        Some(&json!("planned")),
        "{}",
        plan.shown()
    );
    let applied = put(&tag, &edited)?;
    assert_eq!(
        applied.json()?.get("result"),
        Some(&json!("applied")),
        "{}",
        applied.shown()
    );
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, edited);

    // Somebody else has seen the text before.
    assert_eq!(put(&tag, &text)?.status, 412);
    let without = api.ask(&ApiRequest {
        method: "PUT",
        path,
        body: &text,
        ..ApiRequest::default()
    })?;
    assert_eq!(without.status, 428);
    // What cannot run is not written, and says where.
    let tag = applied.header("etag").to_owned();
    let broken = put(&tag, &edited.replace("plugin: roi", "plugin: rio"))?;
    assert_eq!(broken.status, 422, "{}", broken.shown());
    let problem = broken.json()?;
    let line = problem.pointer("/problems/0/line").and_then(Value::as_u64);
    assert_eq!(line, Some(14), "{problem}");
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, edited);

    // And back.
    let versions = api.json("/api/v1/flows/yard/versions")?;
    assert_eq!(
        versions.pointer("/items/0/why"),
        Some(&json!("page")),
        "{versions}"
    );
    let restored = api.ask(&ApiRequest {
        method: "POST",
        path: "/api/v1/flows/yard/versions/1/restore",
        headers: &[("if-match", &tag)],
        body: "",
    })?;
    assert_eq!(restored.status, 200, "{}", restored.shown());
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, text);
    yard.finish(running)?;
    Ok(())
}

#[test]
fn passwords_in_the_flow_file_stay_on_the_machine() -> Result<()> {
    let yard = Yard::new()?;
    let flow = yard.flow("yard");
    let brokers = "brokers:\n  home:\n    mqtt: mqtt://127.0.0.1:1\n    username: anna\n    password: hunter2 # ours\n";
    yard.write("yard.yaml", format!("{flow}{brokers}"))?;
    let (running, api) = open(&yard)?;
    let path = "/api/v1/flows/yard/file";
    let file = api.get(path)?;
    let text = String::from_utf8(file.body.clone())?;
    ensure!(text.contains("    password: <hidden-1> # ours"), "{text}");
    let put = api.ask(&ApiRequest {
        method: "PUT",
        path,
        headers: &[("if-match", file.header("etag"))],
        body: &text.replace("hold: 2s", "hold: 4s"),
    })?;
    assert_eq!(put.status, 200, "{}", put.shown());
    let written = fs::read_to_string(yard.at("yard.yaml"))?;
    assert_eq!(
        written,
        format!("{flow}{brokers}").replace("hold: 2s", "hold: 4s")
    );
    for path in [
        "status",
        "versions",
        "versions/1",
        "nodes/calm",
        "cameras",
        "graph",
    ] {
        let shown = api.get(&format!("/api/v1/flows/yard/{path}"))?;
        ensure!(
            !String::from_utf8_lossy(&shown.body).contains("hunter2"),
            "{path}"
        );
    }
    yard.finish(running)?;
    Ok(())
}

#[test]
fn a_zone_changes_its_line_and_no_other() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = open(&yard)?;
    let before = fs::read_to_string(yard.at("yard.yaml"))?;
    let zones = api.get("/api/v1/flows/yard/cameras/field/zones")?;
    let tag = zones.header("etag").to_owned();
    let put = |path: &str, tag: &str, points: Value| {
        api.ask(&ApiRequest {
            method: "PUT",
            path,
            headers: &[("if-match", tag), ("content-type", "application/json")],
            body: &json!({ "points": points }).to_string(),
        })
    };
    let path = "/api/v1/flows/yard/cameras/field/zones/forbidden";
    let crossed = put(
        path,
        &tag,
        json!([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]),
    )?;
    assert_eq!(crossed.status, 422, "{}", crossed.shown());
    let changed = put(path, &tag, json!([[0.25, 0.5], [0.75, 0.5], [0.5, 0.95]]))?;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    let after = fs::read_to_string(yard.at("yard.yaml"))?;
    let differs = before
        .lines()
        .zip(after.lines())
        .filter(|(one, other)| one != other);
    let differs: Vec<_> = differs.collect();
    assert_eq!(
        differs,
        [(
            "      forbidden: [[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]",
            "      forbidden: [[0.25, 0.5], [0.75, 0.5], [0.5, 0.95]]"
        )]
    );
    assert_eq!(before.lines().count(), after.lines().count());
    // By the other name for it.
    let rois = api.get("/api/v1/config/rois/field")?;
    assert_eq!(
        rois.json()?.pointer("/items/0/points/2"),
        Some(&json!([0.5, 0.95]))
    );
    let added = put(
        "/api/v1/config/rois/field/gate",
        rois.header("etag"),
        json!([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]]),
    )?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let removed = api.ask(&ApiRequest {
        method: "DELETE",
        path: "/api/v1/config/rois/field/gate",
        headers: &[("if-match", added.header("etag"))],
        body: "",
    })?;
    assert_eq!(removed.status, 200, "{}", removed.shown());
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, after);
    yard.finish(running)?;
    Ok(())
}

/// Every operation of the document, with what stands in its path filled in.
fn operations(document: &Value) -> Result<Vec<(String, String, Option<String>)>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut all = Vec::new();
    for (path, item) in paths.context("the document has no paths")? {
        let filled = path
            .replace("{flow}", "yard")
            .replace("{camera}", "field")
            .replace("{node}", "zoned")
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
    let (running, anonymous) = open(&yard)?;
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
    let (running, api) = open(&yard)?;
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
