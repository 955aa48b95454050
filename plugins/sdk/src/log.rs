//! Lines for the host's log. In a native test there is no host: they are kept, and
//! [`testing::logged`](crate::testing::logged) gives them back.

pub use crate::bindings::imports::agave::plugin::log::Level;

/// Writes one line.
pub fn write(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::agave::plugin::log::write(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::keep_line(level, message);
}

/// Writes what someone who looks for a mistake wants to know.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes what happens now and then and is good to know.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes what should not have happened, and did no harm yet.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes what went wrong.
pub fn error(message: &str) {
    write(Level::Error, message);
}
