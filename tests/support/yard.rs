//! The demo's flow in a folder of its own, on a camera that goes on: a place to edit.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{Agave, Outcome, RtspServer, Signal, place};

/// Until the model is loaded, the plugins are compiled and the camera has answered.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Until a run that was asked to end has ended.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// So many times the camera shows the demo's clip of 22 s.
const TIMES: u32 = 20;

/// A folder with a flow and a camera for it.
pub struct Yard {
    folder: TempDir,
    camera: RtspServer,
    /// How often the camera was connected to again before it was there: a server that starts can
    /// refuse its first visitor.
    attempts: Cell<u64>,
}

impl Yard {
    /// Nothing runs yet. The flow is called `yard` and is in `yard.yaml`.
    ///
    /// # Errors
    /// When the camera does not start.
    pub fn new() -> Result<Self> {
        let clip = place::repository().join("models/yolov8n_pina/demo/demo.mp4");
        let yard = Self {
            folder: TempDir::new()?,
            camera: RtspServer::camera(&clip, TIMES)?,
            attempts: Cell::new(0),
        };
        yard.write("yard.yaml", yard.flow("yard"))?;
        Ok(yard)
    }

    /// Where `name` is.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of the flow, called `name`: two frames a second through a filter, a rule and a
    /// gate.
    #[must_use]
    pub fn flow(&self, name: &str) -> String {
        let model = place::repository().join("models/yolov8n_pina/1/model.onnx");
        format!(
            "version: 1
name: {name}
models:
  pina: {{ path: \"{}\", confidence: 0.4 }}
cameras:
  field:
    url: \"{}\"
    fps: 2
    max-age: 5s
    zones:
      forbidden: [[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]
nodes:
  detect: {{ infer: pina, from: cameras }}
  zoned: {{ plugin: roi, from: detect }}
  rule: {{ plugin: forbidden-object, from: zoned, config: {{ zone: forbidden, alert: [object], after: 500ms }} }}
  calm: {{ plugin: debounce, from: rule, config: {{ hold: 2s }} }}
",
            model.display(),
            self.camera.url()
        )
    }

    /// Writes a file in place, as a program does that does not care.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.at(name);
        fs::write(&path, content).with_context(|| path.display().to_string())
    }

    /// Writes beside it and renames, as most editors do.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let beside = format!(".{name}.new");
        self.write(&beside, content)?;
        Ok(fs::rename(self.at(&beside), self.at(name))?)
    }

    /// Puts one text in the place of another in a file, and saves it.
    ///
    /// # Errors
    /// When it is not in there.
    pub fn edit(&self, name: &str, from: &str, to: &str) -> Result<()> {
        let text = fs::read_to_string(self.at(name))?;
        ensure!(text.contains(from), "'{from}' is not in {name}");
        self.save(name, text.replace(from, to))
    }

    /// One of the built plugins.
    ///
    /// # Errors
    /// When it is not built.
    pub fn plugin(&self, name: &str) -> Result<Vec<u8>> {
        let path = place::plugin(name)?;
        fs::read(&path).with_context(|| path.display().to_string())
    }

    /// Runs `yard.yaml`, and waits until its camera is there.
    ///
    /// # Errors
    /// When it is not.
    pub fn run(&self) -> Result<Agave> {
        self.run_with(&[])
    }

    /// The same with more arguments.
    ///
    /// # Errors
    /// When its camera is not there.
    pub fn run_with(&self, arguments: &[&str]) -> Result<Agave> {
        let arguments = [&["--workers", "1"], arguments].concat();
        let agave = Agave::run(&self.at("yard.yaml"), &arguments)?;
        agave.wait_until_live("yard", START_LIMIT)?;
        self.attempts.set(agave.reconnects("yard", "field")?);
        Ok(agave)
    }

    /// Ends what [`run`](Self::run) started; the camera must have stayed connected since.
    ///
    /// # Errors
    /// When it has not, or the run does not end well.
    pub fn finish(&self, agave: Agave) -> Result<Outcome> {
        agave.signal(Signal::TERM)?;
        let outcome = agave.finish(STOP_LIMIT)?;
        let reconnects = outcome.summary.reconnects("field")?;
        ensure!(
            reconnects == self.attempts.get(),
            "the camera was connected to again: {}",
            outcome.output.stderr
        );
        Ok(outcome)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
