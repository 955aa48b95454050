//! The main job on what the repository ships: its clip, its model, its flow.

use std::time::Duration;

use agave_tests::{Agave, Truth, flow, repository};
use anyhow::Result;

#[test]
fn the_demo_reports_what_is_in_its_clip() -> Result<()> {
    let truth = repository().join("models/yolov8n_pina/demo/truth.yaml");
    let truth = Truth::of_rendered_clip(&truth)?;
    assert!(
        !truth.incidents.is_empty(),
        "a demo without an incident shows nothing"
    );

    let outcome = Agave::run(&flow("demo.yaml"), &[])?.finish(Duration::from_secs(120))?;
    truth.compare(&outcome.alerts)
}
