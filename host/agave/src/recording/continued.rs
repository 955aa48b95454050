//! A replay that is killed fifty times and goes on each time says, byte for byte, what one says
//! that is left alone: what is written of the alerts and of the nodes' states belongs together.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agave_core::{BoundingBox, Detection, Timestamp};
use agave_store::Store;

use super::{CameraEntry, Frame, Header, ModelEntry, Record, Writer};

const KILLS: u32 = 50;
const FRAMES: u64 = 1_000_000;
/// Between two frames.
const STEP: Duration = Duration::from_millis(40);
/// So long, at most, it lives on after it has got any further.
const LONGEST_LIFE_MS: u64 = 30;
const LIMIT: Duration = Duration::from_secs(60);

/// Something is in the zone now and then, for four seconds or more.
fn frame(number: u64) -> Frame {
    let spell = (number / 100).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let detection = Detection {
        id: 0,
        class: 2,
        confidence: 0.5 + (number % 7) as f32 / 20.0,
        bbox: BoundingBox {
            left: 0.4 + (number % 100) as f32 / 2000.0,
            top: 0.6,
            width: 0.2,
            height: 0.2,
        },
        track: None,
        zones: 0,
    };
    let media_time = STEP * u32::try_from(number).unwrap();
    Frame {
        camera: 0,
        number,
        at: Timestamp(1_767_225_600_000_000_000) + media_time,
        media_time,
        size: (1280, 720),
        detections: vec![Some(match spell % 3 {
            0 => vec![detection],
            _ => Vec::new(),
        })],
    }
}

/// A recording for the demo.
fn record(file: &Path) {
    let classes = ["pina", "worker", "object"].map(str::to_owned);
    let header = Header {
        models: vec![ModelEntry {
            name: "pina".to_owned(),
            classes: classes.to_vec(),
        }],
        cameras: vec![CameraEntry {
            name: "field".to_owned(),
            models: vec![0],
        }],
    };
    let output = BufWriter::new(File::create(file).unwrap());
    let mut writer = Writer::new(output, &header).unwrap();
    for number in 0..FRAMES {
        writer.add(&Record::Frame(frame(number))).unwrap();
    }
    writer.finish().unwrap();
}

struct Bench {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Bench {
    fn agave(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("AGAVE_PLUGINS", agave_tests::plugin_folders().unwrap());
        command
    }

    fn replay(&self) -> Command {
        let mut command = self.agave();
        command.arg("replay").arg(self.recording());
        command.arg("--flow").arg(agave_tests::flow("demo.yaml"));
        command.arg("--json").stderr(Stdio::null());
        command
    }

    fn recording(&self) -> PathBuf {
        self.folder.path().join("field.agrec")
    }

    /// The last frame of which anything is written.
    fn written(&self) -> Option<u64> {
        let store = Store::look(&self.folder.path().join("demo")).ok()?;
        Some(store.checkpoints().ok()?.first()?.frame)
    }

    /// Kills `replay` some time after it has got any further.
    fn kill(&self, mut replay: Child) {
        let before = self.written();
        let deadline = Instant::now() + LIMIT;
        while self.written() == before {
            assert!(Instant::now() < deadline, "it gets no further");
            assert_eq!(replay.try_wait().unwrap(), None, "it was over before");
            std::thread::sleep(Duration::from_millis(1));
        }
        let moment = Duration::from_micros(fastrand::u64(..LONGEST_LIFE_MS * 1000));
        std::thread::sleep(moment);
        replay.kill().unwrap();
        replay.wait().unwrap();
    }
}

#[test]
fn a_replay_that_is_killed_fifty_times_says_the_same() {
    let test = std::env::current_exe().unwrap();
    let bench = Bench {
        folder: tempfile::tempdir().unwrap(),
        program: test.ancestors().nth(2).unwrap().join("agave"),
    };
    record(&bench.recording());
    let left_alone = bench.replay().output().unwrap();
    assert!(left_alone.status.success());
    let left_alone = String::from_utf8(left_alone.stdout).unwrap();
    let told: Vec<&str> = left_alone.lines().collect();
    let (_summary, told) = told.split_last().unwrap();
    assert!(told.len() > 1000, "{}", told.len());
    let state = bench.folder.path();
    for _ in 0..KILLS {
        let mut replay = bench.replay();
        replay.arg("--state").arg(state).stdout(Stdio::null());
        bench.kill(replay.spawn().unwrap());
    }
    let last = bench.replay().arg("--state").arg(state).output().unwrap();
    assert!(last.status.success());
    let mut alerts = bench.agave();
    alerts.args(["alerts", "demo", "--json", "--last", "1000000", "--state"]);
    let kept = alerts.arg(state).output().unwrap();
    let kept = String::from_utf8(kept.stdout).unwrap();
    let kept: Vec<&str> = kept.lines().collect();
    assert_eq!(kept.len(), told.len());
    for (kept, told) in kept.iter().zip(told) {
        assert_eq!(kept, told);
    }
}
