//! A compiled plugin: what it is called, which part it plays, and whether it imports only what
//! that part may import.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agave_core::{Fingerprint, Role};
use wasmtime::component::{Component, InstancePre, Linker};

use crate::capability;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::instance;
use crate::text::{SENTENCE, shortened};

/// Why a file is no plugin that can be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read {}: {reason}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// It is a core module.
    #[error(
        "{} is a core WebAssembly module, not a component; make one with `agave plugin build`",
        .0.display()
    )]
    CoreModule(PathBuf),
    /// It does not compile.
    #[error("{} is not a WebAssembly component: {reason}", .path.display())]
    Compile {
        /// Which file.
        path: PathBuf,
        /// The compiler's reason.
        reason: String,
    },
    /// It exports no role, or more than one.
    #[error(
        "{} has to export `agave:plugin/lifecycle` and exactly one of filter, rule, site-rule, \
         gate, site-gate and adapter of `agave:plugin@0.1.0`; it exports: {found}",
        .path.display()
    )]
    Role {
        /// Which file.
        path: PathBuf,
        /// What it exports.
        found: String,
    },
    /// It imports what its role may not have.
    #[error("{} is a {role} and may not import `{import}`", .path.display())]
    Import {
        /// Which file.
        path: PathBuf,
        /// Its role.
        role: Role,
        /// What it imports.
        import: String,
    },
    /// It does not fit the contract in another way.
    #[error("{} does not fit the contract: {reason}", .path.display())]
    Link {
        /// Which file.
        path: PathBuf,
        /// The linker's reason.
        reason: String,
    },
    /// It cannot say what it is.
    #[error("{} cannot describe itself: {failure}", .path.display())]
    Describe {
        /// Which file.
        path: PathBuf,
        /// What happened instead.
        failure: Failure,
    },
    /// Its configuration schema is not JSON.
    #[error("{} describes its configuration with something that is not JSON: {reason}", .path.display())]
    Schema {
        /// Which file.
        path: PathBuf,
        /// Where it stops being JSON.
        reason: serde_json::Error,
    },
}

/// What a plugin says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does, in a line.
    pub summary: String,
    /// JSON Schema of the node's `config`.
    pub config_schema: serde_json::Value,
    /// The version of the state that it saves.
    pub state_version: u32,
    /// The older versions of the state that it can restore.
    pub reads_state: Vec<u32>,
}

impl Description {
    /// Whether it can be given back a snapshot of this version.
    pub fn reads(&self, version: u32) -> bool {
        version == self.state_version || self.reads_state.contains(&version)
    }
}

/// A plugin that is ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<Inner>,
}

/// Which interface it exports. Rules and gates have two forms: for one camera and for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Filter,
    Rule,
    SiteRule,
    Gate,
    SiteGate,
    Adapter,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Filter,
        Self::Rule,
        Self::SiteRule,
        Self::Gate,
        Self::SiteGate,
        Self::Adapter,
    ];

    fn interface(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Rule => "rule",
            Self::SiteRule => "site-rule",
            Self::Gate => "gate",
            Self::SiteGate => "site-gate",
            Self::Adapter => "adapter",
        }
    }

    fn role(self) -> Role {
        match self {
            Self::Filter => Role::Filter,
            Self::Rule | Self::SiteRule => Role::Rule,
            Self::Gate | Self::SiteGate => Role::Gate,
            Self::Adapter => Role::Adapter,
        }
    }
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) instance_pre: InstancePre<Guest>,
    part: Part,
    has_upkeep: bool,
    description: Description,
    imports: Vec<String>,
    size_bytes: usize,
    fingerprint: Fingerprint,
    from_cache: bool,
}

impl Plugin {
    /// Reads, compiles and checks the component in `path`.
    ///
    /// # Errors
    /// What is wrong with it, with its path.
    pub fn load(engine: &Engine, path: &Path) -> Result<Self, LoadError> {
        let bytes = std::fs::read(path).map_err(|reason| LoadError::Read {
            path: path.to_owned(),
            reason,
        })?;
        Self::from_bytes(engine, path, &bytes)
    }

    /// Compiles and checks a component that someone else has read; `path` is for messages.
    ///
    /// # Errors
    /// What is wrong with it, with its path.
    pub fn from_bytes(engine: &Engine, path: &Path, bytes: &[u8]) -> Result<Self, LoadError> {
        // Magic, then version 1 and layer 0: a core module.
        if bytes.starts_with(b"\0asm\x01\0\0\0") {
            return Err(LoadError::CoreModule(path.to_owned()));
        }
        let (component, from_cache) =
            engine.compile(bytes).map_err(|error| LoadError::Compile {
                path: path.to_owned(),
                reason: shortened(&format!("{error:#}"), SENTENCE),
            })?;
        let kind = component.component_type();
        let exports: Vec<String> = kind
            .exports(&engine.wasmtime)
            .map(|(name, _)| name.to_owned())
            .collect();
        let imports: Vec<String> = kind
            .imports(&engine.wasmtime)
            .map(|(name, _)| name.to_owned())
            .collect();
        let part = part_of(&exports).ok_or_else(|| LoadError::Role {
            path: path.to_owned(),
            found: if exports.is_empty() {
                "nothing".to_owned()
            } else {
                shortened(&exports.join(", "), SENTENCE)
            },
        })?;
        let role = part.role();
        if let Some(import) = imports.iter().find(|import| !may_import(role, import)) {
            return Err(LoadError::Import {
                path: path.to_owned(),
                role,
                import: shortened(import, SENTENCE),
            });
        }
        let instance_pre = prepare(engine, role, &component).map_err(|error| LoadError::Link {
            path: path.to_owned(),
            reason: shortened(&format!("{error:#}"), SENTENCE),
        })?;
        let description =
            instance::describe(engine, &instance_pre).map_err(|failure| LoadError::Describe {
                path: path.to_owned(),
                failure,
            })?;
        let config_schema = serde_json::from_str(&description.config_schema).map_err(|reason| {
            LoadError::Schema {
                path: path.to_owned(),
                reason,
            }
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                engine: engine.clone(),
                instance_pre,
                part,
                has_upkeep: exports_interface(&exports, "upkeep"),
                description: Description {
                    name: description.name,
                    version: description.version,
                    summary: description.summary,
                    config_schema,
                    state_version: description.state_version,
                    reads_state: description.reads_state,
                },
                imports,
                size_bytes: bytes.len(),
                fingerprint: Fingerprint::of(bytes),
                from_cache,
            }),
        })
    }

    /// The part it plays.
    pub fn role(&self) -> Role {
        self.inner.part.role()
    }

    /// Whether it is a rule or a gate that looks at several cameras: one instance for all of them,
    /// which is called with [`Instance::evaluate_site`](crate::Instance::evaluate_site) or
    /// [`Instance::pass_site`](crate::Instance::pass_site).
    pub fn looks_at_several_cameras(&self) -> bool {
        matches!(self.inner.part, Part::SiteRule | Part::SiteGate)
    }

    /// Whether it is an adapter that has something to do beside deliveries.
    pub fn has_upkeep(&self) -> bool {
        self.inner.part == Part::Adapter && self.inner.has_upkeep
    }

    pub(crate) fn part(&self) -> Part {
        self.inner.part
    }

    /// What it says about itself.
    pub fn description(&self) -> &Description {
        &self.inner.description
    }

    /// The interfaces it imports, with their versions.
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// The size of the component.
    pub fn size_bytes(&self) -> usize {
        self.inner.size_bytes
    }

    /// Whether it was found compiled, and did not have to be.
    pub fn is_from_cache(&self) -> bool {
        self.inner.from_cache
    }

    /// The component, told by its bytes.
    pub fn fingerprint(&self) -> Fingerprint {
        self.inner.fingerprint
    }

    /// Whether anyone beside the caller has it: another clone, or an instance.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.inner) > 1
    }
}

fn part_of(exports: &[String]) -> Option<Part> {
    let exported = |interface: &str| exports_interface(exports, interface);
    let mut parts = Part::ALL
        .into_iter()
        .filter(|part| exported(part.interface()));
    let part = parts.next().filter(|_| exported("lifecycle"))?;
    parts.next().is_none().then_some(part)
}

fn exports_interface(exports: &[String], interface: &str) -> bool {
    let wanted = format!("agave:plugin/{interface}@0.1.");
    exports.iter().any(|export| export.starts_with(&wanted))
}

fn may_import(role: Role, import: &str) -> bool {
    let interface = import.split('@').next().unwrap_or(import);
    capability::wasi::is_wasi(import) || capability::allowed(role).contains(&interface)
}

fn prepare(
    engine: &Engine,
    role: Role,
    component: &Component,
) -> wasmtime::Result<InstancePre<Guest>> {
    let mut linker = Linker::new(&engine.wasmtime);
    capability::link(&mut linker, role)?;
    capability::wasi::refuse(&mut linker, component)?;
    linker.instantiate_pre(component)
}
