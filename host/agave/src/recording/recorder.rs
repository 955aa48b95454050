//! Writes a recording beside a running flow. A thread of its own does it, because a slow disk
//! must not stop the cameras: what it cannot take in time is left out, counted, and marked in
//! the recording as a gap.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Frame, Header, Record, Writer};

/// So many frames may wait for the disk.
const MOST_FRAMES_WAITING: usize = 4096;
/// A crash costs what was seen since the last time, at most.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// A frame, and how many of its camera were left out just before it.
type Message = (u64, Frame);

/// Takes frames from any thread and writes them to a recording.
pub(crate) struct Recorder {
    /// Gone once it is finished.
    sender: RwLock<Option<SyncSender<Message>>>,
    /// By camera: frames that were left out since the last one that was not.
    lost: Vec<AtomicU64>,
    failed: Arc<AtomicBool>,
    writer: Mutex<Option<JoinHandle<Result<Recorded, io::Error>>>>,
    /// What was left out at the end goes to the writer with this.
    leftover: Arc<[AtomicU64]>,
}

/// What came to be in a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) frames: u64,
    pub(crate) lost: u64,
}

impl Recorder {
    /// Begins a recording in `output`.
    ///
    /// # Errors
    /// When it cannot be written, or the system gives no more threads.
    pub(crate) fn start(output: impl Write + Send + 'static, header: &Header) -> io::Result<Self> {
        Self::with_room(output, header, MOST_FRAMES_WAITING)
    }

    fn with_room(
        output: impl Write + Send + 'static,
        header: &Header,
        frames: usize,
    ) -> io::Result<Self> {
        let (sender, messages) = sync_channel(frames);
        let writer = Writer::new(output, header)?;
        let failed = Arc::new(AtomicBool::new(false));
        let leftover: Arc<[AtomicU64]> = header.cameras.iter().map(|_| AtomicU64::new(0)).collect();
        let (flag, rest) = (Arc::clone(&failed), Arc::clone(&leftover));
        let writer = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || {
                let written = write(writer, &messages, &rest);
                flag.store(written.is_err(), Ordering::Relaxed);
                written
            })?;
        Ok(Self {
            sender: RwLock::new(Some(sender)),
            lost: header.cameras.iter().map(|_| AtomicU64::new(0)).collect(),
            failed,
            writer: Mutex::new(Some(writer)),
            leftover,
        })
    }

    /// Takes a frame in, or counts it where there is no room. Never waits.
    pub(crate) fn frame(&self, frame: Frame) {
        let Some(lost) = self.lost.get(frame.camera) else {
            return;
        };
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        let before = lost.swap(0, Ordering::Relaxed);
        let sent = sender
            .as_ref()
            .map(|sender| sender.try_send((before, frame)));
        if !matches!(sent, Some(Ok(()))) {
            lost.fetch_add(before + 1, Ordering::Relaxed);
        }
    }

    /// Whether nothing can be written any more; [`Self::finish`] says why.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Writes what waits, and the end. It takes no frames after that.
    ///
    /// # Errors
    /// When the recording could not be written.
    pub(crate) fn finish(&self) -> io::Result<Recorded> {
        let mut sender = self.sender.write().unwrap_or_else(PoisonError::into_inner);
        for (left, lost) in self.leftover.iter().zip(&self.lost) {
            left.store(lost.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        drop(sender.take());
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match writer.take().map(JoinHandle::join) {
            Some(Ok(written)) => written,
            Some(Err(_)) => Err(io::Error::other("the thread that writes it panicked")),
            None => Ok(Recorded::default()),
        }
    }
}

/// Writes until there will be no more frames.
fn write<W: Write>(
    mut writer: Writer<W>,
    messages: &Receiver<Message>,
    leftover: &[AtomicU64],
) -> io::Result<Recorded> {
    let mut recorded = Recorded::default();
    let mut flush_at = Instant::now() + FLUSH_EVERY;
    loop {
        let left = flush_at.saturating_duration_since(Instant::now());
        match messages.recv_timeout(left) {
            Ok((lost, frame)) => {
                add_lost(&mut writer, &mut recorded, frame.camera, lost)?;
                writer.add(&Record::Frame(frame))?;
                recorded.frames += 1;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() >= flush_at {
            writer.flush()?;
            flush_at = Instant::now() + FLUSH_EVERY;
        }
    }
    for (camera, lost) in leftover.iter().enumerate() {
        add_lost(
            &mut writer,
            &mut recorded,
            camera,
            lost.load(Ordering::Relaxed),
        )?;
    }
    writer.finish()?;
    Ok(recorded)
}

fn add_lost<W: Write>(
    writer: &mut Writer<W>,
    recorded: &mut Recorded,
    camera: usize,
    frames: u64,
) -> io::Result<()> {
    if frames > 0 {
        writer.add(&Record::Lost { camera, frames })?;
        recorded.lost += frames;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::super::tests::{frame, header};
    use super::super::{Ending, Reader};
    use super::*;

    /// A disk that writes when it is told to, and keeps what it was given.
    struct SlowDisk {
        turns: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for SlowDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // When nobody tells any more, it is fast.
            let _ = self.turns.recv();
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow_disk() -> (SlowDisk, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (turn, turns) = channel();
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let disk = SlowDisk {
            turns,
            written: Arc::clone(&written),
        };
        (disk, turn, written)
    }

    #[test]
    fn what_a_slow_disk_cannot_take_is_counted_and_marked() {
        let (disk, turn, written) = slow_disk();
        (0..4).for_each(|_| turn.send(()).unwrap());
        let recorder = Recorder::with_room(disk, &header(), 8).unwrap();
        let frames = 100_000;
        for number in 0..frames {
            recorder.frame(frame(0, number));
        }
        drop(turn);
        let recorded = recorder.finish().unwrap();
        assert!(recorded.lost > 0);
        assert_eq!(recorded.frames + recorded.lost, frames);

        let bytes = written.lock().unwrap().clone();
        let mut reader = Reader::new(bytes.as_slice()).unwrap();
        let mut next = 0;
        for record in reader.by_ref() {
            match record.unwrap() {
                Record::Frame(frame) => {
                    assert_eq!(frame.number, next);
                    next += 1;
                }
                Record::Lost { frames, .. } => next += frames,
            }
        }
        assert_eq!(next, frames);
        assert_eq!(reader.ending(), Some(Ending::Whole));
    }

    #[test]
    fn a_full_disk_is_an_error() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.saturating_sub(bytes.len());
                match self.0 {
                    0 => Err(io::Error::from(io::ErrorKind::StorageFull)),
                    _ => Ok(bytes.len()),
                }
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let recorder = Recorder::start(Full(300), &header()).unwrap();
        (0..100).for_each(|number| recorder.frame(frame(0, number)));
        let error = recorder.finish().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
