//! Clips that nobody here made, with a detector that nobody here trained, read as fast as
//! possible: exactly the incidents that a person sees in them.

use std::time::Duration;

use agave_tests::{Agave, Truth, flow, test_data};
use anyhow::Result;

/// What the slower of the two may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

fn compare(flow_file: &str, clip: &str, incidents: usize) -> Result<()> {
    let Some(data) = test_data() else {
        return Ok(());
    };
    let truth = Truth::of_real_clip(&data.join("truth.yaml"), clip)?;
    assert_eq!(truth.incidents.len(), incidents);
    let outcome = Agave::run(&flow(flow_file), &[])?.finish(LIMIT)?;
    truth.compare(&outcome.alerts)
}

#[test]
fn bottles_on_a_table_are_three_incidents() -> Result<()> {
    compare("bottle.yaml", "bottle-detection.mp4", 3)
}

#[test]
fn people_at_a_table_are_six_incidents() -> Result<()> {
    compare("person.yaml", "one-by-one-person-detection.mp4", 6)
}
