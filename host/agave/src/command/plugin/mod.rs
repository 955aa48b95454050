//! `agave plugin`: what the author of a plugin needs, one file a command.

mod build;
mod inspect;
mod new;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Plugin {
    /// Make a project for a plugin, with everything to begin with
    New(new::New),
    /// Build the components of plugins
    Build(build::Build),
    /// Show what a plugin is: its role, its configuration, what it imports
    Inspect(inspect::Inspect),
}

impl Plugin {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::New(new) => new.run(),
            Self::Build(build) => build.run(),
            Self::Inspect(inspect) => inspect.run(),
        }
    }
}
