//! From the core module that a compiler makes to the component that the engine runs.

use wit_component::ComponentEncoder;

/// What standard libraries get instead of WASI, where they cannot do without.
const NO_WASI: &str = include_str!("no_wasi.wat");

/// Why a core module cannot become a component.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a component of the module: {0}")]
pub struct EncodeError(String);

/// Makes a component of a core module that carries its world, as `wit-bindgen` leaves it there.
/// What it imports of WASI preview 1 is answered from inside the component, by nothing: so that
/// the runtimes of languages start, and the component imports no WASI.
///
/// # Errors
/// When it is no such module.
pub fn encode(core_module: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let no_wasi = wat::parse_str(NO_WASI).map_err(|error| EncodeError(error.to_string()))?;
    let mut encoder = ComponentEncoder::default();
    let encoded = encoder
        .validate(true)
        .adapter("wasi_snapshot_preview1", &no_wasi)
        .and_then(|encoder| encoder.module(core_module)?.encode());
    encoded.map_err(|error| EncodeError(format!("{error:#}")))
}
