//! From the core module that a compiler makes to the component that the engine runs.

use wit_component::ComponentEncoder;

/// Why a core module cannot become a component.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a component of the module: {0}")]
pub struct EncodeError(String);

/// Makes a component of a core module that carries its world, as `wit-bindgen` leaves it there.
///
/// # Errors
/// When it is no such module.
pub fn encode(core_module: &[u8]) -> Result<Vec<u8>, EncodeError> {
    ComponentEncoder::default()
        .validate(true)
        .module(core_module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| EncodeError(format!("{error:#}")))
}
