//! What the headers of a request say about who sends it, and from where.

use axum::http::{HeaderMap, Method, header};

use crate::problem::Problem;

/// The cookie of a session.
pub(crate) const COOKIE: &str = "agave_session";

/// Whoever hands on a request for somebody else says so with one of these.
const OF_PROXIES: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Whether somebody else may have asked than who is connected.
pub(super) fn handed_on(headers: &HeaderMap) -> bool {
    OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

/// That it is not a page of another site which loads this into itself. A link that somebody
/// follows is no such thing: it opens a page of its own.
pub(super) fn not_embedded(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_link = *method == Method::GET
        && text("sec-fetch-mode") == Some("navigate")
        && text("sec-fetch-dest") == Some("document");
    match text("sec-fetch-site") {
        Some("cross-site" | "same-site") if !is_link => Err(elsewhere()),
        _ => Ok(()),
    }
}

fn elsewhere() -> Problem {
    Problem::forbidden("a page of another origin may not ask this")
}

/// That a page which asks for a change, or opens a socket, is one of ours. What is no browser
/// sends no origin.
pub(super) fn same_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let host = text("host");
    match (origin, host) {
        (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(elsewhere()),
    }
}

pub(super) fn without_port(host: &str) -> &str {
    match host.rfind([':', ']']) {
        Some(at) if host.get(at..).is_some_and(|rest| rest.starts_with(':')) => {
            host.get(..at).unwrap_or(host)
        }
        _ => host,
    }
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The word of a session's cookie.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter();
    let pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_a_name() {
        for (host, name) in [
            ("localhost:8090", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:8090", "[::1]"),
            ("[::1]", "[::1]"),
            ("127.0.0.1:1", "127.0.0.1"),
        ] {
            assert_eq!(without_port(host), name);
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            let name = header::HeaderName::from_static(name);
            (name, header::HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        let ours = [
            ("host", "localhost:8090"),
            ("origin", "http://localhost:8090"),
        ];
        same_origin(&headers(&ours)).unwrap();
        same_origin(&headers(&[("host", "localhost:8090")])).unwrap();
        for theirs in [
            [
                ("host", "localhost:8090"),
                ("origin", "http://evil.example"),
            ],
            [
                ("host", "localhost:8090"),
                ("origin", "http://localhost:8091"),
            ],
            [("host", "localhost:8090"), ("origin", "null")],
        ] {
            same_origin(&headers(&theirs)).unwrap_err();
        }
    }

    #[test]
    fn pages_of_others_load_nothing_and_may_link() {
        let picture = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "no-cors"),
        ];
        not_embedded(&Method::GET, &headers(&picture)).unwrap_err();
        let frame = [
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "iframe"),
        ];
        not_embedded(&Method::GET, &headers(&frame)).unwrap_err();
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        not_embedded(&Method::GET, &headers(&link)).unwrap();
        not_embedded(&Method::POST, &headers(&link)).unwrap_err();
        for ours in ["same-origin", "none"] {
            not_embedded(&Method::GET, &headers(&[("sec-fetch-site", ours)])).unwrap();
        }
        not_embedded(&Method::GET, &headers(&[])).unwrap();
    }

    #[test]
    fn a_proxy_is_known_by_what_it_adds() {
        assert!(handed_on(&headers(&[("x-forwarded-for", "192.0.2.1")])));
        assert!(handed_on(&headers(&[("via", "1.1 proxy")])));
        assert!(!handed_on(&headers(&[("host", "localhost")])));
    }
}
