//! Embeds the templates of `agave plugin new`, and with them the SDK's source: a Rust plugin has
//! to build where there is nothing but the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let tables = [
        ("TEMPLATES", here.join("src/plugin_project/templates")),
        ("SDK", here.join("../../plugins/sdk/src")),
    ];
    let mut code = String::new();
    for (name, folder) in tables {
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        list(&folder, &folder, &mut files)?;
        files.sort();
        let _ = writeln!(code, "static {name}: &[(&str, &str)] = &[");
        for (path, file) in files {
            let _ = writeln!(code, "    ({path:?}, include_str!({file:?})),");
        }
        code.push_str("];\n");
    }
    fs::write(out.join("embedded.rs"), code)
}

/// Every file below `folder`: its path from `root`, and where it is.
fn list(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push((relative.to_string_lossy().into_owned(), path));
        }
    }
    Ok(())
}
