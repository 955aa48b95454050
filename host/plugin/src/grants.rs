//! What a node of the flow file allows its plugin to touch.

use std::collections::BTreeMap;
use std::fmt;

use agave_core::Secret;
use url::Url;

/// Scheme, host and port: what a web grant names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// Why a text is no origin.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an origin such as https://example.com or http://10.0.0.5:8080")]
pub struct OriginError(String);

impl Origin {
    /// Reads `scheme://host[:port]`.
    ///
    /// # Errors
    /// When it is something else or more than that.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let refuse = || OriginError(agave_core::without_credentials(text));
        let url = Url::parse(text).map_err(|_| refuse())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        match Self::of(&url) {
            Some(origin) if bare && url.username().is_empty() => Ok(origin),
            _ => Err(refuse()),
        }
    }

    /// The origin of a web address with whatever path; none when it is no web address.
    pub fn of_url(text: &str) -> Option<Self> {
        Self::of(&Url::parse(text).ok()?)
    }

    pub(crate) fn of(url: &Url) -> Option<Self> {
        matches!(url.scheme(), "http" | "https").then_some(())?;
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => write!(formatter, "{scheme}://{host}"),
            _ => write!(formatter, "{scheme}://{host}:{port}"),
        }
    }
}

/// Everything that one adapter node may touch. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Where it may send HTTP requests.
    pub http: Vec<Origin>,
    /// Which secrets it may use, by the name under which it asks for them.
    pub secrets: BTreeMap<String, Secret>,
    /// The brokers that it may publish to, by name.
    pub mqtt: Vec<String>,
    /// The pairs of host and port that it may connect to, as `host:port` in lower case.
    pub tcp: Vec<String>,
    /// Whether it may see pictures of frames.
    pub frames: bool,
}

impl Grants {
    /// Whether a request to `url` is granted.
    pub(crate) fn allow_http(&self, url: &Url) -> bool {
        Origin::of(url).is_some_and(|origin| self.http.contains(&origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |text| Origin::parse(text).unwrap();
        assert_eq!(
            origin("https://nvr.farm.local"),
            origin("https://nvr.farm.local:443/")
        );
        assert_ne!(
            origin("https://nvr.farm.local"),
            origin("http://nvr.farm.local")
        );
        assert_eq!(
            origin("http://10.0.0.5:8080").to_string(),
            "http://10.0.0.5:8080"
        );
        for wrong in [
            "nvr",
            "ftp://x",
            "http://x/path",
            "http://user:pass@x",
            "http://x?q",
        ] {
            let error = Origin::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("pass"), "{error}");
        }
    }

    #[test]
    fn only_what_is_granted_is_allowed() {
        let grants = Grants {
            http: vec![Origin::parse("http://127.0.0.1:9000").unwrap()],
            ..Grants::default()
        };
        let allowed = |url| grants.allow_http(&Url::parse(url).unwrap());
        assert!(allowed("http://127.0.0.1:9000/hook?x=1"));
        assert!(!allowed("http://127.0.0.1:9001/hook"));
        assert!(!allowed("https://127.0.0.1:9000/hook"));
        assert!(!allowed("http://127.0.0.1:9000@evil.example/hook"));
        assert!(!allowed("file:///etc/passwd"));
    }
}
