//! `agave dead-letters`: what adapters have given up. Looking works on the store itself; a remedy
//! goes through the process that runs the flow, if there is one.

use std::path::PathBuf;
use std::process::ExitCode;

use agave_core::{Alert, Timestamp};
use agave_store::{DeadLetter, DeadLetterQuery, Store};
use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::alerts::only_flow;
use super::target::StateFolder;
use crate::command::print;
use crate::control::client::AskError;
use crate::control::{Answer, Ask, Choice, Remedy};
use crate::topology::remedied;

#[derive(Subcommand)]
pub(crate) enum DeadLetters {
    /// A line for each
    List(List),
    /// All of one, as JSON
    Show(Show),
    /// Deliver them after all
    Retry(Remedied),
    /// Forget them
    Drop(Remedied),
}

#[derive(Args)]
struct Chosen {
    /// The flow by its name, where there is more than one
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// Only those of this adapter
    #[arg(long, value_name = "NODE")]
    adapter: Option<String>,
    #[command(flatten)]
    state: StateFolder,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    chosen: Chosen,
    /// So many at most, the last ones
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    last: usize,
    /// Print each as a JSON object on a line of its own
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The number, as `list` has it
    number: u64,
    #[command(flatten)]
    chosen: Chosen,
}

#[derive(Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub(crate) struct Remedied {
    /// The number, as `list` has it
    #[arg(group = "which")]
    number: Option<u64>,
    /// All of them, or all of the adapter's
    #[arg(long, group = "which")]
    all: bool,
    #[command(flatten)]
    chosen: Chosen,
}

impl DeadLetters {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::List(list) => {
                let query = DeadLetterQuery {
                    adapter: list.chosen.adapter.clone(),
                    most: list.last,
                    ..DeadLetterQuery::default()
                };
                for letter in list.chosen.store()?.dead_letters(&query)? {
                    print(&match list.json {
                        true => in_full(&letter)?.to_string(),
                        false => line(&letter)?,
                    });
                }
            }
            Self::Show(show) => {
                let query = DeadLetterQuery {
                    adapter: show.chosen.adapter.clone(),
                    sequence: Some(show.number),
                    ..DeadLetterQuery::default()
                };
                let letters = show.chosen.store()?.dead_letters(&query)?;
                if letters.is_empty() {
                    bail!("there is no dead letter with the number {}", show.number);
                }
                for letter in letters {
                    print(&serde_json::to_string_pretty(&in_full(&letter)?)?);
                }
            }
            Self::Retry(which) => {
                let done = which.remedy(Remedy::Retry)?;
                print(&format!("{done} wait to be delivered again"));
                let left = which.chosen.store()?.dead_letters(&which.query())?.len();
                if left > 0 {
                    print(&format!(
                        "{left} are left: at most 10000 are retried at once"
                    ));
                }
            }
            Self::Drop(which) => {
                let done = which.remedy(Remedy::Drop)?;
                print(&format!("{done} forgotten"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Chosen {
    fn folder(&self) -> Result<(String, PathBuf)> {
        let root = self.state.root()?;
        let flow = match &self.flow {
            Some(flow) => flow.clone(),
            None => only_flow(&root)?,
        };
        let folder = root.join(&flow);
        Ok((flow, folder))
    }

    fn store(&self) -> Result<Store> {
        let (flow, folder) = self.folder()?;
        Store::look(&folder).with_context(|| format!("the flow '{flow}' has kept nothing"))
    }
}

impl Remedied {
    fn query(&self) -> DeadLetterQuery {
        DeadLetterQuery {
            adapter: self.chosen.adapter.clone(),
            sequence: self.number,
            ..DeadLetterQuery::default()
        }
    }

    fn remedy(&self, remedy: Remedy) -> Result<u64> {
        let choice = Choice {
            adapter: self.chosen.adapter.clone(),
            sequence: self.number,
        };
        let (flow, folder) = self.chosen.folder()?;
        let done = match self.chosen.state.running(&flow) {
            Ok(running) => {
                let ask = Ask::DeadLetters { remedy, choice };
                match running.ask(&ask)?.next() {
                    Some(Ok(Answer::Done(done))) => done,
                    Some(Ok(Answer::Refused(reason))) => bail!(reason),
                    Some(Err(error)) => return Err(error.into()),
                    Some(Ok(_)) | None => return Err(AskError::HungUp.into()),
                }
            }
            // Nobody runs it: what is in the store is all there is.
            Err(AskError::NothingRuns(_)) => {
                // One that is not there must not be made by looking.
                drop(self.chosen.store()?);
                let store = Store::open(&folder)
                    .with_context(|| format!("what the flow '{flow}' keeps cannot be changed"))?;
                remedied(&store, remedy, &choice)?
            }
            Err(error) => return Err(error.into()),
        };
        match (done, self.number) {
            (0, Some(number)) => bail!("there is no dead letter with the number {number}"),
            _ => Ok(done),
        }
    }
}

fn line(letter: &DeadLetter) -> Result<String> {
    let alert = alert(letter)?;
    let DeadLetter {
        sequence,
        adapter,
        camera,
        attempts,
        reason,
        died_at,
        ..
    } = letter;
    let phase = serde_json::to_value(alert.phase)?;
    let phase = phase.as_str().unwrap_or_default();
    Ok(format!(
        "{sequence:>8}  {}  {adapter:<12} {camera:<12} {} {phase}, {attempts} attempts: {reason}",
        Timestamp(*died_at),
        alert.kind,
    ))
}

fn in_full(letter: &DeadLetter) -> Result<Value> {
    Ok(json!({
        "number": letter.sequence,
        "adapter": letter.adapter,
        "camera": letter.camera,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "given_up_at": Timestamp(letter.died_at).to_string(),
        "alert": serde_json::from_str::<Value>(&letter.body)?,
    }))
}

fn alert(letter: &DeadLetter) -> Result<Alert> {
    serde_json::from_str(&letter.body)
        .with_context(|| format!("alert {} of the journal cannot be read", letter.sequence))
}
