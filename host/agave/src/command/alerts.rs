//! `agave alerts`: what happened, as a flow's journal has it. It also works while the flow runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use agave_core::{Alert, AlertReport};
use agave_store::{AlertQuery, KeptAlert, Store};
use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::print;
use crate::report::Format;
use crate::surroundings::state_root;

#[derive(Args)]
pub(crate) struct Alerts {
    /// The flow by its name, where there is more than one
    flow: Option<String>,
    /// Only those of this camera
    #[arg(long, value_name = "NAME")]
    camera: Option<String>,
    /// So many at most, the last ones
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    last: usize,
    /// Print each as a JSON object on a line of its own, as `agave run --json` does
    #[arg(long)]
    json: bool,
    /// The folder that `agave run` keeps things in
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
}

impl Alerts {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let root = state_root(self.state).map_err(anyhow::Error::msg)?;
        let flow = match self.flow {
            Some(flow) => flow,
            None => only_flow(&root)?,
        };
        let store = Store::look(&root.join(&flow))
            .with_context(|| format!("the flow '{flow}' has kept nothing"))?;
        let query = AlertQuery {
            camera: self.camera,
            most: self.last,
            ..AlertQuery::default()
        };
        let format = match self.json {
            true => Format::Json,
            false => Format::Human,
        };
        for kept in store.alerts(&query)? {
            print(&line(&flow, &kept, format)?);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn line(flow: &str, kept: &KeptAlert, format: Format) -> Result<String> {
    let alert: Alert = serde_json::from_str(&kept.body)
        .with_context(|| format!("alert {} of the journal cannot be read", kept.sequence))?;
    let start = alert.at - Duration::from_nanos(kept.media_time);
    let report = AlertReport::new(&kept.camera, start, &alert);
    Ok(format.alert(flow, &kept.node, &report))
}

/// The one flow that keeps something in `root`.
fn only_flow(root: &Path) -> Result<String> {
    let entries = std::fs::read_dir(root)
        .with_context(|| format!("nothing is kept in {}", root.display()))?;
    let mut flows: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| Store::look(&entry.path()).is_ok())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    flows.sort();
    match flows.as_slice() {
        [] => bail!("no flow has kept anything in {}", root.display()),
        [one] => Ok(one.clone()),
        several => bail!(
            "which flow? {} keeps {}",
            root.display(),
            several.join(", ")
        ),
    }
}
