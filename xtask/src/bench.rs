//! Runs the benches against what they stand on, both sides in the same run.

use std::process::Command;

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::paths::Paths;
use crate::{build, setup, shell};

const PROGRAM: &str = "agave-bench";

/// `cargo xtask bench [NAME] [--json]`, and `bench languages --markdown` for the table of
/// `docs/plugins.md`
pub(crate) fn run(mut arguments: Arguments) -> Result<()> {
    let json = arguments.flag("--json");
    let markdown = arguments.flag("--markdown");
    let name = arguments.next();
    if let Some(flag) = name.as_deref().filter(|name| name.starts_with('-')) {
        bail!("'{flag}' is not expected here; see `cargo xtask help`");
    }
    arguments.finish()?;
    let paths = Paths::find()?;
    setup::install(&paths, setup::Purpose::Demo)?;
    build::for_running(&paths)?;

    build::program(&paths, PROGRAM)?;
    let mut bench = Command::new(paths.release().join(PROGRAM));
    bench.args(name).args(json.then_some("--json"));
    bench.args(markdown.then_some("--markdown"));
    bench.current_dir(&paths.root);
    shell::with_parts(&mut bench, &paths);
    shell::replace(&mut bench)
}
