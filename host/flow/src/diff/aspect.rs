//! What can be different about the parts of a flow.

use serde::Serialize;

/// One thing that is different, with what it was and what it is now as they may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference<A> {
    /// What.
    pub aspect: A,
    /// Before. Empty where there was nothing, or where it cannot be shown.
    pub was: String,
    /// After. Empty where there is nothing, or where it cannot be shown.
    pub now: String,
}

/// What can be different about a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelAspect {
    /// Where its file is.
    Path,
    /// What is in its file.
    Content,
    /// What it takes for a detection to count.
    Confidence,
    /// What it takes for two boxes to be one.
    Iou,
}

/// What can be different about a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerAspect {
    /// Where it is.
    Address,
    /// Whom to log in as, and with what.
    Login,
    /// Whose certificates are trusted.
    Authority,
}

/// What can be different about a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CameraAspect {
    /// Where its pictures come from.
    Address,
    /// The login in the address, which is not shown.
    Login,
    /// How the stream is carried.
    Transport,
    /// How fast a file is read.
    Pace,
    /// Whether a file is read again when it is at its end.
    Repeat,
    /// Which camera of a recording is played.
    Recorded,
    /// How many frames are looked at in a second.
    Fps,
    /// How old a frame may become.
    MaxAge,
    /// The areas of the picture.
    Zones,
}

impl CameraAspect {
    /// Whether the source has to be opened again for it.
    pub fn reconnects(self) -> bool {
        match self {
            Self::Address
            | Self::Login
            | Self::Transport
            | Self::Pace
            | Self::Repeat
            | Self::Recorded
            | Self::Fps => true,
            Self::MaxAge | Self::Zones => false,
        }
    }
}

/// What can be different about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeAspect {
    /// What it is: a model, or a plugin of another role.
    Role,
    /// Which model it runs.
    Model,
    /// Which plugin it runs, as the flow file calls it.
    Plugin,
    /// The bytes of the plugin: its file was replaced.
    Code,
    /// The settings of the plugin.
    Config,
    /// What it reads.
    Inputs,
    /// The cameras whose data reaches it.
    Cameras,
    /// What it may reach.
    Grants,
    /// What it may use up.
    Limits,
    /// What happens to the data when it fails.
    OnFailure,
    /// At which hours it works.
    Active,
    /// Whether each camera has an instance of its own.
    Partition,
    /// What it delivers in its order.
    Order,
}

impl NodeAspect {
    /// Whether a running instance does not fit any more and a new one takes its place.
    pub fn replaces_instances(self) -> bool {
        match self {
            Self::Role
            | Self::Code
            | Self::Config
            | Self::Grants
            | Self::Limits
            | Self::OnFailure
            | Self::Partition => true,
            // Another file with the same bytes is the same plugin.
            Self::Plugin
            | Self::Model
            | Self::Inputs
            | Self::Cameras
            | Self::Active
            | Self::Order => false,
        }
    }

    /// Whether what an instance remembers means nothing to the next one.
    pub fn resets_state(self) -> bool {
        matches!(self, Self::Role | Self::Partition)
    }
}

/// As keys in a flow file are written.
macro_rules! shown_as_serialized {
    ($($aspect:ty),*) => {$(
        impl std::fmt::Display for $aspect {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.serialize(formatter)
            }
        }
    )*};
}

shown_as_serialized!(ModelAspect, BrokerAspect, CameraAspect, NodeAspect);
