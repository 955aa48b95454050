//! `agave token`: who may reach the control API. The tokens of a machine are for all its flows,
//! and running ones know of a change at once.

use std::path::PathBuf;
use std::process::ExitCode;

use agave_inspector::{Role, Tokens};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::inspector::tokens_file;
use crate::surroundings::state_root;

#[derive(Subcommand)]
pub(crate) enum Token {
    /// Make a token, and print it: the only time that it can be seen
    New(New),
    /// Show whose tokens there are
    List(List),
    /// Take a token away
    Revoke(Revoke),
}

#[derive(Args)]
pub(crate) struct New {
    /// Whose it is
    name: String,
    /// What its bearer may do: viewer, operator or admin
    #[arg(long)]
    role: Role,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// Its id or its name
    token: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Place {
    /// The folder that `agave run` was given with --state
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
}

impl Place {
    fn tokens(self) -> Result<Tokens> {
        match state_root(self.state) {
            Ok(root) => Ok(Tokens::in_file(tokens_file(&root))),
            Err(reason) => bail!(reason),
        }
    }
}

impl Token {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::New(New { name, role, place }) => {
                let made = place.tokens()?.create(&name, role)?;
                eprintln!("{} for '{}', who is {role}:", made.id, made.name);
                super::print(&made.token);
            }
            Self::List(List { place }) => {
                for token in place.tokens()?.list()? {
                    let (id, role, name) = (token.id, token.role.word(), token.name);
                    super::print(&format!("{id}  {role:<8}  {}  {name}", token.created));
                }
            }
            Self::Revoke(Revoke { token, place }) => {
                let tokens = place.tokens()?;
                let all = tokens.list()?;
                let meant = all.iter().find(|one| one.id == token || one.name == token);
                let Some(meant) = meant else {
                    bail!("there is no token '{token}'; `agave token list` shows those there are");
                };
                tokens.revoke(&meant.id)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
