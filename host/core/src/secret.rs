//! Secrets have a type of their own so that no log line, error or debug print can show one.

use std::fmt;

/// Text that is used and never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes what must not be shown from now on.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that hands it to a server. Never print it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// `url` with the user name and password taken out, fit for logs and errors.
///
/// Works on any text with a `scheme://user:password@host` start, also where it is not a valid
/// URL: a mistyped address must not print its password either.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    // A password with a `/` in it ends the authority early; then the last `@` is in the path.
    // Hiding a part of a path by mistake is better than showing a part of a password.
    let after_login = path
        .rsplit_once('@')
        .map(|(_, rest)| rest)
        .filter(|rest| authority.contains([':', '@']) && looks_like_host(rest));
    let whole = match (after_login, authority.rsplit_once('@')) {
        (Some(rest), _) => rest.to_owned(),
        (None, Some((_, host))) => format!("{host}{path}"),
        (None, None) => rest.to_owned(),
    };
    format!("{scheme}://{whole}")
}

/// Whether what follows an `@` can be a host, and is not just a path that contains an `@`.
fn looks_like_host(rest: &str) -> bool {
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    let (host, _) = rest.split_at(end);
    host.contains('.') || host == "localhost"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn credentials_are_taken_out_of_addresses() {
        for (with, without) in [
            ("rtsp://a:b@10.0.0.5:554/x", "rtsp://10.0.0.5:554/x"),
            ("rtsp://a:p@ss@10.0.0.5/x", "rtsp://10.0.0.5/x"),
            ("rtsp://a:p/ss@10.0.0.5/x", "rtsp://10.0.0.5/x"),
            ("rtsp://a:p@ss/w0rd@10.0.0.5/x", "rtsp://10.0.0.5/x"),
            ("rtsp://a:pass@10.0.0.5/a@b", "rtsp://10.0.0.5/a@b"),
            ("http://host/a@b", "http://host/a@b"),
            ("file.mp4", "file.mp4"),
            ("rtsp://host:554/x", "rtsp://host:554/x"),
        ] {
            assert_eq!(without_credentials(with), without);
        }
    }
}
