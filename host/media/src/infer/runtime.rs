//! ONNX Runtime is a library of its own, found and loaded when a model is first wanted. Every
//! path is checked and loaded by hand: left to itself the binding panics on a missing library.

use std::env::{self, consts};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;

/// The ONNX Runtime that is in use.
#[derive(Debug)]
pub struct Runtime {
    /// The library, or its name where the system found it.
    pub library: PathBuf,
    /// What it says about its version and how it was built.
    pub build: &'static str,
    environment: Environment,
}

impl Runtime {
    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }
}

/// Why there is no ONNX Runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// It is nowhere.
    #[error(
        "ONNX Runtime was not found; looked at {}. {}",
        looked_at.join(", "),
        how_to_get_it()
    )]
    NotFound {
        /// Where it was looked for.
        looked_at: Vec<String>,
    },
    /// There is a library, but it cannot be used.
    #[error("cannot use the ONNX Runtime {}: {reason}. {}", library.display(), how_to_get_it())]
    Unusable {
        /// The library.
        library: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

fn how_to_get_it() -> String {
    let cache = cache_folder().map_or_else(
        || "next to the program".to_owned(),
        |folder| format!("at {}", folder.join(library_name()).display()),
    );
    format!(
        "Version 1.{} or newer is needed: it is in the Python package onnxruntime (`pip download \
         onnxruntime --no-deps`, unzip, onnxruntime/capi/) and in the releases of \
         microsoft/onnxruntime. Put it {cache}, or set ORT_DYLIB_PATH to it",
        ort::MINOR_VERSION
    )
}

/// Finds and loads ONNX Runtime. Later calls, with whatever argument, give the one that was
/// loaded first: a process can have only one. [`crate::Model::load`] calls it with `None`.
///
/// It is looked for at `library` (a file or its folder), at `ORT_DYLIB_PATH`, in the program's
/// folder, in `agave/onnxruntime` of the user's cache folder, and among the system's libraries.
/// The first two are not passed over: if they are given and cannot be used, that is the error.
///
/// # Errors
/// When there is none, or it is too old. The error says what to do.
pub fn initialise_runtime(library: Option<&Path>) -> Result<&'static Runtime, RuntimeError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static LOADING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = find(library)?;
    tracing::debug!(library = %runtime.library.display(), build = runtime.build, "ONNX Runtime");
    Ok(RUNTIME.get_or_init(|| runtime))
}

fn find(library: Option<&Path>) -> Result<Runtime, RuntimeError> {
    let named = library.map(Path::to_path_buf).or_else(|| {
        let path = env::var_os("ORT_DYLIB_PATH")?;
        (!path.is_empty()).then(|| PathBuf::from(path))
    });
    if let Some(named) = named {
        return match in_folder(&named) {
            Some(library) => load(library),
            None => Err(RuntimeError::NotFound {
                looked_at: vec![named.display().to_string()],
            }),
        };
    }
    let program = env::current_exe().ok();
    let program_folder = program.as_deref().and_then(Path::parent);
    let folders = program_folder.map(Path::to_path_buf).into_iter();
    let mut looked_at = Vec::new();
    let mut unusable = None;
    for folder in folders.chain(cache_folder()) {
        if let Some(library) = in_folder(&folder) {
            match load(library) {
                Ok(runtime) => return Ok(runtime),
                Err(error) => unusable = unusable.or(Some(error)),
            }
        }
        looked_at.push(folder.display().to_string());
    }
    load(PathBuf::from(library_name())).map_err(|_| {
        looked_at.push("the system's libraries".to_owned());
        unusable.unwrap_or(RuntimeError::NotFound { looked_at })
    })
}

fn load(library: PathBuf) -> Result<Runtime, RuntimeError> {
    let unusable = |reason: String| RuntimeError::Unusable {
        library: library.clone(),
        reason,
    };
    let environment = ort::init_from(&library)
        .map_err(|error| unusable(error.to_string()))?
        .with_name("agave")
        .with_telemetry(false)
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(Runtime {
        library,
        build: ort::info(),
        environment,
    })
}

/// The library at `path`, which may be the folder that has it; there it may have its version
/// behind its name, and the newest is taken.
fn in_folder(path: &Path) -> Option<PathBuf> {
    if !path.is_dir() {
        return path.is_file().then(|| path.to_path_buf());
    }
    let plain = path.join(library_name());
    if plain.is_file() {
        return Some(plain);
    }
    let prefix = format!("{}.", library_name());
    fs::read_dir(path)
        .ok()?
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let version = name.strip_prefix(&prefix)?;
            let parts: Option<Vec<u32>> =
                version.split('.').map(|part| part.parse().ok()).collect();
            Some((parts?, path.join(&name)))
        })
        .max()
        .map(|(_, library)| library)
}

fn cache_folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let cache = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))?;
    Some(cache.join("agave").join("onnxruntime"))
}

fn library_name() -> String {
    format!("{}onnxruntime{}", consts::DLL_PREFIX, consts::DLL_SUFFIX)
}
