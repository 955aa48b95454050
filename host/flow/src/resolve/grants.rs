//! What an adapter may reach. Every entry says exactly what it means: an allow-list that is
//! generous with its syntax is generous with what it allows.

use agave_core::Role;
use url::Url;

use super::{Context, Lookup};
use crate::spec::AllowSpec;
use crate::{Code, Grants, Origin, PluginFacts, Scheme, interpolate, tree};

/// The grants of the node `name`. `pointer` is that of its `allow`.
pub(super) fn resolve(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    facts: Option<&PluginFacts>,
    allow: Option<&AllowSpec>,
) -> Option<Grants> {
    let pure = facts.filter(|facts| facts.role != Role::Adapter);
    if let (Some(facts), Some(_)) = (pure, allow) {
        let message = format!(
            "node '{name}' is a {}, and only adapters may reach the outside",
            facts.role
        );
        let help = "remove `allow`; to send alerts somewhere, add an adapter that reads this node";
        cx.problem_with_key(
            Code::GrantNotAllowed,
            pointer,
            message,
            Some(help.to_owned()),
        );
        return None;
    }
    if let Some(facts) = facts {
        warn_of_missing(cx, pointer, name, facts, allow);
    }
    let Some(allow) = allow else {
        return Some(Grants::default());
    };
    let http = each(cx, &tree::join(pointer, "http"), &allow.http, http_origin);
    let secrets = each(cx, &tree::join(pointer, "secrets"), &allow.secrets, secret);
    let tcp = each(cx, &tree::join(pointer, "tcp"), &allow.tcp, tcp_address);
    let mqtt = each(
        cx,
        &tree::join(pointer, "mqtt"),
        &allow.mqtt,
        |cx, at, broker| {
            let says = format!("node '{name}' may use the broker");
            match cx.look_up("brokers", broker, at, &says) {
                Lookup::Found(_) => Some(broker.to_owned()),
                Lookup::Unknown => None,
            }
        },
    );
    Some(Grants {
        http: http?,
        secrets: secrets?,
        mqtt: mqtt?,
        tcp: tcp?,
        frames: allow.frames,
    })
}

fn each<'a, 'r, T: Ord>(
    cx: &mut Context<'a, 'r>,
    pointer: &str,
    entries: &[String],
    one: impl Fn(&mut Context<'a, 'r>, &str, &str) -> Option<T>,
) -> Option<Vec<T>> {
    let resolved: Vec<Option<T>> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| one(cx, &tree::join(pointer, &index.to_string()), entry))
        .collect();
    let mut resolved: Vec<T> = resolved.into_iter().collect::<Option<_>>()?;
    resolved.sort();
    resolved.dedup();
    Some(resolved)
}

/// An adapter that uses something which nothing grants it fails at every delivery. It may have
/// its reasons, so it is a warning. Pictures are an addition that most do without; an adapter
/// whose settings ask for some says itself what is missing.
fn warn_of_missing(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    facts: &PluginFacts,
    allow: Option<&AllowSpec>,
) {
    let granted = |key: &str| {
        allow.is_some_and(|allow| match key {
            "http" => !allow.http.is_empty(),
            "mqtt" => !allow.mqtt.is_empty(),
            _ => !allow.tcp.is_empty(),
        })
    };
    for (key, what, example) in [
        ("http", "HTTP", "[\"https://HOST\"]"),
        ("mqtt", "MQTT", "[BROKER]"),
        ("tcp", "TCP connections", "[\"HOST:PORT\"]"),
    ] {
        let interface = format!("agave:plugin/{key}@");
        let uses = facts.imports.iter().any(|one| one.starts_with(&interface));
        if uses && !granted(key) && !cx.conforming.is_damaged(&tree::join(pointer, key)) {
            let message = format!(
                "the plugin '{}' of node '{name}' is made to use {what}, and nothing is allowed",
                facts.name
            );
            let help = format!("add `allow: {{ {key}: {example} }}`");
            let node = tree::parent(pointer);
            cx.problem_with_key(Code::GrantMissing, node, message, Some(help));
        }
    }
}

fn http_origin(cx: &mut Context<'_, '_>, at: &str, entry: &str) -> Option<Origin> {
    let wrong = |problem: &str| (format!("`{entry}` {problem}"), None);
    let (message, help) = match Url::parse(entry) {
        Ok(url) => {
            let scheme = match url.scheme() {
                "http" => Some(Scheme::Http),
                "https" => Some(Scheme::Https),
                _ => None,
            };
            match (scheme, url.host_str(), url.port_or_known_default()) {
                (Some(scheme), Some(host), Some(port)) => {
                    let origin = Origin {
                        scheme,
                        host: host.to_owned(),
                        port,
                    };
                    let extra = if !url.username().is_empty() || url.password().is_some() {
                        "has a login in it"
                    } else if url.path() != "/" {
                        "has a path"
                    } else if url.query().is_some() || url.fragment().is_some() {
                        "has more than a host in it"
                    } else if host.contains('*') {
                        "has a wildcard, and every server is allowed by its name"
                    } else {
                        return Some(origin);
                    };
                    let example = if host.contains('*') { "HOST" } else { host };
                    let port = url
                        .port()
                        .map(|port| format!(":{port}"))
                        .unwrap_or_default();
                    let (message, _) = wrong(extra);
                    let help = format!("write `{}://{example}{port}`", origin.scheme);
                    (message, Some(help))
                }
                // `nvr.local:8080` is an address with the scheme `nvr.local` to the standard.
                _ if !entry.contains("://") => wrong("has no scheme"),
                _ => wrong("is neither http nor https"),
            }
        }
        Err(_) if !entry.contains("://") => wrong("has no scheme"),
        Err(problem) => wrong(&format!("is not an address: {problem}")),
    };
    let help = help.unwrap_or_else(|| {
        "write scheme and host, and the port where it is not the usual one: `https://nvr.example.org`"
            .to_owned()
    });
    cx.problem(Code::BadGrant, at, message, Some(help));
    None
}

fn tcp_address(cx: &mut Context<'_, '_>, at: &str, entry: &str) -> Option<String> {
    // The URL parser knows what a host is: names, IPv4, IPv6 in brackets.
    let parsed = Url::parse(&format!("tcp://{entry}")).ok();
    let exact = parsed.as_ref().and_then(|url| {
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let port = url.port().filter(|port| *port != 0)?;
        let address = format!("{}:{port}", host.to_ascii_lowercase());
        (entry.eq_ignore_ascii_case(&address) && !host.contains('*')).then_some(address)
    });
    if exact.is_none() {
        let message = format!("`{entry}` is not of the form `HOST:PORT`");
        let help = "for example `10.0.0.9:9100`".to_owned();
        cx.problem(Code::BadGrant, at, message, Some(help));
    }
    exact
}

fn secret(cx: &mut Context<'_, '_>, at: &str, entry: &str) -> Option<String> {
    if !interpolate::is_name(entry) {
        let message = format!("`{entry}` is not the name of a secret");
        let help = "names are made of letters from a to z, digits, `-` and `_`".to_owned();
        cx.problem(Code::BadGrant, at, message, Some(help));
        return None;
    }
    if cx.surroundings.secret(entry).is_none() {
        let message = format!("the secret '{entry}' cannot be found");
        let help = interpolate::missing_secret_help(entry);
        cx.problem(Code::MissingSecret, at, message, Some(help));
        return None;
    }
    Some(entry.to_owned())
}
