//! `agave replay`: a flow on what was recorded, without cameras, models, adapters and clocks.
//! The same recording gives the same alerts, byte by byte, on every machine.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agave_core::{AlertReport, Timestamp};
use agave_flow::{Flow, Override};
use agave_store::Store;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::command::{load_in, machine};
use crate::recording::{Casting, Ending, Frame, Part, Reader, Record};
use crate::report::{Format, ledger_table};
use crate::surroundings::Rehearsed;
use crate::topology::journal::Journal;
use crate::topology::{AlertSink, Cast, Rehearsal};

#[derive(Args)]
pub(crate) struct Replay {
    /// The recording; `-` for standard input
    recording: PathBuf,
    /// The flow file
    #[arg(long, value_name = "FILE")]
    flow: PathBuf,
    /// Print each alert and the summary as a JSON object on a line of its own
    #[arg(long)]
    json: bool,
    /// Only what this camera saw, for the flow's camera of the same name, or for another one
    #[arg(long = "camera", value_name = "NAME[=CAMERA]")]
    cameras: Vec<Part>,
    /// Play the recording so many times, one after the other, to measure how fast that goes
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Keep alerts and what the nodes remember in this folder, and go on from what is there: a
    /// replay that was interrupted is continued
    #[arg(long, value_name = "FOLDER", conflicts_with = "repeat")]
    state: Option<PathBuf>,
    /// Change a value of the flow file for this run, for example nodes.calm.config.hold=5s
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<Override>,
}

/// A file, or standard input.
type Input = BufReader<Box<dyn Read>>;

impl Replay {
    fn open(&self, from_pipe: bool) -> Result<Reader<Input>> {
        let input: Box<dyn Read> = match from_pipe {
            true => Box::new(io::stdin().lock()),
            false => Box::new(File::open(&self.recording)?),
        };
        Ok(Reader::new(BufReader::with_capacity(1 << 18, input))?)
    }

    pub(crate) fn run(self) -> Result<ExitCode> {
        let from_pipe = self.recording == Path::new("-");
        let shown = match from_pipe {
            true => "standard input".to_owned(),
            false => self.recording.display().to_string(),
        };
        if from_pipe && self.repeat > 1 {
            bail!("what comes from standard input cannot be repeated");
        }
        let reader = self.open(from_pipe).with_context(|| shown.clone())?;
        let machine = machine()?;
        let Some(flow) = load_in(&Rehearsed::on(&machine), &self.flow, &self.overrides) else {
            return Ok(ExitCode::FAILURE);
        };
        let format = match self.json {
            true => Format::Json,
            false => Format::Human,
        };
        let printer = Arc::new(Printer::new(format, &flow.name));
        // Whoever sends a recording through a pipe may still be making it.
        let prompt = from_pipe || io::stdout().is_terminal();
        let sink = Arc::clone(&printer) as Arc<dyn AlertSink>;
        let journal = match &self.state {
            Some(folder) => {
                let store = Store::open(&folder.join(&flow.name))?;
                Some(Journal::start(store, sink).context("cannot start the journal")?)
            }
            None => None,
        };
        let mut play = Play::new(
            &flow,
            &machine.catalog,
            reader,
            &self.cameras,
            &printer,
            journal,
        )
        .with_context(|| format!("{} on {shown}", self.flow.display()))?;
        let mut played = play.run(&printer, prompt).with_context(|| shown.clone());
        for _ in 1..self.repeat {
            let mut again = || -> Result<()> {
                play.again(self.open(from_pipe)?);
                play.run(&printer, prompt)
            };
            played = played.and_then(|()| again().with_context(|| shown.clone()));
        }
        let good = play.tell(&printer, format, played.is_ok());
        printer.flush();
        played?;
        if let Some(Ending::CutOff { at }) = play.reader.ending() {
            eprintln!(
                "agave: {shown}: the recording was cut off; it is good up to byte {at}, and that \
                 was replayed"
            );
        }
        Ok(if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// A recording on its way through a flow.
struct Play {
    reader: Reader<Input>,
    casting: Casting,
    rehearsal: Rehearsal,
    frames: u64,
    lost: u64,
    took: Duration,
    shift: Shift,
}

impl Play {
    fn new(
        flow: &Flow,
        catalog: &Catalog,
        reader: Reader<Input>,
        parts: &[Part],
        printer: &Arc<Printer>,
        journal: Option<Arc<Journal>>,
    ) -> Result<Self> {
        let casting = Casting::new(flow, reader.header(), parts)?;
        let cast = Cast {
            catalog,
            classes: &casting.classes,
            cameras: &casting.cameras(),
            sink: Arc::clone(printer) as Arc<dyn AlertSink>,
            taps: Arc::default(),
            journal,
        };
        let rehearsal = Rehearsal::build(flow, &cast)?;
        Ok(Self {
            reader,
            casting,
            rehearsal,
            frames: 0,
            lost: 0,
            took: Duration::ZERO,
            shift: Shift::default(),
        })
    }

    /// What follows is the same recording, after what there was.
    fn again(&mut self, reader: Reader<Input>) {
        self.reader = reader;
        self.shift.begin();
    }

    fn run(&mut self, printer: &Printer, prompt: bool) -> Result<()> {
        let began = Instant::now();
        while let Some(record) = self.reader.next().transpose()? {
            match record {
                Record::Lost { camera, frames } => {
                    if self.casting.played_by(camera).is_some() {
                        self.lost += frames;
                    }
                }
                Record::Frame(mut frame) => {
                    self.shift.apply(&mut frame);
                    let Some((camera, seen)) = self.casting.seen(frame) else {
                        continue;
                    };
                    if self.rehearsal.has_seen(camera, seen.frame) {
                        continue;
                    }
                    self.frames += 1;
                    self.rehearsal.run(camera, seen);
                }
            }
            if prompt {
                printer.flush();
            }
            if printer.reader_is_gone() {
                break;
            }
        }
        self.rehearsal.end();
        self.took += began.elapsed();
        Ok(())
    }

    /// The summary; says whether every ledger balances. What was measured goes to standard
    /// error, so that two replays of one recording print the same.
    fn tell(&self, printer: &Printer, format: Format, to_the_end: bool) -> bool {
        let accounts = self.rehearsal.accounts();
        let seconds = self.took.as_secs_f64();
        let per_second = self.frames as f64 / seconds.max(1e-9);
        let left_out = self.casting.left_out(self.reader.header());
        let mut summary = accounts.json;
        if let Some(summary) = summary.as_object_mut() {
            let whole = to_the_end && self.reader.ending() == Some(Ending::Whole);
            summary.insert(
                "recording".to_owned(),
                json!({
                    "frames": self.frames,
                    "lost": self.lost,
                    "whole": whole,
                    "cameras_left_out": left_out,
                }),
            );
        }
        match format {
            Format::Json => {
                printer.line(&json!({ "summary": summary }).to_string());
                eprintln!(
                    "{}",
                    json!({ "replay": {
                        "frames": self.frames,
                        "seconds": (seconds * 1e6).round() / 1e6,
                        "frames_per_second": per_second.round(),
                    }})
                );
            }
            Format::Human => {
                printer.line(&told(&summary));
                eprintln!(
                    "{} frames in {seconds:.3} s, {per_second:.0} a second",
                    self.frames
                );
            }
        }
        for name in &accounts.unbalanced {
            tracing::error!(name, "the ledger does not balance; please report this");
        }
        accounts.unbalanced.is_empty()
    }
}

/// Makes a recording that is played again follow the time before.
#[derive(Default)]
struct Shift {
    first: Option<Timestamp>,
    last: Timestamp,
    last_number: u64,
    time: Duration,
    numbers: u64,
}

impl Shift {
    fn begin(&mut self) {
        let lasted = self.last.since(self.first.unwrap_or(self.last));
        self.time = lasted + Duration::from_secs(1);
        self.numbers = self.last_number + 1;
    }

    fn apply(&mut self, frame: &mut Frame) {
        frame.at = frame.at + self.time;
        frame.media_time += self.time;
        frame.number = frame.number.saturating_add(self.numbers);
        self.first.get_or_insert(frame.at);
        self.last = self.last.max(frame.at);
        self.last_number = self.last_number.max(frame.number);
    }
}

/// The summary for a person.
fn told(summary: &Value) -> String {
    let number = |path: &str| summary.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let names = |path: &str| -> Vec<&str> {
        let names = summary.pointer(path).and_then(Value::as_array);
        names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let mut lines = vec![
        String::new(),
        format!(
            "{} frames replayed, {} detections, {} alerts",
            number("/recording/frames"),
            number("/detections"),
            number("/alerts"),
        ),
    ];
    if number("/recording/lost") > 0 {
        lines.push(format!(
            "{} frames are missing in the recording: whatever they would have changed is missing \
             too",
            number("/recording/lost")
        ));
    }
    let left_out = names("/recording/cameras_left_out");
    if !left_out.is_empty() {
        lines.push(format!(
            "cameras of the recording that were left out: {}",
            left_out.join(", ")
        ));
    }
    let adapters = names("/not_run");
    if !adapters.is_empty() {
        lines.push(format!(
            "adapters, which a replay does not run: {}",
            adapters.join(", ")
        ));
    }
    lines.extend(ledger_table(summary));
    lines.join("\n")
}

/// Prints every alert, and waits for whoever reads them.
struct Printer {
    format: Format,
    flow: String,
    output: Mutex<BufWriter<io::Stdout>>,
    reader_is_gone: AtomicBool,
}

impl Printer {
    fn new(format: Format, flow: &str) -> Self {
        Self {
            format,
            flow: flow.to_owned(),
            output: Mutex::new(BufWriter::with_capacity(1 << 16, io::stdout())),
            reader_is_gone: AtomicBool::new(false),
        }
    }

    fn line(&self, line: &str) {
        self.write(|output| writeln!(output, "{line}"));
    }

    fn flush(&self) {
        self.write(Write::flush);
    }

    fn write(&self, write: impl FnOnce(&mut BufWriter<io::Stdout>) -> io::Result<()>) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if write(&mut output).is_err() {
            self.reader_is_gone.store(true, Ordering::Relaxed);
        }
    }

    fn reader_is_gone(&self) -> bool {
        self.reader_is_gone.load(Ordering::Relaxed)
    }
}

impl AlertSink for Printer {
    fn alert(&self, node: &str, report: &AlertReport) {
        self.line(&self.format.alert(&self.flow, node, report));
    }
}
