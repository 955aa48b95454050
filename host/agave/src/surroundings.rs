//! What a flow file refers to, answered by the machine that Agave runs on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use agave_core::{Fingerprint, Secret};
use agave_flow::{
    FlowText, PluginCatalog, PluginFacts, PluginProblem, Surroundings, secret_variable,
};
use agave_store::{Store, StoreError};
use anyhow::Context;

use crate::catalog::Catalog;
use crate::secrets::{self, KeptSecrets};

/// Where flows keep what is there again after a restart, each in a folder of its name: `given`,
/// `AGAVE_STATE`, or where the system has such things.
///
/// # Errors
/// When nothing says where that is.
pub(crate) fn state_root(given: Option<PathBuf>) -> Result<PathBuf, String> {
    let variable = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    given
        .or_else(|| variable("AGAVE_STATE"))
        .or_else(|| Some(variable("XDG_STATE_HOME")?.join("agave")))
        .or_else(|| Some(variable("HOME")?.join(".local/state/agave")))
        .ok_or_else(|| "there is no folder for state; name one with --state".to_owned())
}

/// The folder for state of the flow called `flow`, in [`state_root`].
///
/// # Errors
/// When nothing says where that is, or something else is there.
pub(crate) fn state_folder(given: Option<PathBuf>, flow: &str) -> Result<PathBuf, String> {
    if flow == secrets::FOLDER {
        return Err(format!(
            "logins of cameras are in the folder '{flow}' there; give the flow another name"
        ));
    }
    Ok(state_root(given)?.join(flow))
}

/// Opens what the flow `flow` keeps in `folder`, for this process alone. Without a folder that can
/// be used, unless it was asked for by name, a flow runs all the same, and keeps nothing: cameras
/// that nobody watches are worse.
///
/// # Errors
/// When another process has it, or what was `asked_for` cannot be used.
pub(crate) fn open_store(
    folder: &Result<PathBuf, String>,
    asked_for: bool,
    flow: &str,
) -> anyhow::Result<Store> {
    let opened = match folder {
        Ok(folder) => Store::open(folder),
        Err(reason) => return nothing_is_kept(reason),
    };
    match opened {
        Ok(store) => Ok(store),
        Err(error @ StoreError::InUse(_)) => Err(error).context(format!(
            "the flow '{flow}' runs already; stop that process, name another folder with --state, \
             or keep nothing with --no-state"
        )),
        Err(error) if asked_for => Err(error.into()),
        Err(error) => nothing_is_kept(&error.to_string()),
    }
}

fn nothing_is_kept(reason: &str) -> anyhow::Result<Store> {
    tracing::error!("nothing is kept, and after a restart everything begins anew: {reason}");
    Ok(Store::in_memory()?)
}

/// The file that holds the secret `name`, where no variable does.
pub(crate) fn secret_file(name: &str) -> Option<PathBuf> {
    // A name is checked when the flow is parsed; this must not become a way out of the folder.
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return None;
    }
    Some(PathBuf::from(std::env::var_os("AGAVE_SECRETS_DIR")?).join(name))
}

/// This machine: its files, its environment, its plugins.
pub(crate) struct Machine {
    pub(crate) catalog: Catalog,
    pub(crate) kept_secrets: KeptSecrets,
}

impl PluginCatalog for Machine {
    fn plugin(&self, reference: &str, flow_folder: &Path) -> Result<PluginFacts, PluginProblem> {
        self.catalog.facts(reference, flow_folder)
    }
}

impl Surroundings for Machine {
    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// From the environment, or from a file in `AGAVE_SECRETS_DIR` as container platforms mount
    /// them, of which a line end after the secret is not part; or what was given to the page.
    fn secret(&self, name: &str) -> Option<Secret> {
        if let Ok(secret) = std::env::var(secret_variable(name)) {
            return Some(Secret::new(secret));
        }
        let file = secret_file(name).and_then(|file| std::fs::read_to_string(file).ok());
        match file {
            Some(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
            None => self.kept_secrets.get(name),
        }
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        FlowText::bytes(path)
    }

    fn files_in(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        let entries = std::fs::read_dir(folder)?;
        let files = entries
            .flatten()
            // Of a link, what it leads to.
            .filter(|entry| entry.path().is_file());
        Ok(files
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect())
    }

    fn file_exists(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        self.catalog.fingerprints().of(path).ok()
    }
}

/// This machine, as if everything were on it that only a running flow needs: secrets, models,
/// videos, certificates. A replay and a test run on machines that have none of them.
pub(crate) struct Rehearsed<'m> {
    machine: &'m Machine,
    /// Variables that are not set, each said once.
    unset: Mutex<BTreeSet<String>>,
}

impl<'m> Rehearsed<'m> {
    pub(crate) fn on(machine: &'m Machine) -> Self {
        Self {
            machine,
            unset: Mutex::default(),
        }
    }
}

impl PluginCatalog for Rehearsed<'_> {
    fn plugin(&self, reference: &str, flow_folder: &Path) -> Result<PluginFacts, PluginProblem> {
        self.machine.plugin(reference, flow_folder)
    }
}

impl Surroundings for Rehearsed<'_> {
    /// A variable that is not set stands for a word that says so: most of them name folders of
    /// files that are not needed here.
    fn environment(&self, name: &str) -> Option<String> {
        let value = self.machine.environment(name);
        Some(value.unwrap_or_else(|| {
            let mut unset = self.unset.lock().unwrap_or_else(PoisonError::into_inner);
            if unset.insert(name.to_owned()) {
                tracing::warn!(
                    "the environment variable {name} is not set; `{name}` stands for it"
                );
            }
            name.to_owned()
        }))
    }

    fn secret(&self, _name: &str) -> Option<Secret> {
        Some(Secret::new("secret"))
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.machine.read(path)
    }

    fn files_in(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        self.machine.files_in(folder)
    }

    fn file_exists(&self, _path: &Path) -> bool {
        true
    }

    /// One that is not here is like any other that is not.
    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        let there = self.machine.fingerprint(path);
        Some(there.unwrap_or_else(|| Fingerprint::of(b"")))
    }
}
