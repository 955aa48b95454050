//! The first picture of a source that is begun for it alone.

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

use super::address::Separated;
use super::advice::{explained, no_file, not_an_address, not_shown, not_tried};
use super::knock::knock;

/// Until the first picture: a camera may send a key frame every few seconds only.
const PATIENCE: Duration = Duration::from_secs(12);
const MOST_PIXELS: u32 = 1280;
/// A name for the shelf, where there is one camera.
const TRIED: &str = "tried";

pub(super) fn picture(separated: &Separated, folder: &Path) -> Result<TriedPicture, CameraTrouble> {
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
    let spawned = thread.spawn(source);
    spawned.map_err(|error| not_tried(&error.to_string()))?;
    let first = first(&seen);
    shutdown.cancel();
    match first {
        Seen::Picture { picture, codec } => shown(&picture, codec),
        Seen::Nothing(reason) if is_file => Err(no_file(&reason)),
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
    let jpeg = jpeg.map_err(|error| not_shown(&error.to_string()))?;
    Ok(TriedPicture {
        jpeg: STANDARD.encode(jpeg.jpeg),
        width: picture.width(),
        height: picture.height(),
        codec,
    })
}
