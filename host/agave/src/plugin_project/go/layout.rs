//! Where the generated Go goes, and what it is called there:
//!
//! ```text
//! build/agave/       the module `agave`: one package for each interface, and `wit`
//! build/component/   the package `main` of the component, and what it calls the plugin through
//! ```

use std::path::Path;

use anyhow::Result;

use super::super::Project;
use super::super::bindings::{self, write_file};

/// The folder of the package `main`, from the project's.
pub(super) const COMPONENT: &str = "build/component";

/// How wit-bindgen calls the packages of the contract.
const GENERATED: &str = "agave_plugin_";

/// What the plugin is called through, for each interface that it may export.
const GLUE: [(&str, &str); 5] = [
    ("lifecycle", include_str!("lifecycle.go")),
    ("filter", include_str!("filter.go")),
    ("rule", include_str!("rule.go")),
    ("gate", include_str!("gate.go")),
    ("adapter", include_str!("adapter.go")),
];

/// The `go.mod` of a project called `name`.
pub(super) fn go_mod(name: &str) -> String {
    format!(
        "module {name}\n\ngo 1.25\n\n// The contract, as `agave plugin build` generates it.\n\
         require agave v0.0.0\n\nreplace agave => ./build/agave\n"
    )
}

/// Writes the contract and the package `main` for the project, whose module is called `name`.
pub(super) fn write(project: &Project, wit: &Path, name: &str) -> Result<()> {
    let agave = project.build_folder().join("agave");
    let component = project.folder.join(COMPONENT);
    write_file(&agave.join("go.mod"), b"module agave\n\ngo 1.25\n")?;
    for (path, text) in [
        ("wit/wit.go", include_str!("wit.go")),
        ("wit/runtime/runtime.go", include_str!("runtime.go")),
        (
            "wit/runtime/realloc_wasm.go",
            include_str!("realloc_wasm.go"),
        ),
    ] {
        write_file(&agave.join(path), text.as_bytes())?;
    }
    for (path, text) in bindings::go(wit)? {
        let text = plain(&text, name);
        if let Some(interface) = path
            .strip_prefix(GENERATED)
            .and_then(|path| path.strip_suffix("/wit_bindings.go"))
        {
            write_interface(&agave.join(interface), interface, &text)?;
        } else if path == "wit_exports.go" {
            write_file(&component.join("exports_wasm.go"), text.as_bytes())?;
        }
    }
    let role = project.manifest.role.to_string();
    for (interface, glue) in GLUE {
        if interface == "lifecycle" || interface == role {
            let path = component.join(format!("export_{interface}/export.go"));
            write_file(&path, glue.replace("MODULE", name).as_bytes())?;
        }
    }
    Ok(())
}

/// Generated text with names that read well.
fn plain(text: &str, module: &str) -> String {
    text.replace(
        "\"wit_component/export_",
        &format!("\"{module}/{COMPONENT}/export_"),
    )
    .replace("\"wit_component/", "\"agave/")
    .replace("go.bytecodealliance.org/pkg/wit/types", "agave/wit")
    .replace(
        "go.bytecodealliance.org/pkg/wit/runtime",
        "agave/wit/runtime",
    )
    .replace(GENERATED, "")
}

/// Writes the package of one interface. The functions of the host go to a file of their own,
/// and beside it stand-ins, so that `go test` compiles the plugin for the machine that it runs
/// on: there logging does nothing, and anything else panics.
fn write_interface(folder: &Path, interface: &str, text: &str) -> Result<()> {
    let package = format!("package {interface}\n");
    let (mut rest, mut wasm) = (String::new(), package.clone());
    let mut native = format!("//go:build !wasm\n\n{package}");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("//go:wasmimport ") {
            rest.push_str(line);
            rest.push('\n');
            continue;
        }
        let declaration = lines.next().unwrap_or_default().trim_end();
        wasm.push_str(&format!("\n{line}\n{declaration}\n"));
        let body = if interface == "log" {
            ""
        } else {
            " panic(\"outside of the host there are no capabilities\") "
        };
        native.push_str(&format!("\n{declaration} {{{body}}}\n"));
    }
    write_file(&folder.join("bindings.go"), rest.as_bytes())?;
    if wasm != package {
        write_file(&folder.join("host_wasm.go"), wasm.as_bytes())?;
        write_file(&folder.join("host_elsewhere.go"), native.as_bytes())?;
        // Without a file of assembly Go wants a body for every function.
        write_file(
            &folder.join("empty_wasm.s"),
            b"// Functions of the host have no body here.\n",
        )?;
    }
    Ok(())
}
