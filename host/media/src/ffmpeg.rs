//! What FFmpeg must be told once per process.

use std::sync::OnceLock;

use ffmpeg_next as ffmpeg;

/// Makes FFmpeg ready; cheap after the first time.
///
/// Its own log is turned off: it writes to standard error from inside the library, a line for
/// every damaged packet. What matters is counted and reported by the source instead.
pub(crate) fn initialise() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
        if let Err(error) = ffmpeg::init() {
            tracing::warn!(%error, "FFmpeg did not initialise cleanly");
        }
    });
}
