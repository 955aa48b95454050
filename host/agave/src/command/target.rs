//! Which running flow a command means.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::control::client::{self, AskError, Found};
use crate::control::{Answer, Ask, Report};
use crate::surroundings::state_root;

/// Where the running flows are.
#[derive(Args)]
pub(super) struct StateFolder {
    /// The folder for state that the flow was started with; AGAVE_STATE, or agave in the folder
    /// for state of your system, if not said
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
}

impl StateFolder {
    pub(super) fn root(&self) -> Result<PathBuf> {
        state_root(self.state.clone()).map_err(anyhow::Error::msg)
    }

    /// The running flow that is called `name`.
    pub(super) fn running(&self, name: &str) -> Result<Found, AskError> {
        let root = state_root(self.state.clone()).map_err(AskError::Refused)?;
        client::called(&root, name)
    }

    /// The running flow with this name or file; the only one if nothing is said.
    pub(super) fn find(&self, flow: Option<&str>) -> Result<Found> {
        Ok(client::find(&self.root()?, flow)?)
    }
}

/// The one line of the answer to a question that is answered with a report.
pub(super) fn report(found: &Found, ask: &Ask) -> Result<Report> {
    match found.ask(ask)?.next() {
        Some(Ok(Answer::Report(report))) => Ok(report),
        Some(Ok(Answer::Refused(reason))) => Err(anyhow::Error::msg(reason)),
        Some(Err(error)) => Err(error.into()),
        Some(Ok(_)) | None => Err(AskError::HungUp)
            .with_context(|| format!("flow '{}' gave no report", found.status.flow)),
    }
}
