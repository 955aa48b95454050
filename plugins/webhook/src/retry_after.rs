//! When a receiver wants to be asked again: `Retry-After` as seconds or as a date.

use std::time::SystemTime;

use agave_vision_sdk::clock;
use agave_vision_sdk::http::Response;

/// After how many milliseconds, where the receiver says it. A date that is over means now.
pub(crate) fn milliseconds(response: &Response) -> Option<u32> {
    let value = response.header("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return seconds.checked_mul(1000);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let date = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let now = clock::now() / 1_000_000;
    let wait = date.as_millis().saturating_sub(now.into());
    u32::try_from(wait).ok()
}

#[cfg(test)]
mod tests {
    use agave_vision_sdk::testing;

    use super::*;

    fn after(value: &str) -> Option<u32> {
        let mut response = testing::response(503, "");
        response
            .headers
            .push(("Retry-After".to_owned(), value.to_owned()));
        milliseconds(&response)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        // 1994-11-06 08:49:37, as in the standard.
        testing::set_clock(784_111_767.5);
        assert_eq!(after("7"), Some(7000));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(9500));
        assert_eq!(after("Sunday, 06-Nov-94 08:49:37 GMT"), Some(9500));
        assert_eq!(after("Sun Nov  6 08:49:37 1994"), Some(9500));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        assert_eq!(after("Sun, 06 Nov 2094 08:49:00 GMT"), None);
        assert_eq!(after("soon"), None);
        assert_eq!(after("99999999"), None);
    }
}
