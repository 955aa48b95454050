//! Which of the alerts and incidents somebody wants. Nothing said is all of them.

/// Which alerts are wanted.
#[derive(Clone, Debug, Default)]
pub struct AlertQuery {
    /// Only those with a lower number.
    pub before: Option<u64>,
    /// Only those of this camera.
    pub camera: Option<String>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those about this class.
    pub class: Option<String>,
    /// Only those in this zone.
    pub zone: Option<String>,
    /// Only those in this phase.
    pub phase: Option<String>,
    /// Only those of this incident.
    pub key: Option<String>,
    /// Only those that happened at this time or later, in nanoseconds since 1970.
    pub since: Option<u64>,
    /// Only those that happened before, in nanoseconds since 1970.
    pub until: Option<u64>,
    /// So many at most.
    pub most: usize,
}

/// Which incidents are wanted.
#[derive(Clone, Debug, Default)]
pub struct IncidentQuery {
    /// Only those that have not ended, or only those that have.
    pub open: Option<bool>,
    /// Only those whose first alert has a lower number.
    pub before: Option<u64>,
    /// Only those of this camera.
    pub camera: Option<String>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those about this class.
    pub class: Option<String>,
    /// Only those in this zone.
    pub zone: Option<String>,
    /// Only those that are this severe.
    pub severity: Option<String>,
    /// Only those that began at this time or later, in nanoseconds since 1970.
    pub since: Option<u64>,
    /// Only those that began before, in nanoseconds since 1970.
    pub until: Option<u64>,
    /// So many at most.
    pub most: usize,
}
