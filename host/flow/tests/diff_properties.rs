//! For any two flows: what is different between them, done to the first, gives the second; and how
//! a flow is written is no difference. The flows are written and edited at random, the same ones on
//! every run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod chance;
mod sketch;
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use agave_flow::diff::{Change, Instances, Source, State};
use agave_flow::{Changes, Flow, FlowText, diff, load};
use chance::Chance;
use sketch::Sketch;
use world::World;

const ROUNDS: usize = 60;
const EDITS: usize = 60;

fn flow(yaml: &str) -> Flow {
    let text = FlowText::from_bytes(Path::new("flows/random.yaml"), yaml.into()).unwrap();
    let (flow, diagnostics) = load(&text, &[], &World);
    flow.unwrap_or_else(|| panic!("{diagnostics}{yaml}"))
}

#[test]
fn a_difference_applied_gives_the_other_flow() {
    let mut chance = Chance(0x5eed_0001);
    let mut different = 0;
    for _ in 0..ROUNDS {
        let mut sketch = Sketch::random(&mut chance);
        let first = flow(&sketch.written(&mut chance));
        let mut before = first.clone();
        for _ in 0..EDITS {
            sketch.edit(&mut chance);
            let yaml = sketch.written(&mut chance);
            let after = flow(&yaml);
            let changes = diff(&before, &after);
            assert_eq!(changes.apply(&before), after, "{changes}{yaml}");
            assert_eq!(changes.is_empty(), before == after, "{changes}{yaml}");
            assert_eq!(
                diff(&after, &before).apply(&after),
                before,
                "{changes}{yaml}"
            );
            // Far apart, too.
            assert_eq!(diff(&first, &after).apply(&first), after, "{yaml}");
            check_effects(&changes, &before, &after);
            check_secrets(&changes);
            different += usize::from(!changes.is_empty());
            before = after;
        }
    }
    assert!(
        different > ROUNDS * EDITS / 2,
        "only {different} edits changed anything"
    );
}

#[test]
fn how_a_flow_is_written_is_no_difference() {
    let mut chance = Chance(0x5eed_0002);
    for _ in 0..1000 {
        let sketch = Sketch::random(&mut chance);
        let (one, other) = (sketch.written(&mut chance), sketch.written(&mut chance));
        let changes = diff(&flow(&one), &flow(&other));
        assert!(changes.is_empty(), "{changes}\n{one}\n{other}");
        let effects = changes.effects();
        assert!(
            effects
                .cameras
                .iter()
                .all(|one| one.source == Source::Stays)
        );
        let idle = |one: &Instances| *one == Instances::None;
        assert!(
            effects
                .nodes
                .iter()
                .all(|one| one.state == State::Kept && idle(&one.instances))
        );
    }
}

/// Every node and camera of either flow has one effect, and it is the one that its change has.
fn check_effects(changes: &Changes, before: &Flow, after: &Flow) {
    let nodes = |flow: &Flow| -> BTreeSet<String> {
        flow.nodes.iter().map(|node| node.name.clone()).collect()
    };
    let cameras = |flow: &Flow| -> BTreeSet<String> {
        flow.cameras
            .iter()
            .map(|camera| camera.name.clone())
            .collect()
    };
    let effects = changes.effects();
    let told: Vec<&String> = effects.nodes.iter().map(|effect| &effect.node).collect();
    let all = nodes(before)
        .union(&nodes(after))
        .cloned()
        .collect::<Vec<_>>();
    assert!(told.into_iter().eq(&all));
    let told: Vec<&String> = effects
        .cameras
        .iter()
        .map(|effect| &effect.camera)
        .collect();
    let all = cameras(before)
        .union(&cameras(after))
        .cloned()
        .collect::<Vec<_>>();
    assert!(told.into_iter().eq(&all));
    for effect in &effects.nodes {
        let was = nodes(before).contains(&effect.node);
        let is = nodes(after).contains(&effect.node);
        match effect.state {
            State::Kept | State::Reset => assert!(was && is, "{effect:?}"),
            State::New => assert!(!was && is, "{effect:?}"),
            State::Gone => assert!(was && !is, "{effect:?}"),
        }
    }
    for effect in &effects.cameras {
        let change = changes.cameras().get(&effect.camera);
        let fits = match effect.source {
            Source::Stays => matches!(change, None | Some(Change::Changed(_))),
            Source::Reconnects => matches!(change, Some(Change::Changed(_))),
            Source::New => change == Some(&Change::Added),
            Source::Gone => change == Some(&Change::Removed),
        };
        assert!(fits, "{effect:?} {change:?}");
    }
}

fn check_secrets(changes: &Changes) {
    let json = serde_json::to_string(changes).unwrap();
    let printed = format!("{changes}{changes:?}{json}");
    for secret in ["hunter2", "p@ss/word", "p%40ss"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
