//! The same filter on Extism, in a program of its own that is asked for a round at a time: it
//! brings another wasmtime, which is built only when the comparison is wanted.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

const CALLS_A_ROUND: u32 = 1_000;

/// The running program.
pub(crate) struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts it, where `cargo xtask bench hop --peers` has built it.
    pub(crate) fn start() -> Result<Option<Self>> {
        let (Some(program), Some(guest)) = (
            std::env::var_os("AGAVE_BENCH_EXTISM"),
            std::env::var_os("AGAVE_BENCH_EXTISM_GUEST"),
        ) else {
            return Ok(None);
        };
        let mut child = Command::new(&program)
            .arg(guest)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let requests = child.stdin.take().context("it has no input")?;
        let answers = BufReader::new(child.stdout.take().context("it has no output")?);
        Ok(Some(Self {
            child,
            requests,
            answers,
        }))
    }

    /// The time of one call, from a round of them.
    pub(crate) fn nanoseconds(&mut self, way: &str, detections: u32) -> Result<f64> {
        writeln!(self.requests, "{way} {detections} {CALLS_A_ROUND}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let (nanoseconds, inside) = answer
            .trim()
            .split_once(' ')
            .with_context(|| format!("Extism answered `{answer}`"))?;
        ensure!(inside != "0", "the filter on Extism found nothing inside");
        Ok(nanoseconds.parse()?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has nothing to lose, and nobody waits for how it ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
