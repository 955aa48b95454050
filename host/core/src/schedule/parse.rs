//! Reads the hours of a schedule. Where a text could be meant in two ways it is refused, in
//! words that say how to write either.

use super::{MINUTES_A_DAY, MINUTES_A_WEEK};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// More parts than a week has use for.
const MOST_PARTS: usize = 100;

/// Why a text is no schedule. `part` is the part of the text that it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// There is no time zone of that name.
    #[error("there is no time zone '{0}'")]
    UnknownTimeZone(String),
    /// Nothing is written.
    #[error("no hours are given")]
    Empty,
    /// More parts than a week has use for.
    #[error("there are more than {MOST_PARTS} parts")]
    TooLong,
    /// Neither a day nor hours.
    #[error("`{part}` is neither a day nor hours")]
    Unreadable {
        /// The word.
        part: String,
    },
    /// Days, and nothing that says when.
    #[error("`{part}` has no hours")]
    NoHours {
        /// The days.
        part: String,
    },
    /// Hours without days beside parts with days.
    #[error("`{part}` does not say on which days, and other parts do")]
    NoDays {
        /// The hours.
        part: String,
    },
    /// A time that no clock shows.
    #[error("`{part}` is not a time of day")]
    NoSuchTime {
        /// The time.
        part: String,
    },
    /// It begins when it ends.
    #[error("`{part}` begins when it ends")]
    NoLength {
        /// The hours.
        part: String,
    },
}

impl ScheduleError {
    /// The part of the text that it is about, if it is about one.
    pub fn part(&self) -> Option<&str> {
        match self {
            Self::UnknownTimeZone(_) | Self::Empty | Self::TooLong => None,
            Self::Unreadable { part }
            | Self::NoHours { part }
            | Self::NoDays { part }
            | Self::NoSuchTime { part }
            | Self::NoLength { part } => Some(part),
        }
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            Self::UnknownTimeZone(zone) => match super::time_zone_of_city(zone) {
                Some(meant) => format!("did you mean '{meant}'?"),
                None => "time zones have names such as `Europe/Berlin` or `UTC`".to_owned(),
            },
            Self::NoHours { part } => format!("for whole days write `{part} 00:00-24:00`"),
            Self::NoDays { part } => {
                format!("write the days before it, or `daily {part}` for all of them")
            }
            Self::NoLength { .. } => "for the whole day write `00:00-24:00`".to_owned(),
            Self::NoSuchTime { .. } => {
                "times go from `00:00` to `24:00`, with two digits for the minutes".to_owned()
            }
            Self::Empty | Self::TooLong | Self::Unreadable { .. } => {
                "write for example `Mon-Fri 06:00-22:00` or `Mon-Fri 06:00-22:00; Sat 08:00-12:00`"
                    .to_owned()
            }
        }
    }
}

/// Minutes of the week, in order and merged.
pub(super) fn hours(text: &str) -> Result<Vec<(u16, u16)>, ScheduleError> {
    let text = text.replace('–', "-");
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).collect();
    if parts.iter().all(|part| part.is_empty()) {
        return Err(ScheduleError::Empty);
    }
    if parts.len() > MOST_PARTS {
        return Err(ScheduleError::TooLong);
    }
    let mut found = Vec::new();
    // Days whose hours come with a later part, and whether any part, or none, says days.
    let mut waiting: Vec<usize> = Vec::new();
    let mut waiting_part = "";
    let mut without_days = None;
    let mut some_have_days = false;
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let (days_text, hours_text) = split(part);
        let days = days_text.map(days).transpose()?;
        some_have_days |= days.is_some();
        let Some(hours_text) = hours_text else {
            waiting.extend(days.unwrap_or_default());
            waiting_part = part;
            continue;
        };
        let (from, to) = hours_of_a_day(hours_text)?;
        let days = match days {
            Some(mut days) => {
                days.append(&mut waiting);
                days
            }
            None if !waiting.is_empty() => std::mem::take(&mut waiting),
            None => {
                without_days.get_or_insert(part);
                (0..DAYS.len()).collect()
            }
        };
        found.extend(days.into_iter().map(|day| (day, from, to)));
    }
    if !waiting.is_empty() {
        let part = waiting_part.to_owned();
        return Err(ScheduleError::NoHours { part });
    }
    if let Some(part) = without_days.filter(|_| some_have_days) {
        let part = part.to_owned();
        return Err(ScheduleError::NoDays { part });
    }
    Ok(merged(of_the_week(&found)))
}

/// The days and the hours of a part: hours begin with the first digit.
fn split(part: &str) -> (Option<&str>, Option<&str>) {
    let at = part.find(|character: char| character.is_ascii_digit());
    let (days, hours) = part.split_at(at.unwrap_or(part.len()));
    let some = |text: &'_ str| !text.is_empty();
    (
        Some(days.trim()).filter(|text| some(text)),
        Some(hours.trim()).filter(|text| some(text)),
    )
}

/// `Mon`, `Mon-Fri`, `Fri-Mon`, `Mon Wed`, `daily`.
fn days(text: &str) -> Result<Vec<usize>, ScheduleError> {
    let joined = text.replace(" -", "-").replace("- ", "-");
    let mut days = Vec::new();
    for word in joined.split_whitespace() {
        let unreadable = || ScheduleError::Unreadable {
            part: word.to_owned(),
        };
        if word.eq_ignore_ascii_case("daily") {
            days.extend(0..DAYS.len());
            continue;
        }
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let first = day(first).ok_or_else(unreadable)?;
        let last = day(last).ok_or_else(unreadable)?;
        let length = (last + DAYS.len() - first) % DAYS.len();
        days.extend((first..=first + length).map(|day| day % DAYS.len()));
    }
    Ok(days)
}

/// `Mon` or `Monday`, in any case.
fn day(word: &str) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    DAYS.iter()
        .position(|day| word == *day || (word.len() == 3 && day.starts_with(&word)))
}

/// `06:00-22:00` as minutes of the day; where it goes over midnight, the end is a day later.
fn hours_of_a_day(text: &str) -> Result<(u16, u16), ScheduleError> {
    let unreadable = || ScheduleError::Unreadable {
        part: text.to_owned(),
    };
    let (from, to) = text.split_once('-').ok_or_else(unreadable)?;
    let (from, to) = (from.trim(), to.trim());
    let no_such_time = |part: &str| ScheduleError::NoSuchTime {
        part: part.to_owned(),
    };
    let begin = minutes(from)
        .filter(|minutes| *minutes < MINUTES_A_DAY)
        .ok_or_else(|| no_such_time(from))?;
    let end = minutes(to).ok_or_else(|| no_such_time(to))?;
    if begin == end {
        let part = text.to_owned();
        return Err(ScheduleError::NoLength { part });
    }
    let end = if end < begin {
        end + MINUTES_A_DAY
    } else {
        end
    };
    Ok((begin, end))
}

/// `6:00`, `06:00`, `24:00`.
fn minutes(time: &str) -> Option<u16> {
    let (hour, minute) = time.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_time =
        matches!(hour.len(), 1 | 2) && minute.len() == 2 && digits(hour) && digits(minute);
    let hour: u16 = hour.parse().ok().filter(|_| is_time)?;
    let minute: u16 = minute.parse().ok().filter(|minute| *minute < 60)?;
    Some(hour * 60 + minute).filter(|minutes| *minutes <= MINUTES_A_DAY)
}

/// What goes over the end of the week goes on at its beginning.
fn of_the_week(hours: &[(usize, u16, u16)]) -> Vec<(u16, u16)> {
    let mut found = Vec::new();
    for &(day, from, to) in hours {
        let midnight = u16::try_from(day).unwrap_or_default() * MINUTES_A_DAY;
        let (from, to) = (midnight + from, midnight + to);
        found.push((from, to.min(MINUTES_A_WEEK)));
        if to > MINUTES_A_WEEK {
            found.push((0, to - MINUTES_A_WEEK));
        }
    }
    found
}

fn merged(mut hours: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    hours.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::new();
    for (from, to) in hours {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}
