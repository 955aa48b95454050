//! Runs the benches against what they stand on, both sides in the same run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::paths::Paths;
use crate::{build, setup, shell};

const PROGRAM: &str = "agave-bench";

/// `cargo xtask bench [NAME] [--json] [--peers]`, and `bench languages --markdown` for the table of
/// `docs/plugins.md`
pub(crate) fn run(mut arguments: Arguments) -> Result<()> {
    let json = arguments.flag("--json");
    let with_peers = arguments.flag("--peers");
    let markdown = arguments.flag("--markdown");
    let name = arguments.next();
    if let Some(flag) = name.as_deref().filter(|name| name.starts_with('-')) {
        bail!("'{flag}' is not expected here; see `cargo xtask help`");
    }
    arguments.finish()?;
    let paths = Paths::find()?;
    setup::install(&paths, setup::Purpose::Demo)?;
    build::for_running(&paths)?;
    build::test_plugins(&paths)?;

    build::program(&paths, PROGRAM)?;
    let mut bench = Command::new(paths.release().join(PROGRAM));
    bench.args(name).args(json.then_some("--json"));
    bench.args(markdown.then_some("--markdown"));
    bench.current_dir(&paths.root);
    if with_peers {
        let peer = extism(&paths)?;
        bench.env("AGAVE_BENCH_EXTISM", peer.program);
        bench.env("AGAVE_BENCH_EXTISM_GUEST", peer.guest);
    }
    shell::with_test_parts(&mut bench, &paths)?;
    shell::replace(&mut bench)
}

/// The zone filter on another engine, for `hop` to measure beside ours.
struct Peer {
    program: PathBuf,
    guest: PathBuf,
}

/// Built in a folder of its own: it brings another version of wasmtime.
fn extism(paths: &Paths) -> Result<Peer> {
    eprintln!("build: Extism, for comparison (the first time takes some minutes)");
    let folder = paths.root.join("bench/extism");
    let target = paths.target.join("extism");
    let cargo = || {
        let mut cargo = shell::cargo(paths);
        cargo.current_dir(&folder).env("CARGO_TARGET_DIR", &target);
        cargo
    };
    shell::run(cargo().args(["build", "--release", "--locked"]))?;
    let mut guest = cargo();
    setup::wasm::cargo_build(&mut guest);
    guest.args(["--locked", "--profile", "plugin"]);
    guest.args(["--package", "agave-bench-extism-guest"]);
    shell::run(&mut guest)?;
    Ok(Peer {
        program: target.join("release/agave-bench-extism"),
        guest: target.join("wasm32-unknown-unknown/plugin/agave_bench_extism_guest.wasm"),
    })
}
