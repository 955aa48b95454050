//! The address of a camera, taken apart into what may be sent in the clear and the credentials.
//! Passwords are written into addresses as they are, with whatever characters they have, so the
//! text is split by hand before anything parses it.

use agave_core::without_credentials;
use retina::client::Credentials;
use url::Url;

use super::{SourceConfig, SourceError};

/// Where a camera is, and who we are to it.
pub(super) struct Address {
    /// Without credentials.
    pub(super) url: Url,
    pub(super) credentials: Option<Credentials>,
}

impl Address {
    pub(super) fn new(config: &SourceConfig) -> Result<Self, SourceError> {
        let wrong = |reason: String| SourceError::Address {
            shown_url: config.shown_url.clone(),
            reason,
        };
        let text = config.url.reveal();
        let bare = without_credentials(text);
        let url = Url::parse(&bare).map_err(|error| wrong(error.to_string()))?;
        if url.scheme() != "rtsp" {
            return Err(wrong(format!(
                "the scheme {}:// is not supported, only rtsp://",
                url.scheme()
            )));
        }
        if url.host().is_none() {
            return Err(wrong("it names no host".to_owned()));
        }
        let credentials = user_info(text, &bare).map(|user_info| {
            let (username, password) = user_info.split_once(':').unwrap_or((user_info, ""));
            Credentials {
                username: percent_decoded(username),
                password: percent_decoded(password),
            }
        });
        Ok(Self { url, credentials })
    }
}

/// What [`without_credentials`] took out of `text` to make `bare`, without the `@`.
fn user_info<'a>(text: &'a str, bare: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once("://")?;
    let (_, bare_rest) = bare.split_once("://")?;
    rest.strip_suffix(bare_rest)?.strip_suffix('@')
}

/// `%40` is an `@`; a `%` that begins no such code is itself.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail
            .split_at_checked(2)
            .filter(|_| first == b'%')
            .and_then(|(digits, after)| Some((hexadecimal(digits)?, after)));
        let (byte, after) = code.unwrap_or((first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address, SourceError> {
        Address::new(&SourceConfig::new("gate", url))
    }

    #[test]
    fn credentials_are_split_off_whatever_is_in_them() {
        for (url, bare, username, password) in [
            (
                "rtsp://a:b@10.0.0.5:554/x",
                "rtsp://10.0.0.5:554/x",
                "a",
                "b",
            ),
            (
                "rtsp://a:p@ss@10.0.0.5/x?y=1",
                "rtsp://10.0.0.5/x?y=1",
                "a",
                "p@ss",
            ),
            (
                "rtsp://a:p/s#s@10.0.0.5/x",
                "rtsp://10.0.0.5/x",
                "a",
                "p/s#s",
            ),
            (
                "rtsp://a:p%40ss@10.0.0.5/x",
                "rtsp://10.0.0.5/x",
                "a",
                "p@ss",
            ),
            (
                "rtsp://a:50%off%@10.0.0.5/x",
                "rtsp://10.0.0.5/x",
                "a",
                "50%off%",
            ),
            ("rtsp://a:b:c@10.0.0.5/x", "rtsp://10.0.0.5/x", "a", "b:c"),
            ("rtsp://a@10.0.0.5/x", "rtsp://10.0.0.5/x", "a", ""),
        ] {
            let address = address(url).unwrap();
            assert_eq!(address.url.as_str(), bare);
            let credentials = address.credentials.unwrap();
            assert_eq!(credentials.username, username, "{url}");
            assert_eq!(credentials.password, password, "{url}");
        }
        assert!(address("rtsp://10.0.0.5/x").unwrap().credentials.is_none());
    }

    #[test]
    fn a_wrong_address_is_refused_without_showing_the_password() {
        for url in [
            "rtsp://a:hunter2@10.0.0.5:port/x",
            "rtsps://a:hunter2@10.0.0.5/x",
            "rtsp://a:hunter2@",
        ] {
            let error = address(url).err().unwrap().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
