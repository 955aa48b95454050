//! The address of a camera as people write it, and the login that they leave in it.

use agave_core::{Secret, without_credentials};
use agave_inspector::view::{CameraAddress, CameraTrouble};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::advice::{a_web_page, not_an_address, rtsps};

/// An address, and a login that is no part of it.
pub(crate) struct Separated {
    /// Without a login.
    pub(crate) url: String,
    /// `user:password` as they are; nothing where the camera wants none.
    pub(crate) login: Option<Secret>,
}

impl Separated {
    /// Takes the login out of an address.
    pub(crate) fn of(address: &CameraAddress) -> Result<Self, CameraTrouble> {
        let url = address.url.trim();
        if !url.contains("://") {
            let url = url.to_owned();
            return Ok(Self { url, login: None });
        }
        let mut parsed = parse(url)?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let inside = (!parsed.username().is_empty()).then(|| decoded(parsed.username()));
        let user = address.user.clone().filter(|user| !user.is_empty());
        let user = user.or(inside);
        let password = match &address.password {
            Some(given) if !given.reveal().is_empty() => Some(given.reveal().to_owned()),
            _ => parsed.password().map(decoded),
        };
        let bare = parsed.set_username("").and(parsed.set_password(None));
        if bare.is_err() {
            return Err(not_an_address("it has no host"));
        }
        // `rtsp://admin:12/34@host/`: what looks like a path is the end of the password.
        if without_credentials(parsed.as_str()) != parsed.as_str() {
            return Err(not_an_address(
                "user and password belong in their own fields, and an @ in the path is written %40",
            ));
        }
        let login = user.map(|user| match user.contains(':') {
            true => Err(not_an_address("a user name has no colon in it")),
            false => Ok(Secret::new(format!(
                "{user}:{}",
                password.unwrap_or_default()
            ))),
        });
        Ok(Self {
            url: parsed.to_string(),
            login: login.transpose()?,
        })
    }

    /// The login as a secret of a flow: there, what looks percent-encoded is taken for that.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let login = self.login.as_ref()?;
        Some(Secret::new(login.reveal().replace('%', "%25")))
    }

    /// With the login in it, as a source reads it.
    pub(super) fn whole(&self) -> String {
        let Some((login, mut url)) = self.login.as_ref().zip(Url::parse(&self.url).ok()) else {
            return self.url.clone();
        };
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (user, password) = login.reveal().split_once(':').unwrap_or_default();
        let (user, password) = (encoded(user), encoded(password));
        // What is no address was refused before.
        let _ = url
            .set_username(&user)
            .and(url.set_password(Some(&password)));
        url.to_string()
    }
}

/// User and password in an address that is read from.
pub(crate) fn login_in(url: &Secret) -> Option<(String, Secret)> {
    let url = Url::parse(url.reveal()).ok()?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = Some(decoded(url.username())).filter(|user| !user.is_empty())?;
    Some((
        user,
        Secret::new(decoded(url.password().unwrap_or_default())),
    ))
}

/// An address that may be one of a camera.
pub(super) fn parse(url: &str) -> Result<Url, CameraTrouble> {
    let parsed = Url::parse(url).map_err(|error| not_an_address(&error.to_string()))?;
    match parsed.scheme() {
        "rtsp" if parsed.host_str().is_some_and(|host| !host.is_empty()) => Ok(parsed),
        "rtsp" => Err(not_an_address("it has no host")),
        "rtsps" => Err(rtsps()),
        "http" | "https" => Err(a_web_page()),
        other => Err(not_an_address(&format!("`{other}://` is not rtsp://"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, user: Option<&str>, password: Option<&str>) -> CameraAddress {
        CameraAddress {
            url: url.to_owned(),
            user: user.map(str::to_owned),
            password: password.map(Secret::new),
            login_of: None,
        }
    }

    #[test]
    fn a_login_is_taken_out_of_the_address() {
        for (given, url, login) in [
            (
                address(" rtsp://10.0.0.5/a ", None, None),
                "rtsp://10.0.0.5/a",
                None,
            ),
            (
                address("rtsp://me:p%40ss@10.0.0.5:8554/a?b=1", None, None),
                "rtsp://10.0.0.5:8554/a?b=1",
                Some("me:p@ss"),
            ),
            (
                address("rtsp://me:old@cam/a", Some("you"), Some("new%41:")),
                "rtsp://cam/a",
                Some("you:new%41:"),
            ),
            (address("clip.mp4", Some("me"), None), "clip.mp4", None),
        ] {
            let separated = Separated::of(&given).unwrap();
            assert_eq!(separated.url, url);
            assert_eq!(separated.login.as_ref().map(Secret::reveal), login);
        }
        let whole = Separated::of(&address("rtsp://cam/a", Some("me"), Some("p@ss/%41")));
        let whole = whole.unwrap().whole();
        assert_eq!(whole, "rtsp://me:p%40ss%2F%2541@cam/a");
    }
}
