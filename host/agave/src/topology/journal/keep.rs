//! How much of the past a journal keeps. What an adapter has not settled is kept in any case.

use std::time::Duration;

/// The last alerts, as long as all three hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Since they were written.
    pub(crate) time: Duration,
    pub(crate) alerts: u64,
    /// Of the file, with everything that is in it.
    pub(crate) bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30 * 24 * 3600),
            alerts: 100_000,
            bytes: 1 << 30,
        }
    }
}

/// Reads a size as people write it: `500MiB`, `2GiB`.
///
/// # Errors
/// A sentence that says what was expected.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let read = units.iter().find_map(|(unit, factor)| {
        let number = text.trim().strip_suffix(unit)?.trim();
        number.parse::<u64>().ok()?.checked_mul(*factor)
    });
    read.ok_or_else(|| format!("`{text}` is not a size such as 500MiB or 2GiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(parse_size("500MiB"), Ok(500 << 20));
        assert_eq!(parse_size(" 2 GiB"), Ok(2 << 30));
        for none in ["", "2", "2GB", "-1GiB", "1.5GiB", "99999999999GiB"] {
            assert!(parse_size(none).is_err(), "{none}");
        }
    }
}
