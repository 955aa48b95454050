//! What is added to a flow through the API: it is planned before, made against what was seen, and a
//! login that comes with it stays where it belongs.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use agave_tests::{Api, ApiAnswer, Yard, free_port, repository, served, token};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

const FLOW: &str = "/api/v1/flows/yard";

fn change(api: &Api, method: &str, path: &str, tag: &str, body: &Value) -> Result<ApiAnswer> {
    api.change(method, &format!("{FLOW}/{path}"), tag, body)
}

fn tag(api: &Api) -> Result<String> {
    Ok(api.get(&format!("{FLOW}/file"))?.header("etag").to_owned())
}

fn noted(api: &Api) -> Result<String> {
    Ok(api.json("/api/v1/audit")?.to_string())
}

#[test]
fn what_is_planned_changes_nothing_and_is_no_change() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let before = fs::read_to_string(yard.at("yard.yaml"))?;
    let rule =
        json!({ "camera": "field", "zone": "forbidden", "classes": ["worker"], "name": "nobody" });
    let seen = tag(&api)?;
    for (method, path, body) in [
        ("POST", "rules?plan=true", &rule),
        (
            "PATCH",
            "nodes/calm/settings?plan=true",
            &json!({ "hold": "9s" }),
        ),
        ("DELETE", "nodes/calm?plan=true", &Value::Null),
    ] {
        let planned = change(&api, method, path, &seen, body)?;
        assert_eq!(planned.status, 200, "{method} {path}: {}", planned.shown());
    }
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, before);
    let audit = noted(&api)?;
    ensure!(!audit.contains(FLOW), "plans are no changes: {audit}");

    let made = change(&api, "POST", "rules", &seen, &rule)?;
    assert_eq!(made.status, 200, "{}", made.shown());
    let after = fs::read_to_string(yard.at("yard.yaml"))?;
    ensure!(after.contains("nobody"), "{after}");
    let audit = noted(&api)?;
    ensure!(audit.contains(&format!("POST {FLOW}/rules")), "{audit}");

    // Who saw the file as it was before is told.
    let late = change(&api, "DELETE", "nodes/nobody", &seen, &Value::Null)?;
    assert_eq!(late.status, 412, "{}", late.shown());
    let removed = change(&api, "DELETE", "nodes/nobody", &tag(&api)?, &Value::Null)?;
    assert_eq!(removed.status, 200, "{}", removed.shown());
    // A word in the address of a change that knows no plans hides nothing.
    let zone = json!({ "points": [[0.1, 0.1], [0.2, 0.1], [0.15, 0.9]] });
    let drawn = change(
        &api,
        "PUT",
        "cameras/field/zones/shed?plan=true",
        &tag(&api)?,
        &zone,
    )?;
    let audit = noted(&api)?;
    ensure!(
        drawn.status != 200 || audit.contains("zones/shed"),
        "{} {audit}",
        drawn.shown()
    );
    yard.finish(running)?;
    Ok(())
}

#[test]
fn what_is_given_as_data_refers_to_nothing() -> Result<()> {
    let yard = Yard::new()?;
    // The rule is about a zone that only this camera has.
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let (running, api) = served(&yard)?;
    let nobody = format!("rtsp://127.0.0.1:{}/a?b=${{env:PATH}}", free_port()?);
    let gate =
        json!({ "name": "gate", "address": { "url": nobody, "user": "anna", "password": "p" } });
    let added = change(&api, "POST", "cameras", &tag(&api)?, &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let moved = change(
        &api,
        "PUT",
        "cameras/gate/address",
        &tag(&api)?,
        &json!({ "url": nobody }),
    )?;
    assert_eq!(moved.status, 200, "{}", moved.shown());
    let rule = json!({
        "camera": "field", "zone": "forbidden", "classes": ["${env:PATH}"], "name": "odd",
    });
    let planned = change(&api, "POST", "rules?plan=true", &tag(&api)?, &rule)?;
    let planned = planned.json()?;
    let text = planned.pointer("/text").and_then(Value::as_str);
    ensure!(
        text.is_some_and(|text| text.contains("$${env:PATH}")),
        "{planned}"
    );
    let flow = fs::read_to_string(yard.at("yard.yaml"))?;
    ensure!(flow.contains("/a?b=$${env:PATH}"), "{flow}");
    let cameras = api.json(&format!("{FLOW}/cameras"))?.to_string();
    ensure!(cameras.contains("/a?b=${env:PATH}"), "{cameras}");
    yard.finish(running)?;
    Ok(())
}

/// A thread has the priority of the one that starts it, and those who look on have a low one.
#[test]
fn a_camera_that_the_page_adds_is_no_less_than_others() -> Result<()> {
    let yard = Yard::new()?;
    // The rule is about a zone that only this camera has.
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let (running, api) = served(&yard)?;
    let nobody = format!("rtsp://127.0.0.1:{}/a", free_port()?);
    let gate = json!({ "name": "gate", "address": { "url": nobody } });
    let added = change(&api, "POST", "cameras", &tag(&api)?, &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let usual = running.niceness("field")?;
    assert_eq!(usual.len(), 1);
    assert_eq!(running.niceness("gate")?, usual);
    yard.finish(running)?;
    Ok(())
}

/// Somebody has a camera and the page, and no model: it is there at once, and is given one later.
#[test]
fn a_camera_begins_without_a_model_and_is_given_one() -> Result<()> {
    let yard = Yard::new()?;
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let (running, api) = served(&yard)?;
    let clip = repository().join("models/yolov8n_pina/demo/demo.mp4");
    let gate = json!({ "name": "gate", "address": { "url": clip } });
    let added = change(&api, "POST", "cameras", &tag(&api)?, &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let camera = |name: &str| -> Result<Value> {
        let all = api.json(&format!("{FLOW}/cameras"))?;
        let items = all["items"].as_array().cloned().unwrap_or_default();
        Ok(items.into_iter().find(|one| one["name"] == name).into())
    };
    assert_eq!(camera("gate")?["models"], json!([]));
    let zone = json!({ "points": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]] });
    let drawn = change(&api, "PUT", "cameras/gate/zones/yard", &tag(&api)?, &zone)?;
    assert_eq!(drawn.status, 200, "{}", drawn.shown());

    // A rule about what nothing looks at would never say anything.
    let rule = json!({ "camera": "gate", "zone": "yard", "classes": ["object"], "name": "found" });
    let blind = change(&api, "POST", "rules", &tag(&api)?, &rule)?;
    assert_eq!(blind.status, 422, "{}", blind.shown());
    assert_eq!(blind.json()?["field"], "camera");
    for (model, said) in [
        ("models/none.onnx", "There is no file"),
        ("yard.yaml", "model"),
    ] {
        let before = fs::read_to_string(yard.at("yard.yaml"))?;
        let model = json!({ "model": model });
        let wrong = change(&api, "PUT", "cameras/gate/model", &tag(&api)?, &model)?;
        assert_eq!(wrong.status, 422, "{}", wrong.shown());
        assert_eq!(wrong.json()?["field"], "model", "{}", wrong.shown());
        ensure!(wrong.shown().contains(said), "{}", wrong.shown());
        assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, before);
    }

    // The flow's own, then the one that comes with Agave, which is put beside the flow file.
    let files = api.json(&format!("{FLOW}/model-files"))?;
    let items = files["items"].as_array().cloned().unwrap_or_default();
    let shipped = items.iter().find(|file| file["is_shipped"] == true);
    let shipped = shipped.map_or(Value::Null, |file| file["path"].clone());
    ensure!(shipped.is_string(), "none came with the program: {files}");
    for model in [json!("pina"), shipped] {
        let model = json!({ "model": model });
        let chosen = change(&api, "PUT", "cameras/gate/model", &tag(&api)?, &model)?;
        assert_eq!(chosen.status, 200, "{}", chosen.shown());
        assert_eq!(
            camera("gate")?["classes"],
            json!(["pina", "worker", "object"])
        );
    }
    let flow = fs::read_to_string(yard.at("yard.yaml"))?;
    ensure!(
        flow.contains("detect-gate: { infer: yolov8n_pina, from: gate }")
            && flow.contains("path: models/yolov8n_pina/1/model.onnx"),
        "{flow}"
    );
    for file in ["model.onnx", "LICENSE.md"] {
        let beside = fs::read(yard.at(&format!("models/yolov8n_pina/1/{file}")))?;
        let shipped = repository().join("models/yolov8n_pina/1").join(file);
        assert_eq!(beside, fs::read(shipped)?);
    }
    yard.finish(running)?;
    Ok(())
}

#[test]
fn rules_are_listed_and_changed_with_the_gate_behind_them() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let rules = || api.json(&format!("{FLOW}/rules"));
    let expected = json!({
        "name": "rule", "plugin": "forbidden-object", "cameras": ["field"], "zone": "forbidden",
        "classes": ["object"], "after": "500ms", "severity": null, "gate": "calm", "hold": "2s",
    });
    assert_eq!(rules()?["items"], json!([expected]));

    let before = fs::read_to_string(yard.at("yard.yaml"))?;
    let other = json!({ "after": "5s", "severity": "info", "hold": "9s" });
    let planned = change(&api, "PATCH", "rules/rule?plan=true", &tag(&api)?, &other)?;
    assert_eq!(planned.status, 200, "{}", planned.shown());
    ensure!(planned.shown().contains("hold: 9s"), "{}", planned.shown());
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, before);
    ensure!(!noted(&api)?.contains("rules/rule"), "a plan is no change");

    let changed = change(&api, "PATCH", "rules/rule", &tag(&api)?, &other)?;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    let after = before.replace("after: 500ms", "after: 5s, severity: info");
    let after = after.replace("hold: 2s", "hold: 9s");
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, after);
    assert_eq!(rules()?["items"][0]["hold"], "9s");

    for (rule, body, status) in [
        ("none", json!({}), 404),
        ("zoned", json!({}), 404),
        ("rule", json!({ "classes": [] }), 422),
        ("rule", json!({ "after": "soon" }), 422),
        ("rule", json!({ "zone": "shed" }), 422),
    ] {
        let path = format!("rules/{rule}");
        let refused = change(&api, "PATCH", &path, &tag(&api)?, &body)?;
        assert_eq!(refused.status, status, "{path} {body}: {}", refused.shown());
    }
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, after);
    yard.finish(running)?;
    Ok(())
}

/// Says that so much comes, sends less, and says no more. Gives what is answered.
fn broken_off(api: &Api, path: &str, header: &str, length: usize, part: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", api.port()))?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n{header}content-length: {length}\r\n\
         content-type: application/octet-stream\r\nconnection: close\r\n\r\n",
        api.port()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(part)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    // What it answers before it has read everything may come with a reset.
    let read = stream.read_to_end(&mut answer);
    ensure!(read.is_ok() || !answer.is_empty(), "{read:?}");
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn a_model_that_is_sent_is_kept_only_if_it_can_be_run() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let admin_token = token(&running, "anna", "admin")?;
    let admin = api.with_token(&admin_token);
    let operator = api.with_token(&token(&running, "otto", "operator")?);
    let send = |api: &Api, name: &str, file: &[u8]| {
        let path = format!("{FLOW}/model-files?name={name}");
        api.post(&path, "application/octet-stream", file)
    };
    let model = fs::read(repository().join("models/yolov8n_pina/1/model.onnx"))?;
    let kept = || -> Result<Vec<String>> {
        let entries = fs::read_dir(yard.at("models"))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    };
    assert_eq!(send(&operator, "people.onnx", b"x")?.status, 403);
    ensure!(!yard.at("models").exists(), "nothing is begun for nobody");

    let sent = send(&admin, "..%2Four%20people.onnx", &model)?;
    assert_eq!(sent.status, 200, "{}", sent.shown());
    assert_eq!(
        sent.json()?,
        json!({ "path": "models/our-people.onnx", "name": "our-people",
            "classes": ["pina", "worker", "object"], "width": 416, "height": 256 })
    );
    assert_eq!(fs::read(yard.at("models/our-people.onnx"))?, model);
    // The same again is the same; another of this name gets a number.
    assert_eq!(send(&admin, "our%20people.onnx", &model)?.status, 200);
    assert_eq!(kept()?, ["our-people.onnx"]);
    // Protocol Buffers allow a field that nobody knows.
    let mut other = model.clone();
    other.extend([0xF8, 0x3F, 1]);
    let sent = send(&admin, "our-people.onnx", &other)?;
    assert_eq!(
        sent.json()?["path"],
        "models/our-people-2.onnx",
        "{}",
        sent.shown()
    );
    assert_eq!(fs::read(yard.at("models/our-people.onnx"))?, model);

    for (file, said) in [
        (
            b"a photograph of people".as_slice(),
            "cannot load the model people.onnx",
        ),
        (&model[..model.len() / 2], "people.onnx"),
        (b"", "people.onnx"),
    ] {
        let refused = send(&admin, "people.onnx", file)?;
        assert_eq!(refused.status, 422, "{}", refused.shown());
        assert_eq!(refused.json()?["field"], "file");
        ensure!(refused.shown().contains(said), "{}", refused.shown());
        ensure!(!refused.shown().contains(".agave-"), "{}", refused.shown());
    }
    let path = format!("{FLOW}/model-files?name=people.onnx");
    assert_eq!(admin.post(&path, "text/plain", b"x")?.status, 415);
    let admins = format!("authorization: Bearer {}\r\n", &admin_token);
    let too_large = broken_off(&api, &path, &admins, 536_870_913, &model[..100])?;
    ensure!(too_large.starts_with("HTTP/1.1 413"), "{too_large}");
    let gone = broken_off(&api, &path, &admins, model.len(), &model[..100_000])?;
    ensure!(gone.starts_with("HTTP/1.1 4"), "{gone}");
    assert_eq!(kept()?, ["our-people-2.onnx", "our-people.onnx"]);
    let audit = admin.json("/api/v1/audit")?.to_string();
    ensure!(
        audit.contains("model-files") && audit.contains("anna"),
        "{audit}"
    );
    yard.finish(running)?;
    Ok(())
}
