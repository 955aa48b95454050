//! What a flow file refers to and does not contain: files, plugins, environment, secrets. The
//! binary answers from the machine it runs on, a test answers from memory.

use std::io;
use std::path::{Path, PathBuf};

use agave_core::{Fingerprint, Role, Secret};

/// Finds plugins by what a flow file calls them.
pub trait PluginCatalog {
    /// The facts about the plugin that `reference` stands for. A reference is a name, or a path
    /// that is relative to `flow_folder`.
    ///
    /// # Errors
    /// There is no such plugin, or it is there and cannot be used.
    fn plugin(&self, reference: &str, flow_folder: &Path) -> Result<PluginFacts, PluginProblem>;
}

/// Everything outside the file that checking it asks about.
pub trait Surroundings: PluginCatalog {
    /// The environment variable `name`, for `${env:NAME}`.
    fn environment(&self, name: &str) -> Option<String>;

    /// The secret `name`, for `${secret:NAME}`. See [`secret_variable`] for where users put it.
    fn secret(&self, name: &str) -> Option<Secret>;

    /// What is in the file at `path`, of which no more than [`FlowText::MAX_BYTES`](crate::FlowText::MAX_BYTES) and one byte
    /// have to be given.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names of the files in `folder`, in any order.
    ///
    /// # Errors
    /// It is no folder that can be read.
    fn files_in(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Whether there is a file at `path`.
    fn file_exists(&self, path: &Path) -> bool;

    /// What is in the file at `path`, told by its bytes, so that a file that was replaced is a
    /// change of the flow. `None` when it cannot be read.
    fn fingerprint(&self, path: &Path) -> Option<Fingerprint>;
}

/// What a plugin says about itself, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginFacts {
    /// The component.
    pub file: PathBuf,
    /// The component, told by its bytes.
    pub fingerprint: Fingerprint,
    /// The plugin's own name.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// Which part it plays.
    pub role: Role,
    /// JSON Schema of its configuration.
    pub config_schema: serde_json::Value,
    /// The interfaces that it imports, for example `agave:plugin/http@0.1.0`.
    pub imports: Vec<String>,
    /// Whether it is a rule that looks at several cameras together.
    pub several_cameras: bool,
}

/// Why there are no facts about a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginProblem {
    /// Nothing has that name.
    #[error("there is no such plugin")]
    NotFound {
        /// The names that there are.
        known: Vec<String>,
    },
    /// It is there and cannot be used.
    #[error("{reason}")]
    CannotBeLoaded {
        /// Why not, as part of a sentence: "it is not a WebAssembly component".
        reason: String,
    },
}

/// The environment variable that holds the secret `name`: `gate-login` is in
/// `AGAVE_SECRET_GATE_LOGIN`.
pub fn secret_variable(name: &str) -> String {
    format!(
        "AGAVE_SECRET_{}",
        name.to_ascii_uppercase().replace('-', "_")
    )
}
