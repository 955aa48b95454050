//! The lines that a plugin writes while it is tested, kept instead of printed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

const MOST_LINES: usize = 10_000;

/// A line with its level in front: `INFO object is steady`.
type Lines = Arc<Mutex<Vec<String>>>;

/// Runs `work` and gives what it returns, with the lines that plugins wrote on this thread.
pub(crate) fn captured<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(Capture(Arc::clone(&lines)));
    let result = tracing::subscriber::with_default(subscriber, work);
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    (result, lines)
}

struct Capture(Lines);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // What the host says of itself names no node.
        if !fields.of_a_node {
            return;
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST_LINES {
            lines.push(format!("{} {}", event.metadata().level(), fields.message));
        }
    }
}

#[derive(Default)]
struct Fields {
    of_a_node: bool,
    message: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "node" => self.of_a_node = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::captured;

    #[test]
    fn only_lines_of_nodes_are_kept() {
        let ((), lines) = captured(|| {
            tracing::info!(node = "a", "object is steady");
            tracing::info!("the host has begun");
            tracing::debug!(node = "a", camera = Some("gate"), "{}", "more");
        });
        assert_eq!(lines, ["INFO object is steady", "DEBUG more"]);
    }
}
