//! `agave record`: `agave run`, with what the models saw written to a file beside it.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use agave_flow::Flow;
use anyhow::{Context, Result};
use clap::Args;

use crate::command::run::{Companion, Run};
use crate::recording::Scribe;
use crate::topology::Tap;

#[derive(Args)]
pub(crate) struct Record {
    #[command(flatten)]
    run: Run,
    /// The file that the recording is written to; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Record {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let shown = self.out.display().to_string();
        let recording = Recording {
            out: self.out,
            scribe: Arc::default(),
        };
        let code = self.run.run_with(&recording)?;
        let Some(recorded) = recording.scribe.finish() else {
            return Ok(code);
        };
        let recorded = recorded.with_context(|| format!("cannot write {shown}"))?;
        eprintln!("{shown}: {} frames", recorded.frames);
        if recorded.lost > 0 {
            eprintln!(
                "agave: {} frames are missing in {shown}: the disk was too slow for them",
                recorded.lost
            );
        }
        Ok(code)
    }
}

/// The file beside the flow.
struct Recording {
    out: PathBuf,
    scribe: Arc<Scribe>,
}

impl Companion for Recording {
    fn tap(&self) -> Option<Arc<dyn Tap>> {
        Some(Arc::clone(&self.scribe) as Arc<dyn Tap>)
    }

    fn begin(&self, flow: &Flow, classes: &[Arc<[String]>]) -> Result<()> {
        File::create(&self.out)
            .and_then(|file| self.scribe.begin(flow, classes, file))
            .with_context(|| format!("cannot write {}", self.out.display()))
    }

    fn has_enough(&self) -> bool {
        self.scribe.has_failed()
    }

    /// A recording is of one version of a flow.
    fn may_reload(&self) -> bool {
        false
    }
}
