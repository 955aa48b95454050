//! `agave plugin build`: from the folder of a project to a component.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::plugin_project;

#[derive(Args)]
pub(crate) struct Build {
    /// The folders of the plugins' projects
    #[arg(default_value = ".")]
    projects: Vec<PathBuf>,
    /// The folder that the components are written to
    #[arg(long, value_name = "FOLDER", default_value = "plugins")]
    out: PathBuf,
}

impl Build {
    pub(super) fn run(self) -> Result<ExitCode> {
        for built in plugin_project::build(&self.projects, &self.out)? {
            let size = built.metadata().map_or(0, |metadata| metadata.len());
            eprintln!("{} ({} KiB)", built.display(), size.div_ceil(1024));
        }
        Ok(ExitCode::SUCCESS)
    }
}
