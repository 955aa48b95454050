//! The JSON Schema of flow files, kept in the repository so that editors find it without
//! anything being built, and checked by the tests so that it does not fall behind.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::arguments::Arguments;
use crate::paths::Paths;
use crate::{build, setup, shell};

/// Each schema with what the program is asked for to print it.
const FILES: [(&str, &[&str]); 2] = [
    ("flows/flow.schema.json", &["schema"]),
    ("flows/part.schema.json", &["schema", "--part"]),
];

/// `cargo xtask schema [--check]`
pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let only_check = arguments.flag("--check");
    arguments.finish()?;
    let paths = Paths::find()?;
    setup::install(&paths, setup::Purpose::Demo)?;
    build::for_running(&paths)?;
    if only_check {
        check(&paths)?;
        eprintln!("schema: both are up to date");
        return Ok(());
    }
    for (file, asked) in FILES {
        fs::write(paths.root.join(file), current(&paths, asked)?)
            .with_context(|| format!("cannot write {file}"))?;
        eprintln!("schema: wrote {file}");
    }
    Ok(())
}

/// Fails when a file is not what the built agave would write.
pub(crate) fn check(paths: &Paths) -> Result<()> {
    for (file, asked) in FILES {
        let kept = fs::read_to_string(paths.root.join(file)).unwrap_or_default();
        if kept != current(paths, asked)? {
            bail!("{file} is not up to date: run `cargo xtask schema` and commit it");
        }
    }
    Ok(())
}

fn current(paths: &Paths, asked: &[&str]) -> Result<String> {
    let mut agave = Command::new(paths.agave());
    let schema = shell::output(agave.args(asked))
        .with_context(|| format!("this failed; run it to see why: {}", shell::line(&agave)))?;
    Ok(schema + "\n")
}
