//! MQTT brokers.

use url::Url;

use super::Context;
use crate::{Broker, Code, interpolate, tree};

pub(super) fn resolve(cx: &mut Context<'_, '_>) -> Option<Vec<Broker>> {
    let brokers = &cx.spec().brokers;
    cx.each("brokers", brokers, |cx, pointer, name, spec| {
        let at = tree::join(pointer, "mqtt");
        let Some(address) = interpolate::secret_address(&spec.mqtt, cx.surroundings) else {
            // It refers to something that is missing, which has been reported.
            return None;
        };
        let problem = match Url::parse(address.full.reveal()) {
            Ok(url) if !matches!(url.scheme(), "mqtt" | "mqtts") => {
                Some(format!("has the scheme `{}`", url.scheme()))
            }
            Ok(url) if url.host_str().is_none_or(str::is_empty) => Some("has no host".to_owned()),
            Ok(_) => None,
            Err(_) if !address.full.reveal().contains("://") => Some("has no scheme".to_owned()),
            Err(problem) => Some(format!("is not valid: {problem}")),
        };
        if let Some(problem) = problem {
            let message = format!("the address of broker '{name}' {problem}");
            let help = "write `mqtt://HOST:PORT`, or `mqtts://HOST:PORT` for TLS".to_owned();
            cx.problem(Code::BadUrl, &at, message, Some(help));
            return None;
        }
        let password = match &spec.password {
            Some(password) => Some(interpolate::secret_text(password, cx.surroundings)?),
            None => None,
        };
        if password.is_some() && spec.username.is_none() {
            let at = tree::join(pointer, "password");
            let message = "`password` has no effect on this broker: it has no `username`";
            let help = "add `username`, or remove `password`".to_owned();
            cx.problem_with_key(Code::NoEffect, &at, message.to_owned(), Some(help));
        }
        let at = tree::join(pointer, "ca");
        let ca = spec.ca.as_ref().map(|file| cx.folder(&at).join(file));
        if let Some(file) = &ca
            && !cx.surroundings.file_exists(file)
        {
            let message = format!("broker '{name}': there is no file `{}`", file.display());
            let help =
                "the path is relative to the folder of the file that it stands in".to_owned();
            cx.problem(Code::FileNotFound, &at, message, Some(help));
            return None;
        }
        Some(Broker {
            name: name.to_owned(),
            url: address.full,
            shown_url: address.shown,
            username: spec.username.clone(),
            password,
            ca,
        })
    })
}
