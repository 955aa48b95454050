//! At which hours something is active: `Mon-Fri 06:00-22:00`, as the clocks of a time zone show
//! it. The clock on the wall decides, so on the night on which an hour comes twice it counts
//! twice, and on the night on which one is left out it does not count.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;

use crate::Timestamp;

mod parse;

pub use parse::ScheduleError;

const MINUTES_A_DAY: u16 = 24 * 60;
const MINUTES_A_WEEK: u16 = 7 * MINUTES_A_DAY;
const NANOSECONDS_A_MINUTE: u64 = 60_000_000_000;

/// Hours of the week in a time zone. Two are equal when they mean the same hours.
pub struct Schedule {
    text: String,
    zone: TimeZone,
    zone_name: String,
    /// Minutes since Monday, 00:00: from, to. In order, and they do not touch each other.
    hours: Vec<(u16, u16)>,
    recent: Recent,
}

impl Schedule {
    /// Reads hours as people write them, on the clocks of the time zone with this IANA name.
    ///
    /// Parts stand between `,` or `;`, and each is days and hours: `Mon-Fri 06:00-22:00, Sat
    /// 08:00-12:00`. Several days share their hours: `Mon, Wed 06:00-22:00`. Hours without days,
    /// or with `daily`, are for all days. `22:00-06:00` goes over midnight and belongs to the day
    /// on which it begins.
    ///
    /// # Errors
    /// What is wrong, and with which part of the text.
    pub fn parse(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        let found =
            TimeZone::get(zone).map_err(|_| ScheduleError::UnknownTimeZone(zone.to_owned()))?;
        Ok(Self {
            text: text.trim().to_owned(),
            zone_name: found.iana_name().unwrap_or(zone).to_owned(),
            zone: found,
            hours: parse::hours(text)?,
            recent: Recent::default(),
        })
    }

    /// Whether the clocks show one of its hours at `at`. Cheap enough for every frame.
    pub fn is_active(&self, at: Timestamp) -> bool {
        let minute = at.0 / NANOSECONDS_A_MINUTE;
        if let Some(active) = self.recent.get(minute) {
            return active;
        }
        let Ok(instant) = jiff::Timestamp::from_nanosecond(i128::from(at.0)) else {
            return false;
        };
        let offset = self.zone.to_offset(instant);
        let local = offset.to_datetime(instant);
        let day = u16::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
        let hour = u16::try_from(local.hour()).unwrap_or_default();
        let past = u16::try_from(local.minute()).unwrap_or_default();
        let now = day * MINUTES_A_DAY + hour * 60 + past;
        let active = self
            .hours
            .iter()
            .any(|&(from, to)| (from..to).contains(&now));
        // Long ago some clocks were not whole minutes apart.
        if offset.seconds() % 60 == 0 {
            self.recent.set(minute, active);
        }
        active
    }

    /// The hours, as they were written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The IANA name of the time zone.
    pub fn time_zone(&self) -> &str {
        &self.zone_name
    }
}

/// The IANA names of all time zones.
pub fn time_zones() -> Vec<String> {
    jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect()
}

/// The IANA name of the time zone of a city: many know the city and not the continent.
pub fn time_zone_of_city(city: &str) -> Option<String> {
    let is_its = |name: &String| {
        let last = name.rsplit('/').next().unwrap_or_default();
        last.eq_ignore_ascii_case(city)
    };
    time_zones().into_iter().find(is_its)
}

impl Clone for Schedule {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            zone: self.zone.clone(),
            zone_name: self.zone_name.clone(),
            hours: self.hours.clone(),
            recent: Recent::default(),
        }
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.hours == other.hours && self.zone_name == other.zone_name
    }
}

impl Eq for Schedule {}

/// `Mon-Fri 06:00-22:00 (Europe/Berlin)`.
impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.text, self.zone_name)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Schedule({self})")
    }
}

/// The last answer: within a minute there is one, and frames come many in a minute.
#[derive(Default)]
struct Recent(AtomicU64);

impl Recent {
    const KNOWN: u64 = 0b10;
    const ACTIVE: u64 = 0b01;

    fn get(&self, minute: u64) -> Option<bool> {
        // One number holds minute and answer, so nothing else has to be in step with it.
        let recent = self.0.load(Ordering::Relaxed);
        let is_this_minute = recent >> 2 == minute && recent & Self::KNOWN != 0;
        is_this_minute.then_some(recent & Self::ACTIVE != 0)
    }

    fn set(&self, minute: u64, active: bool) {
        let recent = minute << 2 | Self::KNOWN | u64::from(active);
        self.0.store(recent, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
