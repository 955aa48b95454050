//! `plugin.yaml`: what a plugin's project says about itself where its language has no manifest
//! that could. A Rust plugin has its `Cargo.toml` instead.

use std::fmt;
use std::path::Path;

use agave_core::Role;
use agave_flow::FlowText;
use anyhow::{Result, anyhow, bail};
use schemars::JsonSchema;
use serde::Deserialize;

/// The name of the file.
pub(crate) const FILE: &str = "plugin.yaml";

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Language {
    Rust,
    C,
    #[value(alias = "c++")]
    Cpp,
    Go,
    Zig,
    #[value(alias = "js")]
    Javascript,
    #[value(alias = "ts")]
    Typescript,
    #[value(alias = "py")]
    Python,
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Go => "Go",
            Self::Zig => "Zig",
            Self::Javascript => "JavaScript",
            Self::Typescript => "TypeScript",
            Self::Python => "Python",
        })
    }
}

/// What an adapter may ask of the host, beside `log`. What is not named here is not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Capability {
    Clock,
    Secrets,
    Http,
    Mqtt,
    Tcp,
    Frames,
    Keyvalue,
}

impl Capability {
    /// The name of its interface in the contract.
    pub(crate) fn interface(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Secrets => "secrets",
            Self::Http => "http",
            Self::Mqtt => "mqtt",
            Self::Tcp => "tcp",
            Self::Frames => "frames",
            Self::Keyvalue => "keyvalue",
        }
    }
}

/// What is in a `plugin.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The name of the plugin: that of its component, and the one that flow files use.
    pub(crate) name: String,
    /// The language that it is written in.
    pub(crate) language: Language,
    /// The part that it plays.
    #[schemars(with = "RoleName")]
    pub(crate) role: Role,
    /// What an adapter asks of the host, beside `log`.
    #[serde(default)]
    pub(crate) uses: Vec<Capability>,
}

/// The names of the roles, for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum RoleName {
    Filter,
    Rule,
    Gate,
    Adapter,
}

impl Manifest {
    /// The manifest in `folder`; none where there is none but a `Cargo.toml`.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(FILE);
        if !file.is_file() {
            if folder.join("Cargo.toml").is_file() {
                return Ok(None);
            }
            bail!(
                "{} is not the folder of a plugin: it has neither a {FILE} nor a Cargo.toml; \
                 `agave plugin new` makes one",
                folder.display()
            );
        }
        let text = FlowText::read(&file).map_err(|problems| anyhow!("{problems}"))?;
        let manifest: Self = agave_flow::document(&text, "the manifest")
            .map_err(|problems| anyhow!("{problems}"))?;
        if let Some(problem) = manifest.problem() {
            bail!("{}: {problem}", file.display());
        }
        Ok(Some(manifest))
    }

    fn problem(&self) -> Option<String> {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Some(format!(
                "the name '{}' has to be of letters, digits, - and _",
                self.name
            ));
        }
        (self.role != Role::Adapter && !self.uses.is_empty()).then(|| {
            format!(
                "a {} is pure and uses nothing of the host's but `log`; only adapters may have `uses`",
                self.role
            )
        })
    }
}
