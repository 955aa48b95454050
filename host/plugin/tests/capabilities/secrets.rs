//! No secret comes back. A probe logs in in every way there is, with right and with wrong
//! passwords, at servers that tell it everything they were told; then its memory, its answers,
//! the log and what prints itself are searched for the passwords.

use std::io::{self, Write};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use agave_core::Secret;
use agave_plugin::{BrokerSettings, Grants};
use agave_tests::{BrokerOptions, Device, Mosquitto, User, WebServer, free_port};
use anyhow::Result;
use serde_json::{Value, json};

use crate::probe::{Probe, World, named, web};

/// With what addresses, JSON, headers and pages write in other ways.
const PASSWORD: &str = "Quetzal/\"7%&+ Öl";
const WRONG: &str = "Axolotl/\"8%&+ Öl";
const TOKEN: &str = "battery-staple-9000";
const WRONG_TOKEN: &str = "staple-battery-9001";
const USER: &str = "agave";

/// Everything that anybody logged since the start of this process.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log_everything() {
    let logging = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(|| Log);
    // Another test of this process may have been first.
    let _ = logging.try_init();
}

/// What the output of a program is, given `input`.
fn piped(program: &str, arguments: &[&str], input: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("input");
    std::fs::write(&file, input)?;
    let output = Command::new(program).args(arguments).arg(&file).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// The forms in which a password is as good as the password itself. They are made by other
/// programs than the one that is tested.
fn forms(password: &str) -> Result<Vec<Vec<u8>>> {
    let login = format!("{USER}:{password}");
    let proof = format!("{USER}:cameras:{password}");
    let latin = password.chars().map(|one| u8::try_from(u32::from(one)));
    let mut forms = vec![
        password.as_bytes().to_vec(),
        latin.collect::<Result<Vec<u8>, _>>()?,
        json!(password).to_string().trim_matches('"').into(),
    ];
    for text in [
        piped("base64", &["-w0"], &login)?,
        piped("base64", &["-w0"], password)?,
        piped("md5sum", &[], &proof)?,
        piped("sha256sum", &[], &proof)?,
    ] {
        // Padding may be left out.
        forms.push(text.trim_end_matches('=').as_bytes().to_vec());
    }
    Ok(forms)
}

fn all_forms() -> Result<Vec<Vec<u8>>> {
    let mut all = forms(PASSWORD)?;
    all.extend(forms(WRONG)?);
    all.extend([TOKEN, WRONG_TOKEN].map(|token| token.as_bytes().to_vec()));
    Ok(all)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// What the probe said, and what that means once it is decoded.
#[derive(Default)]
struct Heard(Vec<u8>);

impl Heard {
    fn ask(&mut self, probe: &mut Probe, call: Value) -> Value {
        let text = probe.ask_for_text(&call);
        self.0.extend_from_slice(text.as_bytes());
        let answer: Value = serde_json::from_str(&text).unwrap();
        self.note(&answer);
        answer
    }

    fn note(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.0.extend_from_slice(text.as_bytes());
                if let Ok(inner) = serde_json::from_str::<Value>(text)
                    && !inner.is_string()
                {
                    self.note(&inner);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.note(value)),
            Value::Object(fields) => fields.values().for_each(|value| self.note(value)),
            _ => {}
        }
    }
}

fn user() -> User<'static> {
    User {
        name: USER,
        password: PASSWORD,
    }
}

fn grants(origins: &[&str]) -> Grants {
    let (right, wrong) = (format!("{USER}:{PASSWORD}"), format!("{USER}:{WRONG}"));
    let secrets = [
        ("right", right.as_str()),
        ("wrong", wrong.as_str()),
        ("right-token", TOKEN),
        ("wrong-token", WRONG_TOKEN),
    ];
    Grants {
        mqtt: ["plain", "refused", "safe", "in-address"]
            .map(str::to_owned)
            .to_vec(),
        secrets: named(&secrets),
        ..web(origins, &[])
    }
}

/// Every login there is, at `url`, and a signature with each secret.
fn log_in_everywhere(heard: &mut Heard, probe: &mut Probe, url: &str) {
    for login in [
        json!({ "basic": "right" }),
        json!({ "basic": "wrong" }),
        json!({ "digest": "right" }),
        json!({ "digest": "wrong" }),
        json!({ "bearer": "right-token" }),
        json!({ "bearer": "wrong-token" }),
    ] {
        let call = json!({ "do": "http", "url": url, "login": login });
        heard.ask(probe, call);
    }
    for name in ["right", "wrong", "right-token", "wrong-token"] {
        let call = json!({ "do": "sign", "name": name, "text": "text" });
        heard.ask(probe, call);
    }
}

#[test]
fn no_secret_comes_back() -> Result<()> {
    log_everything();
    let lighttpd = WebServer::lighttpd(user())?;
    let device = Device::start(PASSWORD, TOKEN, &[])?;
    let teller = Device::start(PASSWORD, TOKEN, &[])?;
    let mirror = Device::start(WRONG, WRONG_TOKEN, &[])?;
    let plain = Mosquitto::start(BrokerOptions {
        user: Some(user()),
        tls: false,
    })?;
    let safe = Mosquitto::start(BrokerOptions {
        user: Some(user()),
        tls: true,
    })?;
    let brokers = brokers(&plain, &safe)?;
    let printed = format!("{brokers:?}");
    let world = World::with(|world| world.brokers = brokers);
    let nowhere = format!("http://127.0.0.1:{}", free_port()?);
    let origins = [
        lighttpd.origin(),
        device.origin(),
        teller.origin(),
        mirror.origin(),
        nowhere.clone(),
    ];
    let grants = grants(&origins.each_ref().map(String::as_str));
    let printed = format!("{printed}{grants:?}");
    let mut probe = world.probe(grants);
    let mut heard = Heard::default();

    // Each page takes the login that is its own; then it gets all others, too.
    let (farm, camera) = (lighttpd.origin(), device.origin());
    let pages = [
        (format!("{farm}/basic/"), json!({ "basic": "right" })),
        (format!("{farm}/md5/"), json!({ "digest": "right" })),
        (format!("{farm}/sha-256/"), json!({ "digest": "right" })),
        (format!("{camera}/basic"), json!({ "basic": "right" })),
        (
            format!("{camera}/bearer"),
            json!({ "bearer": "right-token" }),
        ),
        (format!("{camera}/digest"), json!({ "digest": "right" })),
        (
            format!("{camera}/digest?algorithm=SHA-256"),
            json!({ "digest": "right" }),
        ),
    ];
    for (url, login) in &pages {
        let call = json!({ "do": "http", "url": url, "login": login });
        let answer = heard.ask(&mut probe, call);
        assert_eq!(answer["status"], 200, "{url}: {answer}");
    }
    for (url, _) in &pages {
        log_in_everywhere(&mut heard, &mut probe, url);
    }

    // Servers that tell everything: in the body, in headers, in redirects that are followed and
    // in those that are not, in answers to logins that they refuse.
    for server in [&teller, &mirror] {
        let origin = server.origin();
        for path in [
            "/echo".to_owned(),
            "/echo?status=500".to_owned(),
            "/redirect?leak=1&to=/echo".to_owned(),
            format!("/redirect?leak=1&to={}/echo", mirror.origin()),
            "/redirect?leak=1&to=http://elsewhere.example.com/".to_owned(),
            format!("/redirect?leak=1&to={nowhere}/"),
            // The last one: after it the logins are held back.
            "/echo?status=401".to_owned(),
        ] {
            let url = format!("{origin}{path}");
            log_in_everywhere(&mut heard, &mut probe, &url);
        }
    }
    log_in_everywhere(&mut heard, &mut probe, &nowhere);
    for broker in ["plain", "safe", "in-address", "refused"] {
        let topic = format!("to/{broker}");
        let call = json!({ "do": "publish", "broker": broker, "topic": topic, "qos": 1 });
        let answer = heard.ask(&mut probe, call);
        assert_eq!(
            answer.get("error").is_none(),
            broker != "refused",
            "{answer}"
        );
    }

    // That the search finds what is there.
    let canary = "this is in the memory of the guest";
    heard.ask(&mut probe, json!({ "do": "log", "message": canary }));
    let memory = probe.memory(canary);
    assert!(contains(&memory, canary.as_bytes()));
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(contains(&log, canary.as_bytes()));
    assert!(
        contains(&heard.0, b"***"),
        "the servers did tell, and it was taken out"
    );

    for form in all_forms()? {
        let shown = String::from_utf8_lossy(&form).into_owned();
        assert!(!contains(&heard.0, &form), "an answer has {shown}");
        assert!(!contains(&memory, &form), "the guest's memory has {shown}");
        assert!(!contains(&log, &form), "the log has {shown}");
        assert!(
            !contains(printed.as_bytes(), &form),
            "settings print {shown}"
        );
    }
    Ok(())
}

fn brokers(plain: &Mosquitto, safe: &Mosquitto) -> Result<Vec<BrokerSettings>> {
    let login = |password: &str| Some((USER.to_owned(), Secret::new(password)));
    let at = |name: &str, url: String, login| {
        BrokerSettings::at(name, &Secret::new(url), login).map_err(anyhow::Error::from)
    };
    let encoded = "Quetzal%2F%227%25%26%2B%20%C3%96l";
    let in_address = plain.url().replace("://", &format!("://{USER}:{encoded}@"));
    let mut with_authority = at("safe", safe.url(), login(PASSWORD))?;
    with_authority.certificates = std::fs::read(safe.authority())?;
    Ok(vec![
        at("plain", plain.url(), login(PASSWORD))?,
        at("refused", plain.url(), login(WRONG))?,
        with_authority,
        at("in-address", in_address, None)?,
    ])
}
