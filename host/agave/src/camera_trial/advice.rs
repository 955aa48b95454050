//! Why a camera does not answer, and what to do about it, in the words of somebody who stands
//! before it: the sources' own are those of protocols.

use std::io::ErrorKind;

use agave_inspector::view::{CameraTrouble, TroubleKind};
use url::Url;

use super::knock::RTSP_PORT;

/// So many names are said; nobody reads more of them.
const MOST_NAMED: usize = 20;

/// The source's words for why there is no picture, as whoever looks after the camera needs them.
pub(crate) fn explained(reason: &str, has_login: bool) -> CameraTrouble {
    let has = |words: &str| reason.contains(words);
    if has("(401)") && !has_login {
        return trouble(
            TroubleKind::Login,
            "The camera wants a user name and a password.",
            "Use those of its own web page, or of a user who may see video.",
        );
    }
    if has("(401)") || has("status code 403") || has("403 Forbidden") {
        return trouble(
            TroubleKind::Login,
            "The camera refused the user name or the password.",
            "Mind capital letters. Cameras lock a user after a few wrong attempts: wait some minutes before the next ones.",
        );
    }
    if has("404") || has("454") || has("Not Found") {
        return trouble(
            TroubleKind::Path,
            "The camera has no stream at this path.",
            "What comes behind the port is the maker's own: look it up for this model, for example /Streaming/Channels/102 or /stream1.",
        );
    }
    if has("video") {
        return trouble(
            TroubleKind::Video,
            sentence(reason),
            "Set the camera's video to H.264, in its settings or on another of its streams.",
        );
    }
    if has("no picture came") || has("no frame") {
        return trouble(
            TroubleKind::Picture,
            "The camera let us in and sent no picture in time.",
            "Key frames may be far apart: set their interval to 2 seconds or less. Another viewer may also take its last free place.",
        );
    }
    trouble(
        TroubleKind::Protocol,
        format!("What listens there broke off: {reason}."),
        "Is it the RTSP port? It is usually 554; web pages have 80 or 443.",
    )
}

/// The same of a camera of a running flow: nobody has knocked before, and where it was live already
/// its address is right.
pub(crate) fn of_running(
    reason: &str,
    url: &str,
    has_login: bool,
    was_live: bool,
) -> CameraTrouble {
    let has = |words: &str| reason.contains(words);
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    let port = url.as_ref().and_then(Url::port).unwrap_or(RTSP_PORT);
    if has("lookup address") || has("Name or service not known") {
        return nobody_called(host);
    }
    if has("Connection refused") {
        return closed(ErrorKind::ConnectionRefused, host, port);
    }
    if has("did not answer within") || has("unreachable") || has("No route") || has("timed out") {
        return closed(ErrorKind::TimedOut, host, port);
    }
    let explained = explained(reason, has_login);
    match explained.kind {
        TroubleKind::Protocol | TroubleKind::Picture if was_live => trouble(
            explained.kind,
            sentence(reason),
            "It is tried again by itself. If it stays away: is the camera on, and does its network hold?",
        ),
        _ => explained,
    }
}

/// What came of knocking at a port.
pub(super) fn closed(error: ErrorKind, host: &str, port: u16) -> CameraTrouble {
    match error {
        ErrorKind::ConnectionRefused => trouble(
            TroubleKind::Refused,
            format!("{host} is there, and nothing listens at port {port}."),
            "Is the port right, and is RTSP turned on in the camera's settings?",
        ),
        _ => trouble(
            TroubleKind::Silent,
            format!("Nobody answers at {host}, port {port}."),
            "Is the camera on, is the address right, and can this machine reach its network?",
        ),
    }
}

pub(super) fn nobody_called(name: &str) -> CameraTrouble {
    trouble(
        TroubleKind::Name,
        format!("No machine is called “{name}”."),
        "Look for a slip in the name, or use the camera's IP address.",
    )
}

pub(crate) fn no_file(reason: &str) -> CameraTrouble {
    trouble(
        TroubleKind::File,
        sentence(reason),
        "A path is relative to the folder of the flow file, and is of a video or a picture.",
    )
}

/// A recording can be a camera, and has no pictures.
pub(super) fn a_recording(cameras: &[&str], models: &[&str]) -> CameraTrouble {
    let advice = match cameras {
        [_] => "It can be added all the same, and is played over and over, without pictures.",
        _ => {
            "It can be added all the same, under the name of the camera in it that is to be \
             played. There are no pictures."
        }
    };
    let (cameras, models) = (some_of(cameras), some_of(models));
    let said = format!("This is a recording of {cameras}, with what {models} saw.");
    trouble(TroubleKind::Recording, said, advice)
}

fn some_of(names: &[&str]) -> String {
    match names.get(..MOST_NAMED) {
        Some(some) if names.len() > MOST_NAMED => format!("{} and others", some.join(", ")),
        _ => names.join(", "),
    }
}

pub(super) fn not_shown(reason: &str) -> CameraTrouble {
    trouble(
        TroubleKind::Picture,
        format!("A picture came and cannot be shown: {reason}."),
        "The camera can be added all the same.",
    )
}

pub(super) fn not_tried(reason: &str) -> CameraTrouble {
    trouble(
        TroubleKind::Picture,
        format!("It cannot be tried: {reason}."),
        "Try again in a moment.",
    )
}

pub(super) fn rtsps() -> CameraTrouble {
    trouble(
        TroubleKind::Address,
        "rtsps:// cannot be read yet.",
        "Write rtsp://, and keep the camera in a network of its own.",
    )
}

pub(super) fn a_web_page() -> CameraTrouble {
    trouble(
        TroubleKind::Address,
        "This is the address of a web page, not of a video stream.",
        "Look in the camera's settings for its RTSP address; it begins with rtsp://.",
    )
}

pub(super) fn not_an_address(reason: &str) -> CameraTrouble {
    trouble(
        TroubleKind::Address,
        format!("This is no address of a camera: {reason}."),
        "It looks like rtsp://10.0.0.5:554/stream1; the camera's settings or its manual have it.",
    )
}

fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(char::to_uppercase);
    let first: String = first.into_iter().flatten().collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn trouble(kind: TroubleKind, said: impl Into<String>, advice: &str) -> CameraTrouble {
    CameraTrouble {
        kind,
        said: said.into(),
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_camera_is_explained_like_one_that_is_tried() {
        let url = "rtsp://10.0.0.5/stream1";
        let of = |reason: &str, was_live| of_running(reason, url, true, was_live);
        let refused = of(
            "Unable to connect to RTSP server: Connection refused (os error 111)",
            true,
        );
        assert_eq!(refused.kind, TroubleKind::Refused);
        assert_eq!(
            refused.said,
            "10.0.0.5 is there, and nothing listens at port 554."
        );
        let silent = of("the camera did not answer within 10 s", false);
        assert_eq!(silent.kind, TroubleKind::Silent);
        let login = of(
            "the camera refused the user name or the password (401)",
            true,
        );
        assert_eq!(login.kind, TroubleKind::Login);
        let gone = of("the camera closed the connection", true);
        assert_eq!(gone.said, "The camera closed the connection.");
        assert!(gone.advice.contains("tried again by itself"));
        let never = of("the camera closed the connection", false);
        assert!(never.advice.contains("RTSP port"), "{never:?}");
    }
}
