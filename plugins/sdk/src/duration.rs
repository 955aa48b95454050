//! Durations in a plugin's configuration are written as in the rest of the flow file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A duration such as `500ms`, `1.5s`, `2m` or `1h` in a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(std::time::Duration);

impl Duration {
    /// For defaults: so many milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(std::time::Duration::from_millis(milliseconds))
    }

    /// The unit of the contract's timestamps.
    pub fn as_nanos(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }

    /// The unit of the contract's time limits.
    pub fn as_millis(self) -> u32 {
        u32::try_from(self.0.as_millis()).unwrap_or(u32::MAX)
    }

    fn parse(text: &str) -> Option<Self> {
        let unit_at = text.find(|character: char| character.is_ascii_alphabetic())?;
        let (number, unit) = text.split_at(unit_at);
        let number: f64 = number.trim().parse().ok()?;
        let seconds = match unit {
            "ms" => number / 1e3,
            "s" => number,
            "m" | "min" => number * 60.0,
            "h" => number * 3600.0,
            _ => return None,
        };
        std::time::Duration::try_from_secs_f64(seconds)
            .ok()
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(text.trim())
            .ok_or_else(|| D::Error::custom("expected a duration such as 500ms, 1.5s, 2m or 1h"))
    }
}

/// As it would be written, so that a default shows up in the schema.
impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let milliseconds = self.0.as_millis();
        if milliseconds.is_multiple_of(1000) {
            serializer.collect_str(&format_args!("{}s", milliseconds / 1000))
        } else {
            serializer.collect_str(&format_args!("{milliseconds}ms"))
        }
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|min|h)$",
            "description": "A duration such as 500ms, 1.5s, 2m or 1h",
            "examples": ["500ms", "1.5s"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_flow_file_reads() {
        let read = |text: &str| serde_json::from_value::<Duration>(text.into()).ok();
        assert_eq!(read("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(read("2m"), Some(Duration::from_millis(120_000)));
        assert_eq!(read("5"), None);
        assert_eq!(read("-1s"), None);
        let written = |milliseconds| serde_json::to_value(Duration::from_millis(milliseconds));
        assert_eq!(written(30_000).unwrap(), "30s");
        assert_eq!(written(1500).unwrap(), "1500ms");
    }
}
