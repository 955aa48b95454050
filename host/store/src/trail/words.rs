//! What the trail is told. Times are nanoseconds since 1970, if nothing else is said.

/// An alert that left the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct TrailAlert {
    /// Its number in the flow's journal: later alerts have greater ones.
    pub sequence: u64,
    /// The flow.
    pub flow: String,
    /// The node that gave it.
    pub node: String,
    /// The camera that saw it.
    pub camera: String,
    /// Its incident's key.
    pub key: String,
    /// What kind of incident.
    pub kind: String,
    /// The part of the incident that it reports: `begin`, `update` or `end`.
    pub phase: String,
    /// How much it matters: `info`, `warning` or `critical`.
    pub severity: String,
    /// When it happened.
    pub at: u64,
    /// The same in nanoseconds since the stream's first frame.
    pub media_time: u64,
    /// The frame in which it happened.
    pub frame: u64,
    /// The class of what was seen.
    pub class: String,
    /// The zone that it is about.
    pub zone: Option<String>,
    /// How sure the model was, from 0 to 1.
    pub confidence: f32,
    /// The track of what was seen.
    pub track: Option<u64>,
    /// How many alerts it stands for.
    pub count: u32,
    /// All of it, as JSON.
    pub body: String,
}

impl TrailAlert {
    /// What makes it one alert, however often it is written.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        let Self {
            flow,
            node,
            camera,
            key,
            phase,
            at,
            ..
        } = self;
        format!("{flow}/{node}/{camera}/{key}/{phase}/{at}")
    }
}

/// What became of an alert at an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailDelivery {
    /// The flow.
    pub flow: String,
    /// The adapter's node.
    pub adapter: String,
    /// The alert, by [`TrailAlert::idempotency_key`].
    pub idempotency_key: String,
    /// What became of it.
    pub outcome: TrailOutcome,
    /// How often it was tried.
    pub attempts: u32,
    /// When that was known.
    pub at: u64,
}

/// What can become of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrailOutcome {
    /// It arrived.
    Delivered,
    /// It did not, and is tried again; with the reason.
    Waiting(String),
    /// It never will, with the reason.
    Refused(String),
}

impl TrailOutcome {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Waiting(_) => "waiting",
            Self::Refused(_) => "refused",
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Delivered => None,
            Self::Waiting(reason) | Self::Refused(reason) => Some(reason),
        }
    }
}

/// What a node of a camera remembers, without the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailCheckpoint {
    /// The flow.
    pub flow: String,
    /// The camera.
    pub camera: String,
    /// The node.
    pub node: String,
    /// Whose state it is.
    pub plugin: String,
    /// The version of the state.
    pub version: u32,
    /// The last frame that the node has seen.
    pub frame: u64,
    /// When that was captured.
    pub at: u64,
    /// How large the state is.
    pub bytes: u64,
}
