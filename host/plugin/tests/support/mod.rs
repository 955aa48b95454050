//! A gate written by hand, so that its versions can be chosen: it counts its calls, remembers
//! the count, and takes another page of memory each time.

use std::path::PathBuf;

use agave_core::StreamInfo;
use agave_plugin::{Grants, Limits, NodeSetup};
use wit_component::StringEncoding;
use wit_parser::Resolve;

/// What one made-up version of the gate says of its state.
#[derive(Clone, Copy)]
pub(crate) struct Versions {
    /// What it describes.
    pub(crate) described: u32,
    /// What it saves.
    pub(crate) saved: u32,
    /// The older one that it reads.
    pub(crate) older: u32,
}

/// A gate whose state has the version `version` and that also reads the one before.
pub(crate) fn hungry(version: u32) -> Vec<u8> {
    gate(Versions {
        described: version,
        saved: version,
        older: version - 1,
    })
}

/// The component.
pub(crate) fn gate(versions: Versions) -> Vec<u8> {
    let Versions {
        described,
        saved,
        older,
    } = versions;
    let text = format!(
        r#"(module
  (memory (export "memory") 2)
  (data (i32.const 16) "hungry0.1.0{{}}")
  (data (i32.const 64) "{older}")
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "agave:plugin/lifecycle@0.1.0#describe") (result i32)
    (i32.store (i32.const 256) (i32.const 16)) (i32.store (i32.const 260) (i32.const 6))
    (i32.store (i32.const 264) (i32.const 22)) (i32.store (i32.const 268) (i32.const 5))
    (i32.store (i32.const 272) (i32.const 16)) (i32.store (i32.const 276) (i32.const 6))
    (i32.store (i32.const 280) (i32.const 27)) (i32.store (i32.const 284) (i32.const 2))
    (i32.store (i32.const 288) (i32.const {described}))
    (i32.store (i32.const 128) (i32.const {older}))
    (i32.store (i32.const 292) (i32.const 128)) (i32.store (i32.const 296) (i32.const 1))
    (i32.const 256))
  (func $ok (result i32)
    (global.set $free (i32.const 65536))
    (i32.store (i32.const 512) (i32.const 0))
    (i32.store (i32.const 516) (i32.const 0))
    (i32.store (i32.const 520) (i32.const 0))
    (i32.const 512))
  (func (export "agave:plugin/lifecycle@0.1.0#configure")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (call $ok))
  (func (export "agave:plugin/lifecycle@0.1.0#save") (result i32)
    (i32.store (i32.const 512) (i32.const {saved}))
    (i32.store (i32.const 516) (i32.const 1024))
    (i32.store (i32.const 520) (i32.const 4))
    (i32.const 512))
  (func (export "agave:plugin/lifecycle@0.1.0#restore") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 1024) (i32.load (local.get 1)))
    (call $ok))
  (func (export "agave:plugin/gate@0.1.0#pass") (param i32 i32) (result i32)
    (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
    (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1)))
    (call $ok))
  (func (export "agave:plugin/gate@0.1.0#tick") (param i64) (result i32) (call $ok)))"#
    );
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    let contract = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../wit/0.1.0/plugin.wit");
    let package = resolve.push_file(contract).unwrap();
    let world = resolve
        .select_world(&[package], Some("gate-plugin"))
        .unwrap();
    wit_component::embed_component_metadata(
        &mut module,
        &resolve,
        world,
        StringEncoding::UTF8,
        false,
    )
    .unwrap();
    agave_plugin::encode(&module).unwrap()
}

/// A node for it.
pub(crate) fn setup() -> NodeSetup {
    NodeSetup {
        node: "node".to_owned(),
        stream: StreamInfo::default(),
        cameras: Vec::new(),
        config: "{}".to_owned(),
        limits: Limits::default(),
        grants: Grants::default(),
        outside: agave_plugin::Outside::default(),
    }
}
