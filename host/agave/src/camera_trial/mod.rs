//! Connects to a camera that is no part of a flow yet, waits for its first picture, and says in
//! plain words what is wrong where none comes.

mod address;
pub(crate) mod advice;
mod file;
mod first_picture;
mod knock;
mod place;

use std::path::Path;
use std::time::Instant;

use agave_core::without_credentials;
use agave_inspector::view::{CameraAddress, CameraTrial};

pub(crate) use address::{Separated, login_in};
pub(crate) use place::Place;

/// Tries `address`; a path is relative to `folder`. The place is given back when nothing of the
/// trial is left, which may be later.
pub(crate) fn run(address: &CameraAddress, folder: &Path, place: Place) -> CameraTrial {
    let began = Instant::now();
    let separated = Separated::of(address);
    let url = match &separated {
        Ok(separated) => separated.url.clone(),
        Err(_) => without_credentials(address.url.trim()),
    };
    let outcome = separated.and_then(|separated| first_picture::picture(&separated, folder, place));
    let (picture, trouble) = match outcome {
        Ok(picture) => (Some(picture), None),
        Err(trouble) => (None, Some(trouble)),
    };
    CameraTrial {
        url,
        trouble,
        picture,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use agave_inspector::view::TroubleKind;

    use super::*;

    fn address(url: &str) -> CameraAddress {
        CameraAddress {
            url: url.to_owned(),
            user: None,
            password: None,
            login_of: None,
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_plain_words() {
        let kind = |url: &str| {
            let trial = run(&address(url), Path::new("."), Place::take().unwrap());
            assert!(trial.picture.is_none());
            trial.trouble.unwrap().kind
        };
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        for (url, expected) in [
            ("", TroubleKind::Address),
            ("http://10.0.0.5/", TroubleKind::Address),
            ("rtsps://10.0.0.5/", TroubleKind::Address),
            ("rtsp://", TroubleKind::Address),
            ("rtsp://no-such-machine.invalid/a", TroubleKind::Name),
            ("no-such-clip.mp4", TroubleKind::File),
            ("Cargo.toml", TroubleKind::File),
            (&format!("rtsp://127.0.0.1:{port}/a"), TroubleKind::Refused),
        ] {
            assert_eq!(kind(url), expected, "{url}");
        }
    }
}
