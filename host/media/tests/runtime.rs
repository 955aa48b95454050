//! A process without ONNX Runtime is told what to do, and never panics or hangs. One test: a
//! process loads ONNX Runtime once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use agave_media::{RuntimeError, initialise_runtime};
use support::has_runtime;

#[test]
fn a_library_that_cannot_be_used_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("libonnxruntime.so");
    let error = initialise_runtime(Some(&missing)).unwrap_err();
    assert!(matches!(error, RuntimeError::NotFound { .. }), "{error}");
    let text = error.to_string();
    for word in [
        missing.to_str().unwrap(),
        "pip download onnxruntime",
        "ORT_DYLIB_PATH",
        "1.24",
    ] {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }

    fs::write(&missing, "not a library").unwrap();
    for library in [
        Some(missing.as_path()),
        Some(folder.path()),
        another_library(),
    ] {
        let Some(library) = library else { continue };
        let error = initialise_runtime(Some(library)).unwrap_err();
        assert!(matches!(error, RuntimeError::Unusable { .. }), "{error}");
    }

    // None of that is in the way of a good one; later arguments do not matter any more.
    if has_runtime() {
        let first = initialise_runtime(None).unwrap();
        let again = initialise_runtime(Some(Path::new("/missing"))).unwrap();
        assert_eq!(first.library, again.library);
        assert!(first.build.contains("ORT Build Info"), "{}", first.build);
    }
}

/// A real library that is not ONNX Runtime.
fn another_library() -> Option<&'static Path> {
    let path = Path::new("/lib/x86_64-linux-gnu/libm.so.6");
    PathBuf::from(path).is_file().then_some(path)
}
