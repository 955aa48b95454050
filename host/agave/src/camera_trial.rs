//! Connects to a camera that is no part of a flow yet, waits for its first picture, and says in
//! plain words what is wrong where none comes.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use agave_core::{Secret, View, without_credentials};
use agave_inspector::view::{CameraAddress, CameraTrial, CameraTrouble, TriedPicture, TroubleKind};
use agave_media::{Frame, FrameSink, Picture, RecentPictures, SourceConfig, SourceEvent};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio_util::sync::CancellationToken;
use url::Url;

/// For a machine to say whether something listens there.
const KNOCK: Duration = Duration::from_secs(4);
/// Until the first picture: a camera may send a key frame every few seconds only.
const PATIENCE: Duration = Duration::from_secs(12);
const MOST_PIXELS: u32 = 1280;
const RTSP_PORT: u16 = 554;
/// A name for the shelf, where there is one camera.
const TRIED: &str = "tried";

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

    fn whole(&self) -> String {
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

fn parse(url: &str) -> Result<Url, CameraTrouble> {
    let parsed = Url::parse(url).map_err(|error| not_an_address(&error.to_string()))?;
    match parsed.scheme() {
        "rtsp" if parsed.host_str().is_some_and(|host| !host.is_empty()) => Ok(parsed),
        "rtsp" => Err(not_an_address("it has no host")),
        "rtsps" => Err(trouble(
            TroubleKind::Address,
            "rtsps:// cannot be read yet.",
            "Write rtsp://, and keep the camera in a network of its own.",
        )),
        "http" | "https" => Err(trouble(
            TroubleKind::Address,
            "This is the address of a web page, not of a video stream.",
            "Look in the camera's settings for its RTSP address; it begins with rtsp://.",
        )),
        other => Err(not_an_address(&format!("`{other}://` is not rtsp://"))),
    }
}

/// Tries `address`; a path is relative to `folder`.
pub(crate) fn run(address: &CameraAddress, folder: &Path) -> CameraTrial {
    let began = Instant::now();
    let separated = Separated::of(address);
    let url = match &separated {
        Ok(separated) => separated.url.clone(),
        Err(_) => without_credentials(address.url.trim()),
    };
    let outcome = separated.and_then(|separated| picture(&separated, folder));
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

fn picture(separated: &Separated, folder: &Path) -> Result<TriedPicture, CameraTrouble> {
    let is_file = !separated.url.contains("://");
    if separated.url.is_empty() {
        return Err(not_an_address("it is empty"));
    }
    let whole = match is_file {
        true => folder.join(&separated.url).display().to_string(),
        false => {
            knock(&separated.url)?;
            separated.whole()
        }
    };
    let config = SourceConfig {
        shown_url: separated.url.clone(),
        ..SourceConfig::new(TRIED, whole)
    };
    let (sender, seen) = sync_channel(1);
    let shutdown = CancellationToken::new();
    let ends = shutdown.clone();
    let source = move || {
        let mut sink = FirstPicture {
            sender,
            codec: String::new(),
        };
        let failed = agave_media::run(&config, &mut sink, &ends).err();
        if let Some(error) = failed {
            // Nobody waits for it after the first word.
            let _ = sink.sender.try_send(Seen::Nothing(error.to_string()));
        }
    };
    let thread = std::thread::Builder::new().name("camera trial".to_owned());
    thread.spawn(source).map_err(|error| {
        let said = format!("It cannot be tried: {error}.");
        trouble(TroubleKind::Picture, said, "Try again in a moment.")
    })?;
    let first = first(&seen);
    shutdown.cancel();
    match first {
        Seen::Picture { picture, codec } => shown(&picture, codec),
        Seen::Nothing(reason) if is_file => Err(trouble(
            TroubleKind::File,
            sentence(&reason),
            "A path is relative to the folder of the flow file, and is of a video or a picture.",
        )),
        Seen::Nothing(reason) => Err(explained(&reason, separated.login.is_some())),
    }
}

/// What the source says first.
enum Seen {
    Picture {
        picture: Arc<Picture>,
        codec: String,
    },
    Nothing(String),
}

fn first(seen: &Receiver<Seen>) -> Seen {
    match seen.recv_timeout(PATIENCE) {
        Ok(seen) => seen,
        Err(RecvTimeoutError::Timeout) => Seen::Nothing("no picture came".to_owned()),
        Err(RecvTimeoutError::Disconnected) => Seen::Nothing("it ended at once".to_owned()),
    }
}

struct FirstPicture {
    sender: SyncSender<Seen>,
    codec: String,
}

impl FrameSink for FirstPicture {
    fn frame(&mut self, frame: Frame) {
        // Only the first one is wanted.
        let _ = self.sender.try_send(Seen::Picture {
            picture: frame.picture,
            codec: self.codec.clone(),
        });
    }

    fn event(&mut self, event: SourceEvent) {
        match event {
            SourceEvent::Live { codec, .. } => self.codec = codec,
            SourceEvent::Lost { reason, .. } => {
                let _ = self.sender.try_send(Seen::Nothing(reason));
            }
            SourceEvent::Connecting | SourceEvent::Ended | SourceEvent::Counted(_) => {}
        }
    }
}

fn shown(picture: &Arc<Picture>, codec: String) -> Result<TriedPicture, CameraTrouble> {
    let shelf = RecentPictures::for_people([TRIED.to_owned()]);
    shelf.keep(TRIED, 0, picture);
    let jpeg = shelf.show(TRIED, 0, &View::of(None, MOST_PIXELS));
    let jpeg = jpeg.map_err(|error| {
        let said = format!("A picture came and cannot be shown: {error}.");
        trouble(
            TroubleKind::Picture,
            said,
            "The camera can be added all the same.",
        )
    })?;
    Ok(TriedPicture {
        jpeg: STANDARD.encode(jpeg.jpeg),
        width: picture.width(),
        height: picture.height(),
        codec,
    })
}

/// Whether something listens there: it is said sooner, and plainer, than by who speaks RTSP.
fn knock(url: &str) -> Result<(), CameraTrouble> {
    let parsed = parse(url)?;
    let host = parsed.host_str().unwrap_or_default();
    let name = host.trim_matches(['[', ']']);
    let port = parsed.port().unwrap_or(RTSP_PORT);
    let nobody = || {
        trouble(
            TroubleKind::Name,
            format!("No machine is called “{name}”."),
            "Look for a slip in the name, or use the camera's IP address.",
        )
    };
    let places = (name, port).to_socket_addrs().map_err(|_| nobody())?;
    let mut why = nobody();
    for place in places {
        match TcpStream::connect_timeout(&place, KNOCK) {
            Ok(_) => return Ok(()),
            Err(error) => why = closed(error.kind(), name, port),
        }
    }
    Err(why)
}

fn closed(error: ErrorKind, host: &str, port: u16) -> CameraTrouble {
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

/// The source's words for why there is no picture, as one who asks for the first time needs them.
fn explained(reason: &str, has_login: bool) -> CameraTrouble {
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

fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(char::to_uppercase);
    let first: String = first.into_iter().flatten().collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn not_an_address(reason: &str) -> CameraTrouble {
    trouble(
        TroubleKind::Address,
        format!("This is no address of a camera: {reason}."),
        "It looks like rtsp://10.0.0.5:554/stream1; the camera's settings or its manual have it.",
    )
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

    fn address(url: &str, user: Option<&str>, password: Option<&str>) -> CameraAddress {
        CameraAddress {
            url: url.to_owned(),
            user: user.map(str::to_owned),
            password: password.map(Secret::new),
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

    #[test]
    fn what_is_wrong_is_said_in_plain_words() {
        let kind = |url: &str| {
            let trial = run(&address(url, None, None), Path::new("."));
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
