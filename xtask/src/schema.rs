//! The JSON Schema of flow files, kept in the repository so that editors find it without
//! anything being built, and checked by the tests so that it does not fall behind.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::arguments::Arguments;
use crate::paths::Paths;
use crate::{build, setup, shell};

const FILE: &str = "flows/flow.schema.json";

/// `cargo xtask schema [--check]`
pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let only_check = arguments.flag("--check");
    arguments.finish()?;
    let paths = Paths::find()?;
    setup::install(&paths, setup::Purpose::Demo)?;
    build::for_running(&paths)?;
    if only_check {
        check(&paths)?;
        eprintln!("schema: {FILE} is up to date");
    } else {
        fs::write(paths.root.join(FILE), current(&paths)?)
            .with_context(|| format!("cannot write {FILE}"))?;
        eprintln!("schema: wrote {FILE}");
    }
    Ok(())
}

/// Fails when the file is not what the built agave would write.
pub(crate) fn check(paths: &Paths) -> Result<()> {
    let kept = fs::read_to_string(paths.root.join(FILE)).unwrap_or_default();
    if kept != current(paths)? {
        bail!("{FILE} is not up to date: run `cargo xtask schema` and commit it");
    }
    Ok(())
}

fn current(paths: &Paths) -> Result<String> {
    let mut agave = Command::new(paths.agave());
    let schema = shell::output(agave.arg("schema"))
        .with_context(|| format!("this failed; run it to see why: {}", shell::line(&agave)))?;
    Ok(schema + "\n")
}
