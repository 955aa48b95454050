//! What the headers of a request say about who sends it, and from where.

use axum::http::{HeaderMap, header};

use crate::problem::Problem;

/// The cookie of a session.
pub(crate) const COOKIE: &str = "agave_session";

/// That a page which asks for a change, or opens a socket, is one of ours. What is no browser
/// sends no origin.
pub(super) fn same_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || Problem::forbidden("a page of another origin may not ask this");
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
        return Err(refused());
    }
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
        _ => Err(refused()),
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
            [("host", "localhost:8090"), ("sec-fetch-site", "cross-site")],
        ] {
            same_origin(&headers(&theirs)).unwrap_err();
        }
    }
}
