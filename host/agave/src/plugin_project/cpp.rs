//! Builds plugins that are written in C++: every `*.cpp` of the project's folder, with the
//! contract as `agave.hpp`.

use std::path::Path;

use anyhow::{Result, bail};

use super::clang::{self, Dialect};
use super::{Project, bindings, c};

/// The bindings use `std::expected`. They throw nothing, and what nobody can catch costs size.
const CPP: Dialect = Dialect {
    program: "clang++",
    variable: "AGAVE_CLANGXX",
    oldest: 17,
    flags: &["-std=c++23", "-fno-exceptions", "-fno-rtti"],
    name: "c++",
    probe: "#include <expected>\n#include <string>\n\
            std::string probe(const char *text) { return std::expected<std::string, int>(text).value_or(\"\"); }\n",
    packages: "clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 \
               libc++abi-19-dev-wasm32",
};

/// One header with a name that is easy to remember.
const HEADER: &str = "// The contract, as `agave plugin build` generated it for this plugin.\n\
                      #pragma once\n#include \"component_cpp.h\"\n";

pub(super) fn build(project: &Project, wit: &Path) -> Result<Vec<u8>> {
    let bindings = project.build_folder().join("bindings");
    bindings::cpp(wit, &bindings)?;
    bindings::write_file(&bindings.join("agave.hpp"), HEADER.as_bytes())?;
    let mut sources = bindings::sources(&project.folder, "cpp")?;
    if sources.is_empty() {
        bail!("{} has no plugin.cpp", project.folder.display());
    }
    sources.push(bindings.join("component.cpp"));
    let world = bindings.join("component_component_type.o");
    let module = project.build_folder().join("plugin.wasm");
    let headers = [bindings.as_path(), &project.folder];
    clang::build(&CPP, &sources, &[world], &headers, &module)?;
    c::component(&module)
}
