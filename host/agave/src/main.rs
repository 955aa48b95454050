//! `agave`: turns cameras into alerts that people can trust.
//!
//! The commands are in `command`, the running flow is in `topology`. Everything that can be
//! wrong with a flow file is found in agave-flow; what only a built flow shows, in
//! `topology::build`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks on these"
)]

mod cache;
mod camera_trial;
mod catalog;
mod command;
mod control;
mod drill;
mod fingerprints;
mod flow_test;
mod graph;
mod inspected;
mod keeper;
mod kept_model;
mod model_files;
mod plugin_project;
mod recording;
mod report;
mod secrets;
mod surroundings;
mod topology;
mod trial;
mod watch;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // The compiler of the plugins would bury everything else.
    let wanted = std::env::var("AGAVE_LOG").unwrap_or_else(|_| "warn".to_owned());
    let quiet = "cranelift_codegen=warn,cranelift_frontend=warn,regalloc2=warn,wasmtime=warn,hyper_util=warn";
    let filter = tracing_subscriber::EnvFilter::new(format!("{quiet},{wanted}"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match command::CommandLine::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("agave: {error:#}");
            ExitCode::FAILURE
        }
    }
}
