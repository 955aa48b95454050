//! Why an edit was not made. A file that was not edited is as it was.

use crate::Diagnostics;

/// Why an edit was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The files cannot be read to their end, or the camera is of a template that cannot be used.
    #[error("{0}")]
    Unreadable(Diagnostics),
    /// There is no camera, zone or value of that name.
    #[error("{message}; {help}")]
    NotFound {
        /// What is not there.
        message: String,
        /// What there is.
        help: String,
    },
    /// The name is taken already.
    #[error("{place}: {message}; give it another name")]
    Taken {
        /// Where, as `flow.yaml:3:5`.
        place: String,
        /// By what.
        message: String,
    },
    /// It is written in a way that no edit changes without changing something else as well.
    #[error("{place}: {message}; {help}")]
    NotPlain {
        /// Where it is written, as `flow.yaml:3:5`.
        place: String,
        /// What stands in the way.
        message: String,
        /// What to do by hand.
        help: String,
    },
    /// The flow would have these problems, and has not. Their places are in the text as it would
    /// be.
    #[error("{0}")]
    Refused(Diagnostics),
}
