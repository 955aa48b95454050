//! What is no plugin is refused with a reason, and a plugin may import only what its role needs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod puppet;

use std::path::{Path, PathBuf};

use agave_core::Role;
use agave_plugin::{Engine, LoadError, Plugin};
use puppet::Puppet;

fn load(bytes: &[u8]) -> LoadError {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("plugin.wasm");
    std::fs::write(&path, bytes).unwrap();
    let engine = Engine::new().unwrap();
    Plugin::load(&engine, &path).err().unwrap()
}

fn load_text(component: &str) -> LoadError {
    load(&wat::parse_str(component).unwrap())
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let engine = Engine::new().unwrap();
    let error = Plugin::load(&engine, Path::new("nowhere/roi.wasm"))
        .err()
        .unwrap();
    assert!(error.to_string().contains("nowhere/roi.wasm"), "{error}");
}

#[test]
fn garbage_and_half_files_are_no_components() {
    assert!(matches!(
        load(b"once upon a time"),
        LoadError::Compile { .. }
    ));
    assert!(matches!(load(b""), LoadError::Compile { .. }));
    let whole = wat::parse_str("(component (core module (func (export \"f\"))))").unwrap();
    for end in 1..whole.len() {
        let error = load(&whole[..end]);
        let refused = matches!(error, LoadError::Compile { .. } | LoadError::Role { .. });
        assert!(refused, "{end} bytes: {error}");
    }
}

#[test]
fn a_core_module_is_told_from_a_component() {
    let error = load_text("(module)");
    assert!(matches!(error, LoadError::CoreModule(_)));
    assert!(error.to_string().contains("agave plugin build"), "{error}");
}

#[test]
fn a_plugin_plays_exactly_one_role() {
    let error = load_text("(component)");
    assert!(matches!(error, LoadError::Role { .. }), "{error}");
    let error = load_text(
        r#"(component
            (instance $nothing)
            (export "agave:plugin/lifecycle@0.1.0" (instance $nothing))
            (export "agave:plugin/filter@0.1.0" (instance $nothing))
            (export "agave:plugin/rule@0.1.0" (instance $nothing)))"#,
    );
    assert!(matches!(error, LoadError::Role { .. }), "{error}");
    let error = load_text(
        r#"(component
            (instance $nothing)
            (export "agave:plugin/rule@0.1.0" (instance $nothing)))"#,
    );
    assert!(
        matches!(error, LoadError::Role { .. }),
        "without a lifecycle: {error}"
    );
}

#[test]
fn a_rule_may_not_reach_the_network() {
    let error = load_text(
        r#"(component
            (import "agave:plugin/http@0.1.0" (instance))
            (instance $nothing)
            (export "agave:plugin/lifecycle@0.1.0" (instance $nothing))
            (export "agave:plugin/rule@0.1.0" (instance $nothing)))"#,
    );
    assert!(
        error
            .to_string()
            .ends_with("is a rule and may not import `agave:plugin/http@0.1.0`"),
        "{error}"
    );
}

/// The contract grows by functions, and a component imports those that it calls: one that was
/// built before is one that does not call the new ones.
#[test]
fn what_was_built_before_an_interface_grew_is_loaded() {
    let mut puppet = Puppet::new(Role::Adapter);
    puppet.world = "import agave:plugin/frames@0.1.0;";
    puppet.module = r#"(import "agave:plugin/frames@0.1.0" "jpeg"
        (func (param i32 i32 i64 i32 f32 f32 f32 f32 i32 i32)))"#;
    let component = puppet.component();
    let names = |name: &[u8]| component.windows(name.len()).any(|bytes| bytes == name);
    assert!(names(b"jpeg") && !names(b"show") && !names(b"granted"));
    let plugin = puppet.load(&Engine::new().unwrap()).unwrap();
    assert_eq!(plugin.role(), Role::Adapter);
}

#[test]
fn imports_that_nobody_offers_are_named() {
    let error = load_text(
        r#"(component
            (import "evil:host/shell" (instance))
            (instance $nothing)
            (export "agave:plugin/lifecycle@0.1.0" (instance $nothing))
            (export "agave:plugin/adapter@0.1.0" (instance $nothing)))"#,
    );
    assert!(error.to_string().contains("evil:host/shell"), "{error}");
}

#[test]
fn wasi_may_be_imported_and_is_not_there() {
    // It gets past the imports, as far as a component without functions gets.
    let error = load_text(
        r#"(component
            (import "wasi:clocks/wall-clock@0.2.0" (instance
                (export "now" (func (result u64)))))
            (instance $nothing)
            (export "agave:plugin/lifecycle@0.1.0" (instance $nothing))
            (export "agave:plugin/filter@0.1.0" (instance $nothing)))"#,
    );
    assert!(matches!(error, LoadError::Describe { .. }), "{error}");
}
