//! At which hours a node works, on the clocks of the flow's time zone.

use agave_core::{Schedule, ScheduleError, time_zone_of_city, time_zones};

use super::Context;
use crate::{Code, conform, suggest, tree};

const UTC: &str = "UTC";

/// Checks the time zone, whether or not anything has hours; and whether one is given, where
/// anything has.
pub(super) fn check_time_zone(cx: &mut Context<'_, '_>) {
    let Some(zone) = &cx.spec().time_zone else {
        if !cx.conforming.is_damaged("/time-zone") {
            warn_of_utc(cx);
        }
        return;
    };
    // Any hours will do to ask whether there is such a zone.
    if let Err(error @ ScheduleError::UnknownTimeZone(_)) = Schedule::parse("00:00-24:00", zone) {
        let zones = time_zones();
        let help = match suggest::closest(zone, zones.iter().map(String::as_str)) {
            Some(meant) if time_zone_of_city(zone).is_none() => format!("did you mean '{meant}'?"),
            _ => error.help(),
        };
        let message = format!("there is no time zone '{zone}'");
        cx.problem(Code::UnknownTimeZone, "/time-zone", message, Some(help));
    }
}

/// Says it once, where hours are written first.
fn warn_of_utc(cx: &mut Context<'_, '_>) {
    let nodes = &cx.spec().nodes.0;
    let hours = nodes.iter().filter(|(_, node)| node.active.is_some());
    let places = hours.map(|(name, _)| {
        let at = tree::join(&tree::join("/nodes", name), "active");
        cx.tree().place(&at)
    });
    if let Some(first) = places.min() {
        let message = "these hours are in UTC: the flow does not say its time zone";
        let help = "add `time-zone: Europe/Berlin` beside `name`, or `time-zone: UTC`";
        cx.report.add(Code::NoTimeZone, first, message, [help]);
    }
}

/// The hours of a node. `pointer` is the node's. `None` when they are wrong.
pub(super) fn resolve(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    active: Option<&str>,
) -> Option<Option<Schedule>> {
    let Some(active) = active else {
        return Some(None);
    };
    let at = tree::join(pointer, "active");
    let zone = cx.spec().time_zone.as_deref();
    match Schedule::parse(active, zone.unwrap_or(UTC)) {
        Ok(schedule) => Some(Some(schedule)),
        // It has been reported where it stands. The hours can still be wrong, too.
        Err(ScheduleError::UnknownTimeZone(_)) => match Schedule::parse(active, UTC) {
            Ok(_) => None,
            Err(error) => wrong(cx, &at, &error),
        },
        Err(error) => wrong(cx, &at, &error),
    }
}

fn wrong(cx: &mut Context<'_, '_>, at: &str, error: &ScheduleError) -> Option<Option<Schedule>> {
    let message = format!("{}: {error}", conform::subject(at));
    let part = error.part().unwrap_or_default();
    cx.problem_within(Code::BadSchedule, at, part, message, Some(error.help()));
    None
}
