//! The clang that compiles C and C++ for WebAssembly, with the C library of WASI. Any from
//! version 14 on will do for C; where the system's does not know the target, `WASI_SDK_PATH`
//! can name an installation of the WASI SDK.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::tools;

/// What every module is compiled with. Functions keep their names, for the backtrace of a trap,
/// and a stack that is used up ends at the end of memory, where it traps.
const FLAGS: [&str; 6] = [
    "--target=wasm32-wasi",
    "-mexec-model=reactor",
    "-Os",
    "-Wl,--strip-debug",
    "-Wl,--stack-first",
    "-Wl,-z,stack-size=131072",
];

/// A language as clang knows it.
pub(super) struct Dialect {
    /// The program, without a version.
    pub(super) program: &'static str,
    /// The environment variable that names another one.
    pub(super) variable: &'static str,
    /// The oldest version that will do.
    pub(super) oldest: u32,
    pub(super) flags: &'static [&'static str],
    /// How clang calls the language.
    pub(super) name: &'static str,
    /// A program that only a complete installation compiles.
    pub(super) probe: &'static str,
    /// The packages of a complete one.
    pub(super) packages: &'static str,
}

/// The newest version that is looked for by name.
const NEWEST: u32 = 22;

/// Compiles `sources` with the headers in `headers`, and links them with `objects` to `module`.
pub(super) fn build(
    dialect: &Dialect,
    sources: &[PathBuf],
    objects: &[PathBuf],
    headers: &[&Path],
    module: &Path,
) -> Result<()> {
    let folder = module.parent().unwrap_or(module);
    let mut command = command(&find(dialect, folder)?, dialect);
    command.args(["-Wall", "-Wextra"]);
    for folder in headers {
        command.arg("-I").arg(folder);
    }
    command.args(sources).args(objects).arg("-o").arg(module);
    tools::compile(&mut command)
}

fn command(program: &Path, dialect: &Dialect) -> Command {
    let mut command = Command::new(program);
    command.args(dialect.flags).args(FLAGS);
    command
}

/// The first clang that can make a module.
fn find(dialect: &Dialect, folder: &Path) -> Result<PathBuf> {
    let probe = folder.join("probe.wasm");
    for program in candidates(dialect) {
        if works(&program, dialect, &probe)? {
            return Ok(program);
        }
    }
    bail!(
        "no {} here makes WebAssembly: it takes clang {} or newer, its linker and the libraries \
         for wasm32-wasi. On Debian: apt-get install {}; elsewhere WASI_SDK_PATH can name the \
         WASI SDK",
        dialect.program,
        dialect.oldest,
        dialect.packages
    )
}

fn candidates(dialect: &Dialect) -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(named) = set(dialect.variable) {
        return vec![named.into()];
    }
    if let Some(sdk) = set("WASI_SDK_PATH") {
        return vec![Path::new(&sdk).join("bin").join(dialect.program)];
    }
    let versions = (dialect.oldest..=NEWEST).rev();
    versions
        .map(|version| format!("{}-{version}", dialect.program))
        .chain([dialect.program.to_owned()])
        .filter_map(|name| tools::on_path(&name))
        .collect()
}

fn works(program: &Path, dialect: &Dialect, probe: &Path) -> Result<bool> {
    let source = probe.with_extension("txt");
    fs::write(&source, dialect.probe)
        .with_context(|| format!("cannot write {}", source.display()))?;
    let status = command(program, dialect)
        .args(["-x", dialect.name])
        .arg(&source)
        .arg("-o")
        .arg(probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    Ok(status.is_ok_and(|status| status.success()))
}
