//! Plays what a camera of a recording saw, once or again and again, with times since the first
//! play began. All cameras of a recording have one beginning and one end, so that what they saw
//! together they see together, however often it is played.

use std::fs::File;
use std::io::{self, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agave_core::Timestamp;
use agave_flow::{Camera, CameraIndex, Flow};
use tokio_util::sync::CancellationToken;

use super::casting::{Casting, CastingError, Part};
use super::reader::{Ending, ReadError, Reader};
use super::{Frame, Header, Record};
use crate::topology::Seen;

/// From the last frame of a recording to its beginning, when it is played again.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(100);
/// Blocks are read at once; this is for what is between them.
const BUFFER_BYTES: usize = 4 << 10;

/// Why a recording cannot be played, or not any further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    #[error("it cannot be opened: {0}")]
    Open(#[from] io::Error),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{0}; `recorded: NAME` says which one is played")]
    NoCamera(CastingError),
    #[error(transparent)]
    Casting(CastingError),
    #[error(
        "it is another recording than when it was begun with; give the new one a name of its own, \
         or start the flow again"
    )]
    Replaced,
    #[error("there is no frame of camera '{0}' in it")]
    Empty(String),
}

type Input = BufReader<File>;

/// Which file it is, and in which state: one that is recorded anew in its place is another one,
/// whatever it begins with.
#[derive(Clone, Debug, PartialEq)]
struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Identity {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// A recording as it was when it was opened first: all its cameras play this one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Opening {
    pub(crate) header: Header,
    identity: Identity,
}

impl Opening {
    /// Looks at the beginning of the recording in `file`.
    ///
    /// # Errors
    /// When it is no recording, or its beginning is damaged.
    pub(crate) fn of(file: &Path) -> Result<Self, PlayError> {
        let (reader, identity) = open(file)?;
        Ok(Self {
            header: reader.header().clone(),
            identity,
        })
    }

    /// Opens it again.
    ///
    /// # Errors
    /// When it cannot be read, or another one is there.
    fn again(&self, file: &Path) -> Result<Reader<Input>, PlayError> {
        let (reader, identity) = open(file)?;
        match identity == self.identity && *reader.header() == self.header {
            true => Ok(reader),
            false => Err(PlayError::Replaced),
        }
    }
}

fn open(file: &Path) -> Result<(Reader<Input>, Identity), PlayError> {
    let file = File::open(file)?;
    let identity = Identity::of(&file)?;
    let input = BufReader::with_capacity(BUFFER_BYTES, file);
    Ok((Reader::new(input)?, identity))
}

/// Reads all of the recording in `file`.
///
/// # Errors
/// The first damage.
pub(crate) fn read_to_end(file: &Path) -> Result<Ending, PlayError> {
    let (mut reader, _) = open(file)?;
    // Of no camera: nobody wants to have the frames.
    reader.want_only(usize::MAX);
    for record in reader.by_ref() {
        record?;
    }
    let cut_off = Ending::CutOff { at: 0 };
    Ok(reader.ending().unwrap_or(cut_off))
}

/// A camera of a recording, as a camera of a flow plays it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordedCamera {
    file: PathBuf,
    opening: Arc<Opening>,
    /// Index into [`Header::cameras`].
    camera: usize,
    casting: Casting,
}

impl RecordedCamera {
    /// Finds what `camera` of `flow` plays in the recording `file`, which was opened before.
    ///
    /// # Errors
    /// A camera or a model that is not in the recording.
    pub(crate) fn of(
        flow: &Flow,
        camera: &Camera,
        file: PathBuf,
        opening: Arc<Opening>,
    ) -> Result<Self, PlayError> {
        let header = &opening.header;
        let name = match (&camera.recorded, header.cameras.as_slice()) {
            (Some(name), _) => name,
            (None, [only]) => &only.name,
            (None, _) => &camera.name,
        };
        let casting = Casting::new(flow, header, &[Part::new(name, &camera.name)]);
        let casting = casting.map_err(|error| match error {
            CastingError::NoCamera { .. } => PlayError::NoCamera(error),
            other => PlayError::Casting(other),
        })?;
        let names = header.cameras.iter().map(|camera| &camera.name);
        // The casting has found it.
        let index = names.into_iter().position(|known| known == name);
        Ok(Self {
            file,
            camera: index.unwrap_or(0),
            casting,
            opening,
        })
    }

    /// By the flow's model, what it saw; nothing for one that does not look at the camera.
    pub(crate) fn classes(&self) -> &[Arc<[String]>] {
        &self.casting.classes
    }

    /// What the flow's camera sees in a frame.
    pub(crate) fn seen(&self, frame: Frame) -> Option<(CameraIndex, Seen)> {
        self.casting.seen(frame)
    }

    /// Begins to play it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn play(&self, repeat: bool) -> Result<Player, PlayError> {
        Player::begin(&self.file, &self.opening, self.camera, repeat)
    }
}

/// Where one play of the whole recording stands.
#[derive(Default)]
struct Round {
    /// Since the first play began.
    begins: Duration,
    /// The number of the camera's first frame in it.
    first_number: u64,
    /// When the recording's first frame was captured, of whichever camera.
    recorded_from: Option<Timestamp>,
    /// The number of the camera's first frame as it was recorded.
    recorded_number: Option<u64>,
    /// Since it began.
    lasted: Duration,
}

/// A recording while it is played.
pub(crate) struct Player {
    reader: Reader<Input>,
    file: PathBuf,
    opening: Arc<Opening>,
    camera: usize,
    repeat: bool,
    round: Round,
    /// The time of the camera's first frame.
    began: Option<Duration>,
    /// Time and number of its last frame.
    last: Option<(Duration, u64)>,
}

impl Player {
    fn begin(
        file: &Path,
        opening: &Arc<Opening>,
        camera: usize,
        repeat: bool,
    ) -> Result<Self, PlayError> {
        let mut reader = opening.again(file)?;
        reader.want_only(camera);
        Ok(Self {
            reader,
            file: file.to_owned(),
            opening: Arc::clone(opening),
            camera,
            repeat,
            round: Round::default(),
            began: None,
            last: None,
        })
    }

    /// The camera's next frame and when it is due, since the first play began. Its number begins
    /// with 0, and its media time is that since its first frame. None at the end, or once `stop`
    /// is cancelled.
    ///
    /// # Errors
    /// When the recording cannot be read any further, or there is nothing of the camera in it.
    pub(crate) fn next(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<Option<(Duration, Frame)>, PlayError> {
        while !stop.is_cancelled() {
            let Some(record) = self.reader.next().transpose()? else {
                if self.round.recorded_number.is_none() {
                    let camera = self.opening.header.cameras.get(self.camera);
                    let name = camera.map_or_else(String::new, |camera| camera.name.clone());
                    return Err(PlayError::Empty(name));
                }
                if !self.repeat {
                    return Ok(None);
                }
                self.begin_again()?;
                continue;
            };
            let Record::Frame(frame) = record else {
                continue;
            };
            let from = *self.round.recorded_from.get_or_insert(frame.at);
            self.round.lasted = self.round.lasted.max(frame.at.since(from));
            if frame.camera == self.camera {
                return Ok(Some(self.timed(frame, from)));
            }
        }
        Ok(None)
    }

    /// Neither time nor numbers go back, whatever the recording says.
    fn timed(&mut self, mut frame: Frame, from: Timestamp) -> (Duration, Frame) {
        let first = *self.round.recorded_number.get_or_insert(frame.number);
        let mut due = self.round.begins.saturating_add(frame.at.since(from));
        let mut number = frame.number.saturating_sub(first);
        number = number.saturating_add(self.round.first_number);
        if let Some((last_due, last_number)) = self.last {
            due = due.max(last_due);
            number = number.max(last_number.saturating_add(1));
        }
        self.last = Some((due, number));
        frame.number = number;
        frame.media_time = due.saturating_sub(*self.began.get_or_insert(due));
        (due, frame)
    }

    /// Opened again and not rewound: it may be another file by now, and then it is over. Another
    /// camera of the recording may be in this round already, or still in the one before.
    fn begin_again(&mut self) -> Result<(), PlayError> {
        self.reader = self.opening.again(&self.file)?;
        self.reader.want_only(self.camera);
        let Round { begins, lasted, .. } = self.round;
        self.round = Round {
            begins: begins.saturating_add(lasted).saturating_add(BETWEEN_ROUNDS),
            first_number: self.last.map_or(0, |(_, number)| number.saturating_add(1)),
            ..Round::default()
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
