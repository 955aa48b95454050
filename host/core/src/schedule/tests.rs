use super::*;

fn schedule(text: &str, zone: &str) -> Schedule {
    Schedule::parse(text, zone).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(rfc3339: &str) -> Timestamp {
    let time: jiff::Timestamp = rfc3339.parse().unwrap_or_else(|error| panic!("{error}"));
    Timestamp(u64::try_from(time.as_nanosecond()).unwrap_or_default())
}

/// The 1st of June 2026 is a Monday.
fn check(text: &str, zone: &str, answers: &[(&str, bool)]) {
    let schedule = schedule(text, zone);
    for &(time, active) in answers {
        assert_eq!(schedule.is_active(at(time)), active, "{text} at {time}");
        // Once more, from what is remembered.
        assert_eq!(schedule.is_active(at(time)), active, "{text} at {time}");
    }
}

#[test]
fn hours_of_some_days() {
    check(
        "Mon-Fri 06:00-22:00, Sat 08:00-12:00",
        "UTC",
        &[
            ("2026-06-01T05:59:59.999Z", false),
            ("2026-06-01T06:00:00Z", true),
            ("2026-06-05T21:59:59.999999999Z", true),
            ("2026-06-05T22:00:00Z", false),
            ("2026-06-06T07:00:00Z", false),
            ("2026-06-06T08:00:00Z", true),
            ("2026-06-06T12:00:00Z", false),
            ("2026-06-07T10:00:00Z", false),
        ],
    );
}

#[test]
fn over_midnight_belongs_to_the_day_on_which_it_begins() {
    check(
        "Sun 22:00-06:00",
        "UTC",
        &[
            ("2026-06-07T05:00:00Z", false),
            ("2026-06-07T21:59:00Z", false),
            ("2026-06-07T22:00:00Z", true),
            ("2026-06-08T00:00:00Z", true),
            ("2026-06-08T05:59:59Z", true),
            ("2026-06-08T06:00:00Z", false),
            ("2026-06-08T23:00:00Z", false),
        ],
    );
}

#[test]
fn hours_are_those_of_the_time_zone() {
    check(
        "daily 06:00-24:00",
        "Europe/Berlin",
        &[
            ("2026-06-01T03:59:59Z", false),
            ("2026-06-01T04:00:00Z", true),
            ("2026-01-05T04:00:00Z", false),
            ("2026-01-05T05:00:00Z", true),
            ("2026-01-05T22:59:59Z", true),
            ("2026-01-05T23:00:00Z", false),
        ],
    );
    check(
        "06:00-07:00",
        "Asia/Kathmandu",
        &[
            ("2026-06-01T00:15:00Z", true),
            ("2026-06-01T00:14:59Z", false),
        ],
    );
}

/// In Berlin the clocks go from 02:00 to 03:00 on the 29th of March 2026, and from 03:00 back to
/// 02:00 on the 25th of October.
#[test]
fn the_clock_on_the_wall_decides_when_the_clocks_are_changed() {
    check(
        "Sun 02:15-02:45",
        "Europe/Berlin",
        &[
            // 01:59 and then 03:00: these hours do not come.
            ("2026-03-29T00:59:59Z", false),
            ("2026-03-29T01:00:00Z", false),
            ("2026-03-29T01:30:00Z", false),
            // They come twice.
            ("2026-10-25T00:15:00Z", true),
            ("2026-10-25T00:45:00Z", false),
            ("2026-10-25T01:15:00Z", true),
            ("2026-10-25T01:45:00Z", false),
        ],
    );
    check(
        "Sat 22:00-06:00",
        "Europe/Berlin",
        &[
            ("2026-03-28T21:00:00Z", true),
            ("2026-03-29T03:59:59Z", true),
            ("2026-03-29T04:00:00Z", false),
            ("2026-10-25T04:59:59Z", true),
            ("2026-10-25T05:00:00Z", false),
        ],
    );
}

/// Minute for minute through a year, against the calendar of another implementation.
#[test]
fn a_year_in_a_zone_that_changes_its_clocks_at_midnight() {
    let schedule = schedule(
        "Mon-Fri 08:30-17:15; Sat-Sun 23:00-01:30",
        "America/Santiago",
    );
    let zone = TimeZone::get("America/Santiago").unwrap_or(TimeZone::UTC);
    let mut time = at("2026-01-01T00:00:30Z");
    let end = at("2027-01-01T00:00:00Z");
    while time < end {
        let instant = jiff::Timestamp::from_nanosecond(i128::from(time.0));
        let local = zone.to_datetime(instant.unwrap_or_default());
        let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let day = local.weekday().to_monday_one_offset();
        let yesterday = if day == 1 { 7 } else { day - 1 };
        let expected = (day <= 5 && (510..1035).contains(&minutes))
            || (day >= 6 && minutes >= 1380)
            || (yesterday >= 6 && minutes < 90);
        assert_eq!(schedule.is_active(time), expected, "{time} is {local}");
        time = Timestamp(time.0 + NANOSECONDS_A_MINUTE);
    }
}

#[test]
fn two_that_mean_the_same_are_equal() {
    let same = |a: &str, b: &str| schedule(a, "UTC") == schedule(b, "UTC");
    assert!(same("Mon-Sun 06:00-22:00", "06:00-22:00"));
    assert!(same("daily 6:00 - 22:00", "06:00–22:00"));
    assert!(same("Mon, Tue 06:00-22:00", "Monday-tuesday 06:00-22:00"));
    assert!(same("Mon 06:00-12:00; Mon 12:00-18:00", "MON 06:00-18:00"));
    assert!(same("Sun 22:00-02:00", "Mon 00:00-02:00, Sun 22:00-24:00"));
    assert!(same("Fri-Mon 08:00-09:00", "Sat-Mon Fri 08:00-09:00"));
    assert!(!same("Mon 06:00-22:00", "Tue 06:00-22:00"));
    assert!(schedule("06:00-22:00", "UTC") != schedule("06:00-22:00", "Europe/Berlin"));
    assert!(schedule("06:00-22:00", "europe/berlin") == schedule("06:00-22:00", "Europe/Berlin"));
}

#[test]
fn what_could_mean_two_things_is_refused() {
    let error = |text: &str| match Schedule::parse(text, "UTC") {
        Err(error) => error.to_string(),
        Ok(schedule) => panic!("{text} is read as {:?}", schedule.hours),
    };
    for (text, message) in [
        ("", "no hours are given"),
        (" , ", "no hours are given"),
        ("Mon-Fri", "`Mon-Fri` has no hours"),
        ("Mon-Fri 06:00-22:00, Sat", "`Sat` has no hours"),
        (
            "Mon-Fri 06:00-12:00, 13:00-18:00",
            "`13:00-18:00` does not say on which days, and other parts do",
        ),
        ("Mon-Fri 06:00-25:00", "`25:00` is not a time of day"),
        ("24:00-06:00", "`24:00` is not a time of day"),
        ("06:00-06:60", "`06:60` is not a time of day"),
        ("6-22", "`6` is not a time of day"),
        ("06:00-06:00", "`06:00-06:00` begins when it ends"),
        ("Mo-Fr 06:00-22:00", "`Mo-Fr` is neither a day nor hours"),
        ("always", "`always` is neither a day nor hours"),
        ("Mon 06:00", "`06:00` is neither a day nor hours"),
    ] {
        assert_eq!(error(text), message, "{text}");
    }
    let zone = Schedule::parse("06:00-22:00", "Europe/Berlni");
    assert_eq!(
        zone,
        Err(ScheduleError::UnknownTimeZone("Europe/Berlni".to_owned()))
    );
    assert!(time_zones().iter().any(|zone| zone == "Europe/Berlin"));
}
