//! Builds plugins that are written in C: every `*.c` of the project's folder, with the contract
//! as `agave.h`.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::clang::{self, Dialect};
use super::{Project, bindings};

const C: Dialect = Dialect {
    program: "clang",
    variable: "AGAVE_CLANG",
    oldest: 14,
    flags: &["-std=gnu11"],
    name: "c",
    probe: "#include <stdlib.h>\nvoid *probe(void) { return malloc((size_t)strtold(\"1\", 0)); }\n",
    packages: "clang-14 lld wasi-libc libclang-rt-14-dev-wasm32",
};

pub(super) fn build(project: &Project, wit: &Path) -> Result<Vec<u8>> {
    let bindings = project.build_folder().join("bindings");
    bindings::c(wit, &bindings)?;
    let mut sources = bindings::sources(&project.folder, "c")?;
    if sources.is_empty() {
        bail!("{} has no plugin.c", project.folder.display());
    }
    sources.push(bindings.join("agave.c"));
    let world = bindings.join("agave_component_type.o");
    let module = project.build_folder().join("plugin.wasm");
    let headers = [bindings.as_path(), &project.folder];
    clang::build(&C, &sources, &[world], &headers, &module)?;
    component(&module)
}

/// The component of a compiled module.
pub(super) fn component(module: &Path) -> Result<Vec<u8>> {
    let bytes =
        std::fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    Ok(agave_plugin::encode(&bytes)?)
}
