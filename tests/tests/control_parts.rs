//! Changes of a flow in several files, by several people at once, and the way back.

use std::fs;
use std::time::{Duration, Instant};

use agave_tests::{Agave, Api, ApiAnswer, ApiRequest, Signal, Yard, free_port, served};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const ZONES: &str = "/api/v1/flows/yard/cameras/field/zones";
const PART: &str = "parts/field.yaml";

/// A yard whose camera is in a part.
fn in_parts() -> Result<Yard> {
    let yard = Yard::new()?;
    let flow = yard.flow("yard");
    let from = flow.find("cameras:").context("the flow has cameras")?;
    let to = flow.find("nodes:").context("the flow has nodes")?;
    let (head, cameras, nodes) = (&flow[..from], &flow[from..to], &flow[to..]);
    fs::create_dir(yard.at("parts"))?;
    yard.write(PART, cameras)?;
    yard.write("yard.yaml", format!("{head}include: {PART}\n{nodes}"))?;
    Ok(yard)
}

fn change(api: &Api, method: &str, path: &str, tag: &str, body: &Value) -> Result<ApiAnswer> {
    api.ask(&ApiRequest {
        method,
        path,
        headers: &[("if-match", tag), ("content-type", "application/json")],
        body: &body.to_string(),
    })
}

fn zone(api: &Api, name: &str, tag: &str, top: f64) -> Result<ApiAnswer> {
    let points = json!({ "points": [[0.1, top], [0.2, top], [0.15, 0.9]] });
    change(api, "PUT", &format!("{ZONES}/{name}"), tag, &points)
}

fn tag(api: &Api) -> Result<String> {
    Ok(api.get(ZONES)?.header("etag").to_owned())
}

#[test]
fn nobody_overwrites_what_others_have_drawn_in_a_part() -> Result<()> {
    let yard = in_parts()?;
    let (running, api) = served(&yard)?;
    // Two who saw the same: the second one is told.
    let seen = tag(&api)?;
    let anna = zone(&api, "shed", &seen, 0.1)?;
    assert_eq!(anna.status, 200, "{}", anna.shown());
    ensure!(anna.header("etag") != seen, "the tag has to change");
    assert_eq!(zone(&api, "shed", &seen, 0.2)?.status, 412);
    // The same after somebody has edited the part.
    let seen = tag(&api)?;
    let part = fs::read_to_string(yard.at(PART))?;
    yard.write(PART, part.replace("max-age: 5s", "max-age: 6s"))?;
    assert_eq!(zone(&api, "shed", &seen, 0.3)?.status, 412);

    // Four who draw at the same time, each until it is drawn.
    let drawn: Result<Vec<u32>> = std::thread::scope(|scope| {
        let draw = |name: &'static str, api: Api| {
            move || -> Result<u32> {
                let deadline = Instant::now() + LIMIT;
                let mut drawn = 0;
                while drawn < 4 {
                    ensure!(Instant::now() < deadline, "{name} came to {drawn}");
                    let top = 0.1 + 0.1 * f64::from(drawn + 1);
                    let answer = zone(&api, name, &tag(&api)?, top)?;
                    match answer.status {
                        200 => drawn += 1,
                        412 => {}
                        _ => anyhow::bail!("{}", answer.shown()),
                    }
                }
                Ok(drawn)
            }
        };
        let names = ["north", "east", "south", "west"];
        let threads = names.map(|name| scope.spawn(draw(name, api.clone())));
        let joined = threads.map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| anyhow::bail!("it panicked"))
        });
        joined.into_iter().collect()
    });
    assert_eq!(drawn?, [4; 4]);
    let part = fs::read_to_string(yard.at(PART))?;
    for name in ["north", "east", "south", "west"] {
        ensure!(
            part.contains(&format!("{name}: [[0.1, 0.5]")),
            "{name}: {part}"
        );
    }
    yard.finish(running)?;
    Ok(())
}

#[test]
fn a_zone_in_a_part_can_be_put_back() -> Result<()> {
    let yard = in_parts()?;
    let (running, api) = served(&yard)?;
    let before = (
        fs::read_to_string(yard.at("yard.yaml"))?,
        fs::read_to_string(yard.at(PART))?,
    );
    let changed = zone(&api, "forbidden", &tag(&api)?, 0.1)?;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    let versions = api.json("/api/v1/flows/yard/versions")?;
    let files = versions.pointer("/items/0/files/0").and_then(Value::as_str);
    ensure!(files.is_some_and(|file| file.ends_with(PART)), "{versions}");
    let path = "/api/v1/flows/yard/versions/1/restore";
    assert_eq!(
        change(&api, "POST", path, "\"other\"", &json!({}))?.status,
        412
    );
    let restored = change(&api, "POST", path, changed.header("etag"), &json!({}))?;
    assert_eq!(restored.status, 200, "{}", restored.shown());
    let after = (
        fs::read_to_string(yard.at("yard.yaml"))?,
        fs::read_to_string(yard.at(PART))?,
    );
    assert_eq!(after, before);
    let points = api.json(ZONES)?;
    assert_eq!(points.pointer("/items/0/points/0/0"), Some(&json!(0.205)));

    // What would make a flow that cannot run is not written, in a part neither.
    let crossed = json!({ "points": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]] });
    let refused = change(
        &api,
        "PUT",
        &format!("{ZONES}/forbidden"),
        &tag(&api)?,
        &crossed,
    )?;
    assert_eq!(refused.status, 422, "{}", refused.shown());
    assert_eq!(fs::read_to_string(yard.at(PART))?, before.1);
    yard.finish(running)?;
    Ok(())
}

#[test]
fn an_edit_is_one_reload() -> Result<()> {
    let yard = in_parts()?;
    let (mut running, api) = served(&yard)?;
    let changed = zone(&api, "forbidden", &tag(&api)?, 0.1)?;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    assert_eq!(running.next_reload(LIMIT)?.why, "page");
    // Had the watcher seen that as a change, it would have told of it before this one.
    yard.edit("yard.yaml", "hold: 2s", "hold: 3s")?;
    let next = running.next_reload(LIMIT)?;
    assert_eq!(
        (next.why.as_str(), next.result.as_str()),
        ("files", "applied")
    );
    let status = api.json("/api/v1/flows/yard/status")?;
    assert_eq!(status.pointer("/reloads/applied"), Some(&json!(2)));
    assert_eq!(status.pointer("/reloads/unchanged"), Some(&json!(0)));
    yard.finish(running)?;
    Ok(())
}

/// Runs the yard with its state in the folder of the yard, which is there again the next time.
fn with_state(yard: &Yard) -> Result<(Agave, Api)> {
    let (port, state) = (free_port()?, yard.at("state"));
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["--workers", "1", "--listen", &listen, "--state"];
    let state = state.to_str().context("the folder's path is not text")?;
    let running = Agave::run(&yard.at("yard.yaml"), &[&arguments[..], &[state]].concat())?;
    let api = Api::at(port);
    api.wait(LIMIT)?;
    Ok((running, api))
}

#[test]
fn the_way_back_survives_a_restart() -> Result<()> {
    let yard = in_parts()?;
    let before = fs::read_to_string(yard.at(PART))?;
    let (running, api) = with_state(&yard)?;
    let changed = zone(&api, "forbidden", &tag(&api)?, 0.1)?;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    running.kill()?;

    let (running, api) = with_state(&yard)?;
    let versions = api.json("/api/v1/flows/yard/versions")?;
    assert_eq!(
        versions.pointer("/items/0/version"),
        Some(&json!(2)),
        "{versions}"
    );
    assert_eq!(
        versions.pointer("/items/0/current"),
        Some(&json!(true)),
        "{versions}"
    );
    let path = "/api/v1/flows/yard/versions/1/restore";
    let restored = change(&api, "POST", path, &tag(&api)?, &json!({}))?;
    assert_eq!(restored.status, 200, "{}", restored.shown());
    assert_eq!(fs::read_to_string(yard.at(PART))?, before);
    running.signal(Signal::TERM)?;
    running.finish(LIMIT)?;
    Ok(())
}
