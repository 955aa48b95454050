//! `agave plugin`: what the author of a plugin needs, one file a command.

mod bench;
mod build;
mod inspect;
mod new;
mod settings;
mod target;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Plugin {
    /// Make a project for a plugin, with everything to begin with
    New(new::New),
    /// Build the components of plugins
    Build(build::Build),
    /// Run the tests of a plugin, or show what it makes of inputs
    Test(test::Test),
    /// Show what a plugin is: its role, its settings, what it may touch
    Inspect(inspect::Inspect),
    /// Measure what a plugin costs: to load, to start, to call
    Bench(bench::Bench),
}

impl Plugin {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::New(new) => new.run(),
            Self::Build(build) => build.run(),
            Self::Test(test) => test.run(),
            Self::Inspect(inspect) => inspect.run(),
            Self::Bench(bench) => bench.run(),
        }
    }
}
