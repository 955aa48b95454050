//! Who changed what: a line of JSON a change, in a file that grows to a bound and is then begun
//! anew, and the last of them in memory.

use std::collections::VecDeque;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// So many are shown.
const MOST_SHOWN: usize = 1000;
/// The file is put aside once, under `.1`, when it is larger than this.
const LARGEST_FILE_BYTES: u64 = 8 << 20;

/// One change, or an attempt at one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// When it was made.
    #[schema(format = DateTime)]
    pub at: String,
    /// By whom: a token's name, or `local`.
    pub who: String,
    /// What it may do; none for somebody unknown.
    pub role: Option<String>,
    /// Method and path of the request.
    #[schema(example = "PUT /api/v1/flows/demo/file")]
    pub what: String,
    /// Where it came from.
    pub from: String,
    /// The status that was answered.
    pub outcome: u16,
}

/// All of them.
pub(crate) struct AuditLog {
    file: Option<PathBuf>,
    last: Mutex<VecDeque<AuditEntry>>,
}

impl AuditLog {
    /// Goes on in `file`, if there is to be one.
    pub(crate) fn open(file: Option<PathBuf>) -> Self {
        let read = file
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok());
        let read = read.unwrap_or_default();
        let lines = read.lines().rev().take(MOST_SHOWN);
        let mut last: VecDeque<AuditEntry> = lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        last.make_contiguous().reverse();
        Self {
            file,
            last: Mutex::new(last),
        }
    }

    /// Notes a change. It takes a write to the disk.
    pub(crate) fn note(&self, entry: AuditEntry) {
        tracing::info!(
            who = entry.who,
            what = entry.what,
            outcome = entry.outcome,
            "by the control API"
        );
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.append(&entry) {
            tracing::error!(%error, "the audit log cannot be written");
        }
        if last.len() >= MOST_SHOWN {
            last.pop_front();
        }
        last.push_back(entry);
    }

    /// The last ones, the newest first.
    pub(crate) fn last(&self) -> Vec<AuditEntry> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().rev().cloned().collect()
    }

    fn append(&self, entry: &AuditEntry) -> std::io::Result<()> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if std::fs::metadata(path).is_ok_and(|file| file.len() > LARGEST_FILE_BYTES) {
            std::fs::rename(path, path.with_extension("jsonl.1"))?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut line = serde_json::to_string(entry).unwrap_or_default();
        line.push('\n');
        options.open(path)?.write_all(line.as_bytes())
    }
}

impl AuditEntry {
    pub(crate) fn now() -> String {
        Timestamp::now().to_string()
    }
}
