//! Clips that nobody here made, with a detector that nobody here trained, read as fast as
//! possible: exactly the incidents that a person sees in them.

use std::time::Duration;

use agave_tests::{Agave, Truth, begins, flow, test_data};
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

/// With a tracker in the flow they are the same incidents, and each is about one thing: the
/// people come one at a time.
#[test]
fn people_at_a_table_have_tracks() -> Result<()> {
    let Some(data) = test_data() else {
        return Ok(());
    };
    let untracked = "  zoned: { plugin: roi, from: detect }\n";
    let tracked =
        "  tracked: { plugin: track, from: detect }\n  zoned: { plugin: roi, from: tracked }\n";
    let text = std::fs::read_to_string(flow("person.yaml"))?;
    assert!(text.contains(untracked));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("tracked.yaml");
    std::fs::write(&file, text.replace(untracked, tracked))?;
    let outcome = Agave::run(&file, &[])?.finish(LIMIT)?;
    let truth = Truth::of_real_clip(&data.join("truth.yaml"), "one-by-one-person-detection.mp4")?;
    truth.compare(&outcome.alerts)?;
    let tracks: Vec<Option<u64>> = begins(&outcome.alerts)
        .iter()
        .map(|alert| alert.line["track"].as_u64())
        .collect();
    assert_eq!(tracks.len(), 6);
    let numbers: std::collections::BTreeSet<&Option<u64>> = tracks.iter().collect();
    assert!(!numbers.contains(&None) && numbers.len() == 6, "{tracks:?}");
    Ok(())
}
