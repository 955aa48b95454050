//! What an alert is about, as far as it matters for whether it is new.

use agave_vision_sdk::prelude::*;

/// What can have a budget of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// What kind of incident it is.
    Kind,
    /// The class of what was seen.
    Class,
    /// The zone that it is about.
    Zone,
    /// The track of what was seen; everything without a track is one.
    Track,
}

/// What an alert is about. An aspect that does not matter is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subject {
    kind: Option<String>,
    class: Option<String>,
    zone: Option<String>,
    track: Option<u64>,
}

impl Subject {
    /// What `alert` is about in the aspects for which `matters` holds.
    pub(crate) fn of(alert: &Alert, matters: impl Fn(Aspect) -> bool) -> Self {
        Self {
            kind: matters(Aspect::Kind).then(|| alert.kind.clone()),
            class: matters(Aspect::Class).then(|| alert.class.clone()),
            zone: alert.zone.clone().filter(|_| matters(Aspect::Zone)),
            track: alert.detection.track.filter(|_| matters(Aspect::Track)),
        }
    }
}
