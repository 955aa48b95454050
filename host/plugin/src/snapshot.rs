//! What a plugin remembers, and who can read it: a snapshot has a version, and one that a plugin
//! does not read is refused in words and never dropped.

use crate::bindings::lifecycle::exports::agave::plugin::lifecycle as wit;
use crate::failure::Failure;
use crate::plugin::Description;

pub(crate) const MOST_BYTES: usize = 16 << 20;

/// A plugin's state, as bytes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The version of the bytes.
    pub version: u32,
    /// What only the plugin understands.
    pub data: Vec<u8>,
}

impl Snapshot {
    /// What the plugin with this description saved.
    pub(crate) fn saved(
        snapshot: wit::Snapshot,
        description: &Description,
    ) -> Result<Self, Failure> {
        let said = description.state_version;
        if snapshot.version != said {
            return Err(Failure::Snapshot(format!(
                "its snapshot has version {}, and it describes its state as version {said}",
                snapshot.version
            )));
        }
        Ok(Self {
            version: snapshot.version,
            data: snapshot.data,
        })
    }

    /// For the plugin with this description to restore.
    pub(crate) fn for_plugin(&self, description: &Description) -> Result<wit::Snapshot, Failure> {
        if !description.reads(self.version) {
            return Err(Failure::Snapshot(format!(
                "{} {} reads {}, not version {} of its state",
                description.name,
                description.version,
                versions(description),
                self.version
            )));
        }
        Ok(wit::Snapshot {
            version: self.version,
            data: self.data.clone(),
        })
    }
}

/// Such as `version 3` or `versions 3, 2 and 1`.
fn versions(description: &Description) -> String {
    let older: Vec<String> = description.reads_state.iter().map(u32::to_string).collect();
    match older.split_last() {
        None => format!("version {}", description.state_version),
        Some((oldest, others)) => {
            let others = std::iter::once(description.state_version.to_string())
                .chain(others.iter().cloned())
                .collect::<Vec<_>>()
                .join(", ");
            format!("versions {others} and {oldest}")
        }
    }
}
