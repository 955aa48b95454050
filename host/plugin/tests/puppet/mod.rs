//! A plugin whose every answer is laid down byte by byte from outside: it returns what
//! `restore` gave it. It can say what no compiler would let it say, such as a pointer outside its
//! memory or half a character, and each of its functions can be replaced.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test program uses its part; a test fails by panicking"
)]

mod answer;
pub(crate) mod believed;

use std::fmt::Write as _;

use agave_core::Role;
use agave_plugin::{Engine, LoadError, Plugin};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub(crate) use answer::{Answer, BASE};

/// The pages of its memory; what is behind them is outside.
const PAGES: u32 = 64;
/// The first address that is outside.
pub(crate) const END: u32 = PAGES << 16;

/// Descriptions of itself are laid down here, in one page.
const DESCRIPTION: u32 = 1024;
/// Zeros: the answer `ok` where nothing else is said.
const OK: &str = "(i32.const 64)";

/// Code that never returns.
pub(crate) const FOREVER: &str = "(loop $again (br $again)) (unreachable)";

/// What the puppet is made of. All code is WebAssembly text.
pub(crate) struct Puppet {
    role: Role,
    /// Imports of the world, each `import NAME;`.
    pub(crate) world: &'static str,
    /// Imports, globals, functions and tables of the module.
    pub(crate) module: &'static str,
    pub(crate) describe: &'static str,
    pub(crate) configure: &'static str,
    pub(crate) save: &'static str,
    /// The function of its role.
    pub(crate) call: &'static str,
    pub(crate) realloc: &'static str,
    pub(crate) post_return: &'static str,
    pub(crate) name: String,
    pub(crate) schema: String,
    pub(crate) reads_state: u32,
}

/// What a plugin and the host agree on.
const CONTRACT: &str = include_str!("../../../../wit/0.1.0/plugin.wit");
/// WASI as far as a puppet asks for it.
const WASI: &str = "package wasi:clocks@0.2.0 { interface wall-clock { now: func() -> u64; } }";

impl Puppet {
    pub(crate) fn new(role: Role) -> Self {
        Self {
            role,
            world: "",
            module: "",
            describe: "(i32.const 1024)",
            configure: OK,
            save: "(i32.const 0x10000)",
            call: "(i32.const 0x10000)",
            realloc: "(call $take (local.get 2) (local.get 3))",
            post_return: "",
            name: "puppet".to_owned(),
            schema: "{}".to_owned(),
            reads_state: 0,
        }
    }

    /// # Errors
    /// When the host refuses it, which it may.
    pub(crate) fn load(&self, engine: &Engine) -> Result<Plugin, LoadError> {
        load(engine, &self.component())
    }

    /// The component as bytes.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).unwrap();
        let mut resolve = Resolve::default();
        resolve.push_str("plugin.wit", CONTRACT).unwrap();
        let world = format!(
            "package test:puppet; world puppet {{ {} export agave:plugin/lifecycle@0.1.0; export agave:plugin/{}@0.1.0; }} {WASI}",
            self.world, self.role
        );
        let package = resolve.push_str("puppet.wit", &world).unwrap();
        let world = resolve.select_world(&[package], Some("puppet")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .unwrap();
        agave_plugin::encode(&module).unwrap()
    }

    fn text(&self) -> String {
        let (function, results) = match self.role {
            Role::Filter => ("filter@0.1.0#process", "(param i32 i32) (result i32)"),
            Role::Rule => ("rule@0.1.0#evaluate", "(param i32 i32) (result i32)"),
            Role::Gate => ("gate@0.1.0#pass", "(param i32 i32) (result i32)"),
            Role::Adapter => ("adapter@0.1.0#deliver", "(param i32 i32) (result i32)"),
        };
        let Self {
            module,
            describe,
            configure,
            save,
            call,
            realloc,
            ..
        } = self;
        let mut text = format!(
            r#"(module
            {module}
            (memory (export "memory") {PAGES} {PAGES})
            (global $next (mut i32) (i32.const 0x2000))
            (func $take (param $align i32) (param $size i32) (result i32) (local $at i32)
                (local.set $at (i32.and
                    (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.set $next (i32.add (local.get $at) (local.get $size)))
                (local.get $at))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
            (func (export "agave:plugin/lifecycle@0.1.0#describe") (result i32) {describe})
            (func (export "agave:plugin/lifecycle@0.1.0#configure")
                (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
                (global.set $next (i32.const 0x2000))
                {configure})
            (func (export "agave:plugin/lifecycle@0.1.0#save") (result i32) {save})
            (func (export "agave:plugin/lifecycle@0.1.0#restore")
                (param $version i32) (param $data i32) (param $length i32) (result i32)
                (memory.copy (i32.const {BASE}) (local.get $data) (local.get $length))
                (global.set $next (i32.const 0x2000))
                {OK})
            (func (export "agave:plugin/{function}") {results}
                (global.set $next (i32.const 0x2000))
                {call})
            {description}"#,
            description = self.description(),
        );
        if self.role == Role::Gate {
            let _ = write!(
                text,
                r#"(func (export "agave:plugin/gate@0.1.0#tick") (param i64) (result i32) {call})"#
            );
        }
        if !self.post_return.is_empty() {
            let _ = write!(
                text,
                r#"(func (export "cabi_post_agave:plugin/{function}") (param i32) {})"#,
                self.post_return
            );
        }
        text + ")"
    }

    /// The record that `describe` points to, as a data segment.
    fn description(&self) -> String {
        let mut answer = Answer::at(DESCRIPTION, 44);
        answer.text(0, &self.name);
        answer.text(8, "0.1.0");
        answer.text(16, "Says what it is told to say");
        answer.text(24, &self.schema);
        answer.u32(32, 1);
        answer.u32(36, 0x1_0000);
        answer.u32(40, self.reads_state);
        let bytes: String = answer
            .bytes()
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!("(data (i32.const {DESCRIPTION}) \"{bytes}\")")
    }
}

/// Loads a component that is in no file yet.
///
/// # Errors
/// When the host refuses it.
pub(crate) fn load(engine: &Engine, component: &[u8]) -> Result<Plugin, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("puppet.wasm");
    std::fs::write(&path, component).unwrap();
    Plugin::load(engine, &path)
}
