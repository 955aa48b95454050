//! `agave plugin inspect`: what a component says about itself, and what it may do.

use std::path::Path;
use std::process::ExitCode;

use agave_core::Role;
use agave_plugin::Plugin;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{settings, target};
use crate::command::{machine, print};

#[derive(Args)]
pub(crate) struct Inspect {
    /// The plugin: its name, its file or the folder of its project
    plugin: String,
    /// Print it as JSON, with the whole schema of its settings
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> Result<ExitCode> {
        let machine = machine()?;
        let path = target::component(&machine, &self.plugin)?;
        let plugin = machine.catalog.load(&path)?;
        if self.json {
            print(&serde_json::to_string_pretty(&described(&plugin, &path))?);
        } else {
            print(&told(&plugin, &path));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn described(plugin: &Plugin, path: &Path) -> Value {
    let description = plugin.description();
    json!({
        "name": description.name,
        "version": description.version,
        "summary": description.summary,
        "role": plugin.role(),
        "several_cameras": plugin.looks_at_several_cameras(),
        "file": path,
        "size_bytes": plugin.size_bytes(),
        "sha256": plugin.fingerprint(),
        "imports": plugin.imports(),
        "state_version": description.state_version,
        "reads_state": description.reads_state,
        "config_schema": description.config_schema,
    })
}

fn told(plugin: &Plugin, path: &Path) -> String {
    let description = plugin.description();
    let mut lines = vec![
        format!("name      {} {}", description.name, description.version),
        format!("role      {}: {}", plugin.role(), part_of(plugin)),
        format!("summary   {}", description.summary),
        format!("file      {}", path.display()),
        format!("size      {} KiB", plugin.size_bytes().div_ceil(1024)),
        format!("sha256    {}", plugin.fingerprint()),
        format!("state     {}", state(plugin)),
    ];
    lines.extend(under("imports", imports(plugin.imports())));
    lines.extend(under(
        "settings",
        settings::table(&description.config_schema),
    ));
    lines.join("\n")
}

/// The first line behind its heading, the others below it.
fn under(heading: &str, lines: Vec<String>) -> impl Iterator<Item = String> {
    std::iter::once(heading.to_owned())
        .chain(std::iter::repeat(String::new()))
        .zip(lines)
        .map(|(heading, line)| format!("{heading:<10}{line}"))
}

fn part_of(plugin: &Plugin) -> &'static str {
    match plugin.role() {
        Role::Rule if plugin.looks_at_several_cameras() => {
            "detections of several cameras in, alerts out; for a node with `partition: none`"
        }
        Role::Gate if plugin.looks_at_several_cameras() => {
            "alerts of several cameras in, alerts out; for a node with `partition: none`"
        }
        Role::Filter => "detections in, detections out",
        Role::Rule => "detections in, alerts out",
        Role::Gate => "alerts in, alerts out",
        Role::Adapter => "alerts in, the outside world out",
    }
}

fn state(plugin: &Plugin) -> String {
    let description = plugin.description();
    let older: Vec<String> = description.reads_state.iter().map(u32::to_string).collect();
    match older.as_slice() {
        [] => format!("version {}", description.state_version),
        older => format!(
            "version {}, reads {} as well",
            description.state_version,
            older.join(", ")
        ),
    }
}

/// What may be touched, one line for each interface. The types are not one that does something.
fn imports(imports: &[String]) -> Vec<String> {
    let interfaces: Vec<(&str, &str)> = imports
        .iter()
        .map(|import| import.split('@').next().unwrap_or(import))
        .filter(|interface| *interface != "agave:plugin/types")
        .map(|interface| {
            let name = interface.strip_prefix("agave:plugin/").unwrap_or(interface);
            (name, may(name))
        })
        .collect();
    if interfaces.is_empty() {
        return vec!["nothing: it can touch nothing, not even the log".to_owned()];
    }
    let width = interfaces.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    interfaces
        .iter()
        .map(|(name, may)| format!("{name:width$}  {may}"))
        .collect()
}

fn may(interface: &str) -> &'static str {
    match interface {
        "log" => "writes lines to Agave's log",
        "clock" => "asks for the time",
        "secrets" => "uses the secrets that the node's `allow.secrets` names, and never sees them",
        "http" => "sends requests to the servers that the node's `allow.http` names",
        "mqtt" => "publishes to the brokers that the node's `allow.mqtt` names",
        "tcp" => "connects to the servers that the node's `allow.tcp` names",
        "frames" => "gets pictures of recent frames, where the node's `allow` grants them",
        "keyvalue" => "keeps a small map of its node's own",
        wasi if wasi.starts_with("wasi:") => "nothing: a call of it is a trap",
        _ => "unknown to this version of Agave",
    }
}
