//! What Agave costs, beside what it stands on. Both sides of a figure are measured in the same
//! run, in turns, so that a busy machine slows both.
//!
//! `cargo xtask bench [NAME] [--json]`: a table, or one JSON line a figure. `bench languages
//! --markdown` prints the table of `docs/plugins.md`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures are what it is for"
)]

mod component;
mod delivery;
mod extism;
mod figure;
mod hop;
mod instances;
mod languages;
mod pages;
mod reload;
mod replay;
mod throughput;

use anyhow::{Result, bail};

use crate::figure::Figure;

type Bench = fn(&mut dyn FnMut(Figure)) -> Result<()>;

const BENCHES: [(&str, Bench); 8] = [
    ("hop", hop::run),
    ("instances", instances::run),
    ("throughput", throughput::run),
    ("replay", replay::run),
    ("languages", languages::run),
    ("reload", reload::run),
    ("delivery", delivery::run),
    ("pages", pages::run),
];

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let markdown = arguments.iter().any(|argument| argument == "--markdown");
    arguments.retain(|argument| argument != "--json" && argument != "--markdown");
    let wanted = arguments.first();
    if markdown {
        if wanted.is_none_or(|wanted| wanted != "languages") {
            bail!("`--markdown` is for `bench languages`");
        }
        println!("{}", languages::markdown()?);
        return Ok(());
    }
    let chosen: Vec<_> = BENCHES
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name))
        .collect();
    if chosen.is_empty() {
        let names = BENCHES.map(|(name, _)| name).join(", ");
        bail!("there is no such bench; there are: {names}");
    }
    if !json {
        println!("{}", Figure::heading());
    }
    for (_, bench) in chosen {
        bench(&mut |figure| {
            if json {
                println!("{}", figure.json());
            } else {
                println!("{figure}");
            }
        })?;
    }
    Ok(())
}
