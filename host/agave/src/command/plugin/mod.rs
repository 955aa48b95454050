//! `agave plugin`: what the author of a plugin needs, one file a command.

mod build;
mod inspect;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Plugin {
    /// Build the components of plugins
    Build(build::Build),
    /// Show what a plugin is: its role, its configuration, what it imports
    Inspect(inspect::Inspect),
}

impl Plugin {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Build(build) => build.run(),
            Self::Inspect(inspect) => inspect.run(),
        }
    }
}
