//! The ways to misbehave, as a flow file names them.
//!
//! The host's tests match on them without a wildcard: a mode that no test expects anything of
//! does not compile.

use agave_vision_sdk::prelude::*;

/// How to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Never returns.
    Loop,
    /// Never returns from `configure`.
    LoopInConfigure,
    /// Never returns from `save`.
    LoopInSave,
    /// Never returns from `restore`.
    LoopInRestore,

    /// Traps.
    Trap,
    /// Traps in `configure`.
    TrapInConfigure,
    /// Traps in `save`.
    TrapInSave,
    /// Traps in `restore`.
    TrapInRestore,
    /// Traps while it cleans up, with the answer already made.
    TrapInDrop,
    /// Traps with a message that looks like lines of a log.
    ForgedTrap,
    /// Calls itself without end.
    Recurse,
    /// Asks for the time, which a pure plugin does not have.
    ReadClock,

    /// Takes memory without end, piece by piece.
    Allocate,
    /// Asks for more memory than there is, at once.
    AllocateAtOnce,
    /// Forgets some memory at each frame.
    Leak,
    /// Writes to much of its memory at each frame, and gives it back.
    Dirty,

    /// Returns an error.
    Error,
    /// Refuses its configuration.
    ErrorInConfigure,
    /// Returns an error of 30 MB.
    LongError,
    /// Returns an error that looks like lines of a log, with what drives a terminal.
    ForgedError,
    /// Opens a file, and returns what it got.
    OpenFile,
    /// Connects to an address, and returns what it got.
    Connect,
    /// Starts a thread, and returns what it got.
    SpawnThread,

    /// Writes 20 000 log lines at each frame.
    LogFlood,
    /// Writes a log line of 5 MB.
    LongLogLine,
    /// Writes a log line that looks like several, with what drives a terminal.
    ForgedLogLine,

    /// Returns coordinates that are no numbers.
    NotANumber,
    /// Returns a box of infinite width.
    Infinite,
    /// Returns a box of negative height.
    Negative,
    /// Returns a box far outside the frame.
    FarAway,
    /// Returns a confidence of 2.
    Overconfident,
    /// Returns a class that the model does not have.
    NoSuchClass,
    /// Returns a zone bit that the camera does not have.
    NoSuchZone,
    /// Returns a detection that it was not given.
    Invented,
    /// Returns a detection twice.
    Doubled,
    /// Returns 100 000 detections.
    Crowd,
    /// Returns another frame's number.
    OtherFrame,
    /// Returns another time.
    OtherTime,

    /// Has a state that is no JSON.
    UnsavableState,
    /// Saves 20 MB.
    HugeSnapshot,
    /// Refuses the state that it saved.
    RefuseRestore,
}

/// Never returns.
pub(crate) fn forever() -> ! {
    loop {
        std::hint::black_box(());
    }
}

/// Calls itself until there is no stack left.
pub(crate) fn recurse(depth: u64) -> u64 {
    let locals = std::hint::black_box([depth; 64]);
    if locals.contains(&u64::MAX) {
        return depth;
    }
    recurse(depth + 1).wrapping_add(locals.iter().sum())
}

/// What a log looks like, so that nobody should be able to write it from inside a plugin.
pub(crate) const FORGERY: &str = "all well\n2026-01-01T00:00:00Z ERROR agave: node is on fire\r\n\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{2028}";
