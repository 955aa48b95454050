//! What is switched on, for whom and until when. It is kept where a restart finds it: nothing
//! stays on because somebody pulled a plug.

use std::collections::BTreeSet;

use agave_vision_sdk::prelude::*;

/// So many incidents can hold a switch; more are not remembered one by one.
const MOST_HOLDERS: usize = 1000;

/// A request that switches something off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Off {
    pub(crate) url: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Something that is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct On {
    pub(crate) off: Off,
    /// Nanoseconds since 1970.
    pub(crate) until: Timestamp,
    /// The incidents that hold it; it is off again when all of them are over.
    pub(crate) holders: BTreeSet<String>,
    /// It is off for as long as Agave does not run.
    #[serde(default)]
    pub(crate) rests: bool,
}

/// All that is on. What was switched with settings that have changed since is in it, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Switched(Vec<On>);

impl Switched {
    /// What `off` switches off is on from now on until `until`, or longer where it already was.
    pub(crate) fn on(&mut self, off: &Off, until: Timestamp, holder: Option<&str>) {
        let position = self.0.iter().position(|on| on.off == *off);
        let on = match position.and_then(|position| self.0.get_mut(position)) {
            Some(on) => on,
            None => {
                let holders = BTreeSet::new();
                let off = off.clone();
                self.0.push(On {
                    off,
                    until,
                    holders,
                    rests: false,
                });
                let Some(on) = self.0.last_mut() else { return };
                on
            }
        };
        on.until = on.until.max(until);
        on.rests = false;
        if let Some(holder) = holder.filter(|_| on.holders.len() < MOST_HOLDERS) {
            on.holders.insert(holder.to_owned());
        }
    }

    /// An incident is over: what nobody holds any more is due at `now`. Says whether that is so
    /// of `off`.
    pub(crate) fn release(&mut self, off: &Off, holder: &str, now: Timestamp) -> bool {
        let Some(on) = self.0.iter_mut().find(|on| on.off == *off) else {
            return false;
        };
        let held = on.holders.remove(holder);
        if held && on.holders.is_empty() {
            on.until = now;
        }
        on.until <= now
    }

    /// What has to be switched off at `now`.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Off> {
        let due = self.0.iter().filter(|on| on.until <= now);
        due.map(|on| on.off.clone()).collect()
    }

    /// Nobody holds anything any more, and all of it is due.
    pub(crate) fn release_all(&mut self, now: Timestamp) {
        for on in &mut self.0 {
            on.holders.clear();
            on.until = on.until.min(now);
        }
    }

    /// After a clock was set back nothing stays on for longer than `until`.
    pub(crate) fn no_longer_than(&mut self, until: Timestamp) {
        for on in &mut self.0 {
            on.until = on.until.min(until);
        }
    }

    /// When the next one has to be switched off.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.0.iter().map(|on| on.until).min()
    }

    /// What switches off everything that is on.
    pub(crate) fn all_on(&self) -> Vec<Off> {
        let on = self.0.iter().filter(|on| !on.rests);
        on.map(|on| on.off.clone()).collect()
    }

    /// It is off, because nobody will be there to switch it off. What incidents hold is on again
    /// when somebody is.
    pub(crate) fn rest(&mut self, off: &Off) {
        self.0.retain(|on| on.off != *off || !on.holders.is_empty());
        let mut rest = self.0.iter_mut();
        if let Some(on) = rest.find(|on| on.off == *off) {
            on.rests = true;
        }
    }

    /// What switches off everything that rests.
    pub(crate) fn resting(&self) -> Vec<Off> {
        let resting = self.0.iter().filter(|on| on.rests);
        resting.map(|on| on.off.clone()).collect()
    }

    /// It is about to be on again.
    pub(crate) fn wake(&mut self, off: &Off) {
        let mut resting = self.0.iter_mut();
        if let Some(on) = resting.find(|on| on.off == *off) {
            on.rests = false;
        }
    }

    /// It is off.
    pub(crate) fn off(&mut self, off: &Off) {
        self.0.retain(|on| on.off != *off);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(url: &str) -> Off {
        Off {
            url: url.to_owned(),
            content_type: "application/xml".to_owned(),
            body: String::new(),
        }
    }

    #[test]
    fn a_pulse_ends_by_itself_and_a_second_one_makes_it_longer() {
        let (mut switched, relay) = (Switched::default(), off("/1"));
        switched.on(&relay, 100, None);
        switched.on(&relay, 150, None);
        switched.on(&relay, 120, None);
        assert!(switched.due(149).is_empty());
        assert_eq!(switched.due(150), std::slice::from_ref(&relay));
        switched.off(&relay);
        assert!(switched.is_empty());
    }

    #[test]
    fn what_is_held_is_due_when_the_last_lets_go() {
        let (mut switched, relay) = (Switched::default(), off("/1"));
        switched.on(&relay, 1000, Some("a"));
        switched.on(&relay, 1000, Some("b"));
        assert!(!switched.release(&relay, "a", 10));
        assert!(!switched.release(&relay, "a", 10), "twice is once");
        assert!(!switched.release(&relay, "unknown", 10));
        assert!(switched.release(&relay, "b", 20));
        assert_eq!(switched.due(20), std::slice::from_ref(&relay));
        // Nobody let go, and it is due all the same.
        switched.on(&relay, 1000, Some("c"));
        assert_eq!(switched.due(1000), [relay]);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_leave_it_on() {
        let (mut switched, relay) = (Switched::default(), off("/1"));
        switched.on(&relay, 5000, Some("a"));
        switched.no_longer_than(110);
        assert!(switched.due(109).is_empty());
        assert_eq!(switched.due(110), std::slice::from_ref(&relay));
        switched.on(&relay, 5000, Some("a"));
        switched.release_all(7);
        assert_eq!(switched.due(7), [relay]);
    }

    #[test]
    fn two_switches_are_two() {
        let mut switched = Switched::default();
        switched.on(&off("/1"), 10, None);
        switched.on(&off("/2"), 20, None);
        assert_eq!(switched.due(15), [off("/1")]);
        assert!(!switched.release(&off("/3"), "a", 15));
    }
}
