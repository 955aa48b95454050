//! Where Agave keeps what it can make again: compiled plugins, and the tools that build them.

use std::path::PathBuf;

/// `AGAVE_CACHE`, or `agave` in the platform's folder for caches. None where there is neither.
pub(crate) fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = named("AGAVE_CACHE") {
        return Some(PathBuf::from(folder));
    }
    let caches = named("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| {
        let home = PathBuf::from(named("HOME")?);
        Some(home.join(".cache"))
    });
    Some(caches?.join("agave"))
}
