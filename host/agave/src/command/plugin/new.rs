//! `agave plugin new`: a project to begin with, in any of the languages.

use std::path::Path;
use std::process::ExitCode;

use agave_core::Role;
use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::plugin_project::{self, Language};

#[derive(Args)]
pub(crate) struct New {
    /// The plugin's name, which is also that of its folder
    name: String,
    /// The part that it plays
    #[arg(long, value_enum, value_name = "filter|rule|gate|adapter")]
    role: RoleName,
    /// The language that it is written in
    #[arg(
        long = "lang",
        value_enum,
        value_name = "rust|c|cpp|go|zig|javascript|typescript|python"
    )]
    language: Language,
}

/// The roles as the command line knows them.
#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// Detections in, detections out
    Filter,
    /// Detections in, alerts out
    Rule,
    /// Alerts in, alerts out
    Gate,
    /// Alerts in, the outside world out
    Adapter,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Filter => Self::Filter,
            RoleName::Rule => Self::Rule,
            RoleName::Gate => Self::Gate,
            RoleName::Adapter => Self::Adapter,
        }
    }
}

impl New {
    pub(super) fn run(self) -> Result<ExitCode> {
        let role = Role::from(self.role);
        let folder = plugin_project::create(Path::new(""), &self.name, role, self.language)?;
        let folder = folder.display();
        let article = if role == Role::Adapter { "an" } else { "a" };
        eprintln!(
            "{folder}/ is {article} {role} in {}. Next:\n",
            self.language
        );
        eprintln!("  cd {folder}\n  agave plugin test\n");
        eprintln!("{folder}/README.md says how to change it and how to use it in a flow.");
        Ok(ExitCode::SUCCESS)
    }
}
