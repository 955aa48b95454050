//! The command line, taken apart by hand: a parser would take longer to build than everything
//! else here together.

use std::collections::VecDeque;

use anyhow::{Context, Result, bail};

/// What is left of the command line.
pub(crate) struct Arguments(VecDeque<String>);

impl Arguments {
    pub(crate) fn from_environment() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    /// Takes the first word.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.0.pop_front()
    }

    /// Whether `--help` or `-h` is among the words before a `--`.
    pub(crate) fn wants_help(&self) -> bool {
        self.0
            .iter()
            .take_while(|word| *word != "--")
            .any(|word| word == "--help" || word == "-h")
    }

    /// Takes the flag `name` out, wherever it stands.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes the option `name` and its value out, as `name value` or `name=value`.
    pub(crate) fn option(&mut self, name: &str) -> Result<Option<String>> {
        let with_equals = format!("{name}=");
        let is_it = |word: &String| word == name || word.starts_with(&with_equals);
        let Some(at) = self.0.iter().position(is_it) else {
            return Ok(None);
        };
        let word = self.0.remove(at).unwrap_or_default();
        if let Some(value) = word.strip_prefix(&with_equals) {
            return Ok(Some(value.to_owned()));
        }
        let value = self.0.remove(at);
        value
            .map(Some)
            .with_context(|| format!("{name} needs a value"))
    }

    /// Everything that is left.
    pub(crate) fn rest(self) -> Vec<String> {
        self.0.into()
    }

    /// Fails when a word is left that nobody asked for.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0.front() {
            None => Ok(()),
            Some(word) => bail!("'{word}' is not expected here; see `cargo xtask help`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn flags_and_options_are_taken_wherever_they_stand() {
        let mut given = arguments("--json hop --filter rtsp --for=demo");
        assert!(given.flag("--json") && !given.flag("--json"));
        assert_eq!(given.option("--filter").unwrap().unwrap(), "rtsp");
        assert_eq!(given.option("--for").unwrap().unwrap(), "demo");
        assert_eq!(given.rest(), ["hop"]);
    }

    #[test]
    fn what_nobody_asked_for_is_an_error() {
        assert!(arguments("--filter").option("--filter").is_err());
        assert!(arguments("--jsn").finish().is_err());
    }
}
