//! The main job, end to end, on what the repository ships: the first thing that a newcomer
//! runs. Standard output carries what agave prints and nothing else.

use std::io::IsTerminal;
use std::process::Command;

use anyhow::Result;

use crate::arguments::Arguments;
use crate::paths::Paths;
use crate::{build, setup, shell};

const FLOW: &str = "flows/demo.yaml";

/// `cargo xtask demo [--headless | --once] [--json] [AGAVE ARGUMENTS]`
pub(crate) fn run(mut arguments: Arguments) -> Result<()> {
    let headless = arguments.flag("--headless");
    let once = arguments.flag("--once");
    let json = arguments.flag("--json");
    let paths = Paths::find()?;
    setup::install(&paths, setup::Purpose::Demo)?;
    build::for_running(&paths)?;

    let mut agave = Command::new(paths.agave());
    agave.args(["run", FLOW]).current_dir(&paths.root);
    shell::with_parts(&mut agave, &paths);
    if json {
        agave.arg("--json");
    }
    if !headless {
        // A person wants to see alerts as they happen, not all of them at once.
        agave.args(["--set", "cameras.field.pace=realtime"]);
        // And to look around in the page for longer than a clip lasts.
        if !once && std::io::stdout().is_terminal() {
            agave.args(["--set", "cameras.field.repeat=true"]);
            eprintln!("demo: the clip is played over and over; Ctrl-C ends it");
        }
    }
    let rest = arguments.rest();
    if !rest.iter().any(|argument| argument.starts_with("--state")) {
        // Several may run beside each other, and nobody comes back to it.
        agave.arg("--no-state");
    }
    agave.args(rest);
    eprintln!("demo: agave run {FLOW}");
    shell::replace(&mut agave)
}
