//! The side of the commands: finds the flow that is meant, asks its process, and reads the
//! answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Status;
use super::protocol::{Answer, Ask, LONGEST_ANSWER, Request, VERSION};
use super::socket::SOCKET;

/// How long a process may take to say how its flow is.
const STATUS_LIMIT: Duration = Duration::from_secs(10);
/// How long a receiver may take to answer a test alert.
const TEST_LIMIT: Duration = Duration::from_secs(40);
/// How long a reload may take: models are loaded and plugins compiled.
const RELOAD_LIMIT: Duration = Duration::from_secs(600);

/// Why a flow cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("no flow is running with its state in {}; start one with `agave run`, or say --state as it was said there", .0.display())]
    NothingRuns(PathBuf),
    #[error("'{wanted}' is not running; what runs is {running}")]
    NotRunning { wanted: String, running: String },
    #[error("several flows are running, so say which one: {0}")]
    Several(String),
    #[error("the process that runs the flow cannot be asked: {0}")]
    Connection(#[from] std::io::Error),
    #[error("the process that runs the flow answers what this agave does not understand: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("the process that runs the flow hung up without an answer")]
    HungUp,
    #[error("{0}")]
    Refused(String),
}

/// A flow that runs.
#[derive(Debug)]
pub(crate) struct Found {
    socket: PathBuf,
    /// How it was when it was found.
    pub(crate) status: Status,
}

/// The running flow that is meant by `wanted`, its name or its file; the only one that runs if
/// nothing is said. `state` is the folder with the flows' folders for state in it.
///
/// # Errors
/// When there is none or it is not clear which.
pub(crate) fn find(state: &Path, wanted: Option<&str>) -> Result<Found, AskError> {
    let mut running = running(state);
    if running.is_empty() {
        return Err(AskError::NothingRuns(state.to_owned()));
    }
    let names = |running: &[Found]| {
        let names: Vec<String> = running
            .iter()
            .map(|found| format!("'{}' ({})", found.status.flow, found.status.file.display()))
            .collect();
        names.join(", ")
    };
    let Some(wanted) = wanted else {
        return match (running.pop(), running.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                running.extend(last);
                Err(AskError::Several(names(&running)))
            }
        };
    };
    let file = Path::new(wanted).canonicalize().ok();
    let is_meant = |status: &Status| {
        status.flow == wanted
            || file.as_ref().is_some_and(|file| {
                status.file == *file || status.file.canonicalize().is_ok_and(|other| other == *file)
            })
    };
    match running.iter().position(|found| is_meant(&found.status)) {
        Some(index) => Ok(running.swap_remove(index)),
        None => Err(AskError::NotRunning {
            wanted: wanted.to_owned(),
            running: names(&running),
        }),
    }
}

/// The running flow that is called `name`.
///
/// # Errors
/// When there is none.
pub(crate) fn called(state: &Path, name: &str) -> Result<Found, AskError> {
    let mut running = running(state);
    match running.iter().position(|found| found.status.flow == name) {
        Some(index) => Ok(running.swap_remove(index)),
        None => Err(AskError::NothingRuns(state.to_owned())),
    }
}

/// All flows that run with their state in `state`, by name.
pub(crate) fn running(state: &Path) -> Vec<Found> {
    let entries = std::fs::read_dir(state).into_iter().flatten().flatten();
    let mut running: Vec<Found> = entries
        .map(|entry| entry.path().join(SOCKET))
        .filter_map(|socket| {
            // One that a killed process has left answers nothing.
            let status = status(&socket).ok()?;
            Some(Found { socket, status })
        })
        .collect();
    running.sort_by(|one, other| one.status.flow.cmp(&other.status.flow));
    running
}

fn status(socket: &Path) -> Result<Status, AskError> {
    match asked(socket, &Ask::Status, Some(STATUS_LIMIT))?.next() {
        Some(Ok(Answer::Status(status))) => Ok(status),
        Some(Ok(Answer::Refused(reason))) => Err(AskError::Refused(reason)),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) | None => Err(AskError::HungUp),
    }
}

impl Found {
    /// Asks something, and gives the lines of the answer.
    ///
    /// # Errors
    /// When the process does not take the question. That it is not answered is a line.
    pub(crate) fn ask(&self, ask: &Ask) -> Result<Answers, AskError> {
        let limit = match ask {
            Ask::Status | Ask::DeadLetters { .. } => Some(STATUS_LIMIT),
            Ask::TestAlert { .. } => Some(TEST_LIMIT),
            Ask::Reload | Ask::Plan { .. } => Some(RELOAD_LIMIT),
            // A quiet node is no failure.
            Ask::Tap { .. } => None,
        };
        asked(&self.socket, ask, limit)
    }
}

fn asked(socket: &Path, ask: &Ask, limit: Option<Duration>) -> Result<Answers, AskError> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(limit)?;
    stream.set_write_timeout(Some(STATUS_LIMIT))?;
    let request = Request {
        version: VERSION,
        ask: ask.clone(),
    };
    let mut line = serde_json::to_string(&request)?;
    line.push('\n');
    // One that refuses us at once does not read what we ask, and says why.
    let _ = stream.write_all(line.as_bytes());
    Ok(Answers {
        reader: BufReader::new(stream),
    })
}

/// The lines of an answer as they come.
pub(crate) struct Answers {
    reader: BufReader<UnixStream>,
}

impl Iterator for Answers {
    type Item = Result<Answer, AskError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        let longest = LONGEST_ANSWER as u64;
        match (&mut self.reader)
            .take(longest)
            .read_until(b'\n', &mut line)
        {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_slice(&line).map_err(AskError::from)),
            Err(error) => Some(Err(error.into())),
        }
    }
}
