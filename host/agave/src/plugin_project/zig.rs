//! Builds plugins that are written in Zig: `plugin.zig` and what it imports, with the contract as
//! the module `agave`, which Zig translates from the bindings for C. Zig brings its own C
//! library.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::tools::{self, PythonTool};
use super::{Project, bindings, c};

/// Zig's language still changes, so no other version is looked for.
const ZIG: PythonTool = PythonTool {
    name: "ziglang",
    version: "0.17.1",
    requirements: include_str!("requirements/ziglang.txt"),
};

const TARGET: [&str; 3] = ["-target", "wasm32-wasi", "-lc"];

pub(super) fn build(project: &Project, wit: &Path) -> Result<Vec<u8>> {
    let source = project.folder.join("plugin.zig");
    if !source.is_file() {
        bail!("{} has no plugin.zig", project.folder.display());
    }
    let bindings = project.build_folder().join("bindings");
    bindings::c(wit, &bindings)?;
    let python = ZIG.python()?;
    let contract = bindings.join("agave.zig");
    bindings::write_file(&contract, &translated(&python, &bindings)?)?;
    let module = project.build_folder().join("plugin.wasm");
    let mut zig = zig(&python);
    zig.args(["build-exe", "--name", "plugin"])
        .args(TARGET)
        .args(["-mexec-model=reactor", "-O", "ReleaseSmall", "-rdynamic"])
        // Names stay, for the backtrace of a trap.
        .args(["-fno-strip", "--stack", "131072"])
        .arg(bindings.join("agave.c"))
        .arg(bindings.join("agave_component_type.o"))
        .args(["--dep", "agave"])
        .arg(root("root", &source))
        .arg(root("agave", &contract))
        .arg(format!("-femit-bin={}", module.display()));
    tools::compile(&mut zig)?;
    c::component(&module)
}

/// The header of the contract in Zig.
fn translated(python: &Path, bindings: &Path) -> Result<Vec<u8>> {
    let mut translate = zig(python);
    translate
        .arg("translate-c")
        .args(TARGET)
        .arg(bindings.join("agave.h"));
    tools::printed_by(&mut translate)
}

fn zig(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "ziglang"]);
    command
}

fn root(module: &str, file: &Path) -> String {
    format!("-M{module}={}", file.display())
}
