//! The terminal while a table is on it: its other screen, without a cursor and without lines
//! that wrap. It gets back what was there, however this ends.

use std::io::{IsTerminal, Stdout, Write, stdout};

/// Other screen, no cursor, no wrapping.
const OPEN: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const CLOSE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Where the system does not say how high the terminal is.
const USUAL_ROWS: u16 = 24;

pub(super) struct Screen {
    output: Stdout,
}

impl Screen {
    /// None where standard output is no terminal.
    pub(super) fn open() -> Option<Self> {
        let mut output = stdout();
        if !output.is_terminal() {
            return None;
        }
        write!(output, "{OPEN}").ok()?;
        Some(Self { output })
    }

    /// Draws `lines` over what is there, as many as fit.
    pub(super) fn show(&mut self, lines: &[String]) {
        let rows = terminal_size::terminal_size().map_or(USUAL_ROWS, |(_, rows)| rows.0);
        // A terminal that cannot be written to has nobody in front of it.
        let _ = self
            .output
            .write_all(drawing(lines, usize::from(rows)).as_bytes());
        let _ = self.output.flush();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = write!(self.output, "{CLOSE}");
        let _ = self.output.flush();
    }
}

/// From the top left, each line to its end, and nothing below: without a moment in which the
/// screen is empty.
fn drawing(lines: &[String], rows: usize) -> String {
    let shown: Vec<&str> = lines.iter().take(rows).map(String::as_str).collect();
    format!("\x1b[H{}\x1b[K\x1b[J", shown.join("\x1b[K\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        let lines = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(drawing(&lines, 2), "\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J");
    }
}
