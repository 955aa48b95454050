//! A component that takes long to make is not made again from what it was made of last time. Then
//! its bytes stay the same too, and its compiled form is still in the cache.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

/// The component in the folder `build`, which `make` writes to the path that it is given, unless
/// it is there from the same `sources`.
pub(super) fn component(
    build: &Path,
    sources: impl Hash,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<Vec<u8>> {
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), super::world::CONTRACT, sources).hash(&mut hasher);
    let digest = format!("{:016x}", hasher.finish());
    let component = build.join("plugin.wasm");
    let note = build.join("plugin.sources");
    if fs::read_to_string(&note).is_ok_and(|made_of| made_of == digest)
        && let Ok(bytes) = fs::read(&component)
    {
        return Ok(bytes);
    }
    // Whatever happens while it is made, the note never speaks of another component.
    let cannot = || format!("cannot write {}", note.display());
    fs::write(&note, "").with_context(cannot)?;
    make(&component)?;
    let bytes =
        fs::read(&component).with_context(|| format!("cannot read {}", component.display()))?;
    fs::write(&note, digest).with_context(cannot)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_from_the_same_sources() {
        let build = tempfile::tempdir().unwrap();
        let mut made = 0;
        let mut get = |sources: &str| {
            component(build.path(), sources, |path| {
                made += 1;
                Ok(fs::write(path, sources)?)
            })
            .unwrap()
        };
        assert_eq!(get("one"), b"one");
        assert_eq!(get("one"), b"one");
        assert_eq!(get("two"), b"two");
        assert_eq!(get("one"), b"one");
        assert_eq!(made, 3);
    }

    #[test]
    fn what_could_not_be_made_is_not_taken_for_made() {
        let build = tempfile::tempdir().unwrap();
        let good = component(build.path(), "one", |path| Ok(fs::write(path, "one")?));
        assert!(good.is_ok());
        let bad = component(build.path(), "two", |path| {
            fs::write(path, "tw")?;
            anyhow::bail!("no")
        });
        assert!(bad.is_err());
        let again = component(build.path(), "one", |path| Ok(fs::write(path, "one")?));
        assert_eq!(again.unwrap(), b"one");
    }
}
