//! What the models saw, in a file: everything that it takes to run a flow again without its
//! cameras and models, and to get the same alerts. `docs/recordings.md` has the format for
//! readers in other languages.
//!
//! ```text
//! file   = "\x89AGREC\r\n" version:u16 block*
//! block  = kind:u8 length:u32 crc32:u32 payload        (little endian; the checksum is of kind,
//!                                                       length and payload)
//! header = models, then cameras with the models that look at them; the first block, and once
//! frames = records, each a frame or a gap; whole numbers as varints, against the camera's
//!          record before it in the same block; floats as they are
//! end    = how many frames and gaps there were; without it, the file was cut off
//! ```
//!
//! A block can be read without those before it but the header, so a file that was cut off is
//! good up to its last whole block.

mod casting;
mod checksum;
mod frames;
mod player;
mod reader;
mod recorder;
mod scribe;
mod varint;
mod writer;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use agave_core::{Detection, Timestamp};

pub(crate) use casting::{Casting, Part, infer_nodes};
pub(crate) use player::{Opening, PlayError, RecordedCamera, read_to_end};
pub(crate) use reader::{Ending, Reader};
pub(crate) use scribe::Scribe;

use recorder::{Recorded, Recorder};
use writer::Writer;

/// Not text, so that nothing changes its line ends, and found out if something did.
const MAGIC: [u8; 8] = *b"\x89AGREC\r\n";
const VERSION: u16 = 1;
/// Kind, length and checksum.
const BLOCK_HEAD: usize = 9;
/// No block is larger, whatever its length says.
const MOST_BLOCK_BYTES: usize = 16 << 20;
const MOST_NAME_BYTES: usize = 4096;
const MOST_CAMERAS: usize = 10_000;
const MOST_MODELS: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Header = 1,
    Frames = 2,
    End = 3,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Header, Self::Frames, Self::End]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// Whose frames a recording has, and who looked at them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) models: Vec<ModelEntry>,
    pub(crate) cameras: Vec<CameraEntry>,
}

/// A model by its name in the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelEntry {
    pub(crate) name: String,
    /// What it can see, in the order of its class numbers.
    pub(crate) classes: Vec<String>,
}

/// A camera by its name in the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CameraEntry {
    pub(crate) name: String,
    /// Indices into [`Header::models`]: which looked at its frames, in this order.
    pub(crate) models: Vec<usize>,
}

/// One thing that is in a recording, in the order in which the flow saw it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    Frame(Frame),
    /// The flow saw these frames, and the recording could not keep up.
    Lost {
        /// Index into [`Header::cameras`].
        camera: usize,
        frames: u64,
    },
}

/// What the models saw in one frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// Index into [`Header::cameras`].
    pub(crate) camera: usize,
    /// Its number in its stream.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) media_time: Duration,
    /// Pixels from left to right and from top to bottom.
    pub(crate) size: (u32, u32),
    /// For each model of the camera what it saw, none where it could not look at the frame.
    /// Classes are the model's own; ids, tracks and zones come later and are not recorded.
    pub(crate) detections: Vec<Option<Vec<Detection>>>,
}

#[cfg(test)]
mod continued;
/// Whether nothing is lost but a recording when `file` is written.
pub(crate) fn may_be_replaced(file: &Path) -> bool {
    let Ok(mut there) = File::open(file) else {
        return true;
    };
    let mut begin = Vec::new();
    let read = there
        .by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut begin);
    // A pipe or a device is not replaced by being written to.
    let is_file = there.metadata().is_ok_and(|metadata| metadata.is_file());
    !is_file || read.is_ok() && (begin.is_empty() || begin == MAGIC)
}

#[cfg(test)]
pub(crate) mod tests;
