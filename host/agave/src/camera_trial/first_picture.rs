//! The first picture of a source that is begun for it alone. All that may wait for a machine or a
//! disk does so on a thread of its own, which nobody can end: whoever asked waits for a bounded
//! time, and the thread keeps its place among the trials until it is over.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use agave_core::View;
use agave_inspector::view::{CameraTrouble, TriedPicture};
use agave_media::{Frame, FrameSink, Picture, RecentPictures, SourceConfig, SourceEvent};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_util::sync::CancellationToken;

use super::Place;
use super::address::Separated;
use super::advice::{closed, explained, no_file, not_an_address, not_shown, not_tried};
use super::file;
use super::knock::Door;

/// Until it is clear that there is a camera, or a file: a name may have to be looked up.
const FOUND: Duration = Duration::from_secs(4);
/// From then on until the first picture: a camera may send a key frame every few seconds only.
const PATIENCE: Duration = Duration::from_secs(12);
const MOST_PIXELS: u32 = 1280;
/// A name for the shelf, where there is one camera.
const TRIED: &str = "tried";

/// What the thread says, in this order.
enum Seen {
    /// Something is there.
    Found,
    Picture {
        picture: Arc<Picture>,
        codec: String,
    },
    Nothing(CameraTrouble),
}

/// Where a picture may come from, and who explains why none does.
enum From {
    File,
    Machine { door: Door, has_login: bool },
}

impl From {
    fn explained(&self, reason: &str) -> CameraTrouble {
        match self {
            Self::File => no_file(reason),
            Self::Machine { has_login, .. } => explained(reason, *has_login),
        }
    }

    fn not_found_in_time(&self) -> CameraTrouble {
        match self {
            Self::File => no_file("the disk does not answer"),
            Self::Machine { door, .. } => {
                closed(std::io::ErrorKind::TimedOut, &door.name, door.port)
            }
        }
    }
}

pub(super) fn picture(
    separated: &Separated,
    folder: &Path,
    place: Place,
) -> Result<TriedPicture, CameraTrouble> {
    if separated.url.is_empty() {
        return Err(not_an_address("it is empty"));
    }
    let (from, whole) = match separated.url.contains("://") {
        true => {
            let from = From::Machine {
                door: Door::of(&separated.url)?,
                has_login: separated.login.is_some(),
            };
            (from, separated.whole())
        }
        false => (
            From::File,
            folder.join(&separated.url).display().to_string(),
        ),
    };
    let config = SourceConfig {
        shown_url: separated.url.clone(),
        ..SourceConfig::new(TRIED, whole)
    };
    let from = Arc::new(from);
    let (sender, seen) = sync_channel(2);
    let shutdown = CancellationToken::new();
    let (ends, asked) = (shutdown.clone(), Arc::clone(&from));
    let trial = move || {
        look(&config, asked, sender, &ends);
        drop(place);
    };
    let thread = std::thread::Builder::new().name("camera trial".to_owned());
    let begun = thread.spawn(trial);
    begun.map_err(|error| not_tried(&error.to_string()))?;
    let first = first(&seen, &from);
    shutdown.cancel();
    let (picture, codec) = first?;
    shown(&picture, codec)
}

/// On the trial's thread.
fn look(
    config: &SourceConfig,
    from: Arc<From>,
    sender: SyncSender<Seen>,
    shutdown: &CancellationToken,
) {
    let found = match &*from {
        From::File => file::expect_pictures(Path::new(config.url.reveal())),
        From::Machine { door, .. } => door.knock(),
    };
    // Nobody waits for it after the first word of why there is nothing.
    if let Err(trouble) = found {
        let _ = sender.try_send(Seen::Nothing(trouble));
        return;
    }
    let _ = sender.try_send(Seen::Found);
    if shutdown.is_cancelled() {
        return;
    }
    let mut sink = FirstPicture {
        from,
        sender,
        codec: String::new(),
    };
    if let Err(error) = agave_media::run(config, &mut sink, shutdown) {
        sink.nothing(&error.to_string());
    }
}

fn first(seen: &Receiver<Seen>, from: &From) -> Result<(Arc<Picture>, String), CameraTrouble> {
    let mut waited = seen.recv_timeout(FOUND);
    if matches!(waited, Err(RecvTimeoutError::Timeout)) {
        return Err(from.not_found_in_time());
    }
    if matches!(waited, Ok(Seen::Found)) {
        waited = seen.recv_timeout(PATIENCE);
    }
    match waited {
        Ok(Seen::Picture { picture, codec }) => Ok((picture, codec)),
        Ok(Seen::Nothing(trouble)) => Err(trouble),
        Err(RecvTimeoutError::Timeout) => Err(from.explained("no picture came")),
        Ok(Seen::Found) | Err(RecvTimeoutError::Disconnected) => {
            Err(from.explained("it ended at once"))
        }
    }
}

struct FirstPicture {
    from: Arc<From>,
    sender: SyncSender<Seen>,
    codec: String,
}

impl FirstPicture {
    fn nothing(&self, reason: &str) {
        let trouble = self.from.explained(reason);
        // Only the first word is wanted.
        let _ = self.sender.try_send(Seen::Nothing(trouble));
    }
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
            SourceEvent::Lost { reason, .. } => self.nothing(&reason),
            SourceEvent::Connecting | SourceEvent::Ended | SourceEvent::Counted(_) => {}
        }
    }
}

fn shown(picture: &Arc<Picture>, codec: String) -> Result<TriedPicture, CameraTrouble> {
    let shelf = RecentPictures::for_people([TRIED.to_owned()]);
    shelf.keep(TRIED, 0, picture);
    let jpeg = shelf.show(TRIED, 0, &View::of(None, MOST_PIXELS));
    let jpeg = jpeg.map_err(|error| not_shown(&error.to_string()))?;
    Ok(TriedPicture {
        jpeg: STANDARD.encode(jpeg.jpeg),
        width: picture.width(),
        height: picture.height(),
        codec,
    })
}
