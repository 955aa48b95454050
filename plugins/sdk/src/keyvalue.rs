//! A small durable map of the node's own. In a native test it lasts as long as the test's thread.

/// What is kept under `key`.
///
/// # Errors
/// A sentence, when it cannot be read.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::keyvalue::get(key);
    #[cfg(not(target_arch = "wasm32"))]
    Ok(crate::testing::kept(key))
}

/// Keeps `value` under `key`; it is on the disk when this returns.
///
/// # Errors
/// A sentence, when it cannot be written.
pub fn set(key: &str, value: &[u8]) -> Result<(), String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::keyvalue::set(key, value);
    #[cfg(not(target_arch = "wasm32"))]
    {
        crate::testing::keep(key, value);
        Ok(())
    }
}
