//! Writes a recording, block by block.

use std::io::{self, Write};

use super::checksum::crc32;
use super::frames::Progress;
use super::varint::Put;
use super::{BLOCK_HEAD, Header, Kind, MAGIC, MOST_BLOCK_BYTES, Record, VERSION};

/// A block is written when it has so much, or when its writer is flushed.
const BLOCK_BYTES: usize = 64 << 10;

/// Writes a recording to `W`.
pub(crate) struct Writer<W: Write> {
    output: W,
    cameras: usize,
    /// The payload of the block that is being filled.
    block: Vec<u8>,
    progress: Progress,
    frames: u64,
    lost: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    ///
    /// # Errors
    /// When it cannot be written, or the header is larger than a block may be.
    pub(crate) fn new(mut output: W, header: &Header) -> io::Result<Self> {
        output.write_all(&MAGIC)?;
        output.write_all(&VERSION.to_le_bytes())?;
        let mut writer = Self {
            output,
            cameras: header.cameras.len(),
            block: header_bytes(header),
            progress: Progress::default(),
            frames: 0,
            lost: 0,
        };
        writer.write_block(Kind::Header)?;
        writer.output.flush()?;
        Ok(writer)
    }

    /// Adds `record`, whose camera is one of the header's and which has an entry for each of the
    /// camera's models.
    ///
    /// # Errors
    /// When a block is full and cannot be written.
    pub(crate) fn add(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Frame(_) => self.frames += 1,
            Record::Lost { frames, .. } => self.lost += frames,
        }
        self.progress.put(record, &mut self.block);
        if self.block.len() >= BLOCK_BYTES {
            self.write_block(Kind::Frames)?;
        }
        Ok(())
    }

    /// Writes what there is as a block: a crash after it costs nothing before it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            self.write_block(Kind::Frames)?;
        }
        self.output.flush()
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        self.block.put(self.frames);
        self.block.put(self.lost);
        self.write_block(Kind::End)?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn write_block(&mut self, kind: Kind) -> io::Result<()> {
        let length = u32::try_from(self.block.len())
            .ok()
            .filter(|_| self.block.len() <= MOST_BLOCK_BYTES)
            .ok_or_else(|| io::Error::other("a block of the recording would be too large"))?;
        let mut head = Vec::with_capacity(BLOCK_HEAD);
        head.push(kind as u8);
        head.extend_from_slice(&length.to_le_bytes());
        let checksum = crc32(&[&head, &self.block]);
        head.extend_from_slice(&checksum.to_le_bytes());
        self.output.write_all(&head)?;
        self.output.write_all(&self.block)?;
        self.block.clear();
        self.progress.reset(self.cameras);
        Ok(())
    }
}

fn header_bytes(header: &Header) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.put(header.models.len() as u64);
    for model in &header.models {
        bytes.put_text(&model.name);
        bytes.put(model.classes.len() as u64);
        for class in &model.classes {
            bytes.put_text(class);
        }
    }
    bytes.put(header.cameras.len() as u64);
    for camera in &header.cameras {
        bytes.put_text(&camera.name);
        bytes.put(camera.models.len() as u64);
        for model in &camera.models {
            bytes.put(*model as u64);
        }
    }
    bytes
}
