//! Reads a recording record by record; never more of it than a block is in memory.

use std::io::{self, Read};

use super::checksum::crc32;
use super::frames::Progress;
use super::varint::Take;
use super::{BLOCK_HEAD, CameraEntry, Header, Kind, MAGIC, ModelEntry, Record, VERSION};
use super::{MOST_BLOCK_BYTES, MOST_CAMERAS, MOST_MODELS, MOST_NAME_BYTES};

/// Why a recording cannot be read, or not any further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("cannot be read at byte {at}: {source}")]
    Io { at: u64, source: io::Error },
    #[error("byte 0: this is not a recording; `agave record` makes them")]
    NotARecording,
    #[error(
        "byte 8: this is version {0} of the format, and this Agave reads version {VERSION}; a \
         newer Agave reads it"
    )]
    Version(u16),
    #[error("byte {at}: {what}")]
    Damaged { at: u64, what: String },
}

/// How far a recording goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// To its end.
    Whole,
    /// Whoever wrote it did not get to its end; it is good up to this byte.
    CutOff { at: u64 },
}

/// Reads a recording from `R`, as an iterator over its records.
pub(crate) struct Reader<R: Read> {
    input: R,
    header: Header,
    block: Vec<u8>,
    /// Where in the file the block's payload begins.
    block_at: u64,
    /// How far in the block.
    position: usize,
    progress: Progress,
    /// How much of the file was read.
    read: u64,
    frames: u64,
    lost: u64,
    ending: Option<Ending>,
    failed: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is no recording, one of another version, or already its header is damaged.
    pub(crate) fn new(input: R) -> Result<Self, ReadError> {
        let mut reader = Self {
            input,
            header: Header::default(),
            block: Vec::new(),
            block_at: 0,
            position: 0,
            progress: Progress::default(),
            read: 0,
            frames: 0,
            lost: 0,
            ending: None,
            failed: false,
        };
        let mut start = [0; 10];
        let have = reader.fill(&mut start)?;
        let (magic, version) = start.split_at(MAGIC.len());
        if have < start.len() || magic != MAGIC {
            return Err(ReadError::NotARecording);
        }
        let version = u16::from_le_bytes(version.try_into().unwrap_or_default());
        if version != VERSION {
            return Err(ReadError::Version(version));
        }
        let at = reader.read;
        if reader.next_block()? != Some(Kind::Header) {
            let what = "the recording ends before its header does".to_owned();
            return Err(ReadError::Damaged { at, what });
        }
        let mut take = Take::new(&reader.block, 0);
        reader.header = header(&mut take).map_err(|what| ReadError::Damaged {
            at: reader.block_at + take.position() as u64,
            what,
        })?;
        reader.position = reader.block.len();
        Ok(reader)
    }

    /// From now on only frames of this camera have their detections; those of others are empty.
    pub(crate) fn want_only(&mut self, camera: usize) {
        self.progress.wanted = Some(camera);
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// How it ended; none while there is more to read, or when reading it failed.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending
    }

    fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        while self.position >= self.block.len() {
            if self.ending.is_some() {
                return Ok(None);
            }
            let at = self.read;
            match self.next_block()? {
                Some(Kind::Frames) => self.progress.reset(self.header.cameras.len()),
                Some(Kind::End) => self.end()?,
                Some(Kind::Header) => {
                    let what = "a second header".to_owned();
                    return Err(ReadError::Damaged { at, what });
                }
                None => self.ending = Some(Ending::CutOff { at }),
            }
        }
        let mut take = Take::new(&self.block, self.position);
        let record = self.progress.take(&mut take, &self.header);
        let record = record.map_err(|what| ReadError::Damaged {
            at: self.block_at + take.position() as u64,
            what,
        })?;
        self.position = take.position();
        match &record {
            Record::Frame(_) => self.frames += 1,
            Record::Lost { frames, .. } => self.lost = self.lost.saturating_add(*frames),
        }
        Ok(Some(record))
    }

    fn end(&mut self) -> Result<(), ReadError> {
        let damaged = |what| ReadError::Damaged {
            at: self.block_at,
            what,
        };
        let mut take = Take::new(&self.block, 0);
        let (frames, lost) = take
            .number()
            .and_then(|frames| Ok((frames, take.number()?)))
            .map_err(damaged)?;
        if (frames, lost) != (self.frames, self.lost) {
            let (have, have_lost) = (self.frames, self.lost);
            return Err(damaged(format!(
                "it should have {frames} frames and {lost} lost ones, and has {have} and {have_lost}"
            )));
        }
        self.position = self.block.len();
        let at = self.read;
        if self.fill(&mut [0])? > 0 {
            let what = "something follows the recording's end".to_owned();
            return Err(ReadError::Damaged { at, what });
        }
        self.ending = Some(Ending::Whole);
        Ok(())
    }

    /// Reads the next block; none when the file ends in it, or before it.
    fn next_block(&mut self) -> Result<Option<Kind>, ReadError> {
        let at = self.read;
        let damaged = |what: String| ReadError::Damaged { at, what };
        let mut head = [0; BLOCK_HEAD];
        if self.fill(&mut head)? < BLOCK_HEAD {
            return Ok(None);
        }
        // What a file system may leave behind where a machine lost its power.
        if head == [0; BLOCK_HEAD] && self.rest_is_zero()? {
            return Ok(None);
        }
        let (kind_and_length, checksum) = head.split_at(BLOCK_HEAD - 4);
        let (kind, length) = kind_and_length.split_at(1);
        let kind = kind.first().copied().unwrap_or_default();
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap_or_default());
        let length = number(length) as usize;
        let Some(kind) = Kind::of(kind) else {
            return Err(damaged(format!(
                "a block of the unknown kind {kind}; the recording is damaged here"
            )));
        };
        if length > MOST_BLOCK_BYTES {
            return Err(damaged(format!(
                "a block of {length} bytes, where the most are {MOST_BLOCK_BYTES}; the recording \
                 is damaged here"
            )));
        }
        self.block_at = self.read;
        self.position = 0;
        // As much as really comes, whatever the length says.
        self.block.clear();
        let input = self.input.by_ref().take(length as u64);
        read_to_end(input, &mut self.block).map_err(|source| ReadError::Io {
            at: self.read,
            source,
        })?;
        self.read += self.block.len() as u64;
        if self.block.len() < length {
            self.block.clear();
            return Ok(None);
        }
        if crc32(&[kind_and_length, &self.block]) != number(checksum) {
            self.block.clear();
            return Err(damaged(format!(
                "a block of {length} bytes does not have its checksum; the recording is damaged \
                 here"
            )));
        }
        Ok(Some(kind))
    }

    fn rest_is_zero(&mut self) -> Result<bool, ReadError> {
        let mut bytes = [0; 4096];
        loop {
            let have = self.fill(&mut bytes)?;
            match bytes.get(..have) {
                None | Some([]) => return Ok(true),
                Some(some) if some.iter().any(|byte| *byte != 0) => return Ok(false),
                Some(_) => {}
            }
        }
    }

    /// Fills `bytes` as far as the file goes.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<usize, ReadError> {
        let mut have = 0;
        while let Some(rest) = bytes.get_mut(have..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(ReadError::Io {
                        at: self.read,
                        source,
                    });
                }
            }
        }
        self.read += have as u64;
        Ok(have)
    }
}

fn read_to_end(mut input: impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    input.read_to_end(bytes).map(|_| ())
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_record();
        self.failed = next.is_err();
        next.transpose()
    }
}

fn header(take: &mut Take<'_>) -> Result<Header, String> {
    let models = (0..take.at_most(MOST_MODELS, "models")?)
        .map(|_| {
            Ok(ModelEntry {
                name: take.text(MOST_NAME_BYTES)?,
                classes: (0..take.at_most(usize::from(u16::MAX), "classes")?)
                    .map(|_| take.text(MOST_NAME_BYTES))
                    .collect::<Result<_, String>>()?,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let cameras = (0..take.at_most(MOST_CAMERAS, "cameras")?)
        .map(|_| camera(take, models.len()))
        .collect::<Result<_, String>>()?;
    if !take.is_at_end() {
        return Err("the header goes on after its end".to_owned());
    }
    Ok(Header { models, cameras })
}

fn camera(take: &mut Take<'_>, models: usize) -> Result<CameraEntry, String> {
    let name = take.text(MOST_NAME_BYTES)?;
    let count = take.at_most(models, "models of one camera")?;
    let model = |_| {
        let model = take.at_most(models, "as the number of a model")?;
        if model < models {
            Ok(model)
        } else {
            Err(format!("model number {model}, where there are {models}"))
        }
    };
    let models = (0..count).map(model).collect::<Result<_, String>>()?;
    Ok(CameraEntry { name, models })
}
