//! Installs what is missing, after saying what, and nothing else. It finds out by looking, so
//! that a second run touches no network and has one line to say.

mod onnxruntime;
mod packages;
pub(crate) mod wasm;

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::paths::Paths;

/// What the machine is made ready for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building and running.
    Demo,
    /// That, and the real servers that the tests run against, and what plugins in C and in the
    /// languages of PyPI and npm are built with.
    Test,
    /// That, and what plugins in every other language are built with.
    TestAllLanguages,
}

/// `cargo xtask setup [--for demo|test|all-languages]`
pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let purpose = match arguments.option("--for")?.as_deref() {
        None | Some("demo") => Purpose::Demo,
        Some("test") => Purpose::Test,
        Some("all-languages") => Purpose::TestAllLanguages,
        Some(other) => bail!("--for takes demo, test or all-languages, not '{other}'"),
    };
    arguments.finish()?;
    install(&Paths::find()?, purpose)
}

/// Installs what `purpose` needs and the machine lacks.
pub(crate) fn install(paths: &Paths, purpose: Purpose) -> Result<()> {
    let needs_runtime = !onnxruntime::is_there(paths)?;
    let mut needs = packages::HOST.to_vec();
    if purpose != Purpose::Demo {
        needs.extend(packages::SERVERS);
        needs.extend([packages::C, packages::VENV, packages::NODE]);
    }
    if purpose == Purpose::TestAllLanguages {
        needs.push(packages::CPP);
    }
    if needs_runtime && onnxruntime::pip().is_none() {
        needs.push(packages::PIP);
    }
    let installed = packages::install(&needs, paths)?;
    if needs_runtime {
        onnxruntime::install(paths)?;
    }
    let added = wasm::install(paths)?;
    if !(installed || needs_runtime || added) {
        eprintln!("setup: everything is there");
    }
    Ok(())
}
