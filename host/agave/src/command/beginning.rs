//! Where somebody begins who has a camera and no flow yet: `agave run` without a name.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// In the folder in which the program is started.
const FILE: &str = "agave.yaml";
const LONGEST_NAME: usize = 64;
/// For somebody who named a file that is not there.
pub(super) const HINT: &str = " = help: `agave run` without a name begins a flow in this folder: agave.yaml, to which its page adds the first camera";

/// The flow file of this folder, begun if it is not there.
pub(super) fn flow_of_this_folder() -> Result<PathBuf> {
    let folder = std::env::current_dir().context("this folder is gone")?;
    let file = PathBuf::from(FILE);
    // Somebody else may be as fast, and nothing of theirs may be lost.
    let opened = OpenOptions::new().write(true).create_new(true).open(&file);
    match opened {
        Ok(mut new) => {
            let written = new.write_all(beginning(&folder).as_bytes());
            // Half of it would be in the way the next time.
            let written = written.inspect_err(|_| drop(std::fs::remove_file(&file)));
            written.with_context(|| format!("cannot write {FILE}"))?;
            eprintln!("{FILE} is new and has no camera yet; its page adds the first one.");
            Ok(file)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(file),
        Err(error) => Err(error).with_context(|| {
            format!(
                "no flow file is named, and {FILE} cannot be made in {}",
                folder.display()
            )
        }),
    }
}

/// A flow that runs and waits for its first camera, called as its folder is.
fn beginning(folder: &Path) -> String {
    let name: String = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => '-',
        })
        .take(LONGEST_NAME)
        .collect();
    let name = match name.trim_matches('-') {
        "" => "first".to_owned(),
        // A name that is a number is one in quotes.
        name if name.chars().all(|c| c.is_ascii_digit()) => format!("flow-{name}"),
        name => name.to_owned(),
    };
    format!(
        "# Begun by `agave run`. What is added on its page is written here, and what you write here\n\
         # stays as it is.\n\
         version: 1\n\
         name: \"{name}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_called_as_its_folder() {
        for (folder, name) in [
            ("/srv/My Farm (north)", "my-farm--north"),
            ("/", "first"),
            ("/tmp/...", "first"),
            ("/tmp/2026", "flow-2026"),
            ("/tmp/true", "true"),
        ] {
            let text = beginning(Path::new(folder));
            assert!(text.ends_with(&format!("name: \"{name}\"\n")), "{text}");
        }
    }
}
