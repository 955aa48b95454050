//! How often the same thing has begun of late.

use std::collections::VecDeque;

use agave_vision_sdk::prelude::*;

/// More kinds, classes and zones than one camera has.
const MOST_THINGS: usize = 1000;

/// How often is too often.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    /// So many incidents, the last of which matters more.
    #[schemars(range(min = 2, max = 100))]
    pub times: u32,
    /// From the beginning of the first to that of the last.
    pub within: Duration,
}

/// When incidents began.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct History {
    things: Vec<Thing>,
}

/// Incidents that count as the same again.
#[derive(Debug, Serialize, Deserialize)]
struct Thing {
    kind: String,
    class: String,
    zone: Option<String>,
    /// The oldest first.
    begun: VecDeque<Timestamp>,
}

impl Thing {
    fn is_of(&self, alert: &Alert) -> bool {
        (&self.kind, &self.class, &self.zone) == (&alert.kind, &alert.class, &alert.zone)
    }
}

impl History {
    /// Notes that `alert` begins an incident. Gives how many of its like have begun within the
    /// time that matters, this one included, as far as that matters.
    pub(crate) fn note(&mut self, alert: &Alert, repeats: &Repeats) -> usize {
        let index = self.things.iter().position(|thing| thing.is_of(alert));
        let mut thing = match index {
            Some(index) => self.things.remove(index),
            None => Thing {
                kind: alert.kind.clone(),
                class: alert.class.clone(),
                zone: alert.zone.clone(),
                begun: VecDeque::new(),
            },
        };
        thing.begun.push_back(alert.at);
        let since = alert.at.saturating_sub(repeats.within.as_nanos());
        thing.begun.retain(|&begun| begun >= since);
        while thing.begun.len() > repeats.times as usize {
            thing.begun.pop_front();
        }
        let times = thing.begun.len();
        if self.things.len() >= MOST_THINGS {
            // The one of which nothing has been heard for longest.
            self.things.remove(0);
        }
        self.things.push(thing);
        times
    }
}
