//! Nodes in which the host itself takes alerts: it keeps them, or lets others subscribe to them.

use std::net::SocketAddr;

use url::Url;

use super::Context;
use crate::spec::NodeSpec;
use crate::{Code, Database, Device, Work, interpolate, tree};

/// Settings that stand where nothing reads them.
pub(super) fn check_places(cx: &mut Context<'_, '_>, pointer: &str, name: &str, spec: &NodeSpec) {
    let is_damaged = |cx: &Context<'_, '_>, key: &str| {
        let conforming = cx.conforming;
        conforming.is_damaged(&tree::join(pointer, key))
    };
    for (key, is_there, belongs_to, is_at_home) in [
        (
            "database",
            spec.database.is_some(),
            "store",
            spec.store.is_some(),
        ),
        (
            "device",
            spec.device.is_some(),
            "serve",
            spec.serve.is_some(),
        ),
    ] {
        if is_there && !is_at_home && !is_damaged(cx, belongs_to) {
            let message = format!("node '{name}' has `{key}`, which goes with `{belongs_to}`");
            let help = format!("remove `{key}`");
            let at = tree::join(pointer, key);
            cx.problem_with_key(Code::MisplacedKey, &at, message, Some(help));
        }
    }
}

pub(super) fn store(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    spec: &NodeSpec,
) -> Option<Work> {
    let Some(database) = &spec.database else {
        let broken = cx.conforming.is_damaged(&tree::join(pointer, "database"));
        return (!broken).then_some(Work::Store(None));
    };
    let around = tree::join(pointer, "database");
    let at = tree::join(&around, "url");
    let address = interpolate::secret_address(&database.url, cx.surroundings)?;
    let problem = match Url::parse(address.full.reveal()) {
        Ok(url) if !matches!(url.scheme(), "postgres" | "postgresql") => {
            Some(format!("has the scheme `{}`", url.scheme()))
        }
        Ok(url) if url.host_str().is_none_or(str::is_empty) => Some("has no host".to_owned()),
        Ok(url) if url.username().is_empty() => Some("does not say who logs in".to_owned()),
        Ok(url) if url.path().len() < 2 => Some("does not name a database".to_owned()),
        Ok(_) => None,
        Err(problem) => Some(format!("is not valid: {problem}")),
    };
    if let Some(problem) = problem {
        let message = format!("the address of the database of node '{name}' {problem}");
        let help = "write `postgres://HOST/DATABASE`, with the user and `@` before the host";
        cx.problem(Code::BadUrl, &at, message, Some(help.to_owned()));
        return None;
    }
    let password = match &database.password {
        Some(password) => Some(interpolate::secret_text(password, cx.surroundings)?),
        None => None,
    };
    let at = tree::join(&around, "ca");
    let ca = database.ca.as_ref().map(|file| cx.folder(&at).join(file));
    if let Some(file) = &ca
        && !cx.surroundings.file_exists(file)
    {
        let message = format!("node '{name}': there is no file `{}`", file.display());
        let help = "the path is relative to the folder of the file that it stands in".to_owned();
        cx.problem(Code::FileNotFound, &at, message, Some(help));
        return None;
    }
    let mode = Url::parse(address.full.reveal()).ok().and_then(|url| {
        let mut pairs = url.query_pairs();
        let mode = pairs.find(|(name, _)| name == "sslmode")?.1.into_owned();
        Some(mode)
    });
    if let Some(mode) = mode.filter(|mode| ca.is_some() && mode != "verify-full") {
        let message = format!("node '{name}': with `sslmode={mode}` nobody looks at `ca`");
        let help = "write `sslmode=verify-full` into the address, or remove `ca`".to_owned();
        cx.problem_with_key(Code::WrongValue, &at, message, Some(help));
        return None;
    }
    Some(Work::Store(Some(Database {
        url: address.full,
        shown_url: address.shown,
        password,
        ca,
    })))
}

pub(super) fn serve(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    spec: &NodeSpec,
) -> Option<Work> {
    let around = tree::join(pointer, "device");
    let Some(device) = &spec.device else {
        if !cx.conforming.is_damaged(&around) {
            let message = format!("node '{name}' serves alerts, and nothing says where");
            let help = "add `device: { listen: \"0.0.0.0:8000\", username: NAME, password: \
                        \"${secret:NAME}\" }`";
            cx.problem_with_key(Code::MissingKey, pointer, message, Some(help.to_owned()));
        }
        return None;
    };
    let Ok(listen) = device.listen.parse::<SocketAddr>() else {
        let at = tree::join(&around, "listen");
        let message = format!(
            "node '{name}' cannot listen at `{}`, which is no address with a port",
            device.listen
        );
        let help = "write `0.0.0.0:8000` for all addresses of this machine, or one of them";
        cx.problem(Code::BadUrl, &at, message, Some(help.to_owned()));
        return None;
    };
    let password = interpolate::secret_text(&device.password, cx.surroundings)?;
    if password.reveal().is_empty() {
        let at = tree::join(&around, "password");
        let message = format!("node '{name}': the password is empty, so anybody could log in");
        let help = "write one, or `${secret:NAME}`".to_owned();
        cx.problem(Code::WrongValue, &at, message, Some(help));
        return None;
    }
    Some(Work::Serve(Device {
        listen,
        username: device.username.clone(),
        password,
        name: device.name.clone(),
        events: device.events.clone().unwrap_or_default(),
        boxes: device.boxes,
    }))
}
