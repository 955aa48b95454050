//! Before a changed flow runs, its plugins are tried on what the cameras have just seen, beside
//! the flow and on instances of their own. What fails there never gets to run.

use std::sync::Arc;

use super::chain::{Chain, Seen};
use super::exchange::ChainPlan;
use super::lane::Lane;
use super::step::Step;
use super::taps::Taps;

/// Why a changed flow does not get to run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Preflight {
    #[error(
        "node '{node}', camera '{camera}': tried on what the camera saw last, the plugin {failure}"
    )]
    Failed {
        node: String,
        camera: String,
        failure: String,
    },
    #[error(
        "node '{node}', camera '{camera}': it does not go on from where the one before is: the plugin {failure}"
    )]
    State {
        node: String,
        camera: String,
        failure: agave_plugin::Failure,
    },
}

/// Runs `trial`, a plan of nothing but new steps, over the last frames of `lane`; then shows its
/// plugins what those that run remember. Only what happens in `changed` counts: what runs
/// already may fail as it does.
///
/// The frames come first, and to plugins that remember nothing: those that run have seen these
/// frames, so to go on from there would be to go back in time.
pub(super) fn fly(lane: &Lane, trial: ChainPlan, changed: &[String]) -> Result<(), Preflight> {
    let camera = trial.stream.camera.clone();
    let frames: Vec<Seen> = lane.with_chain(|chain| chain.recent.iter().cloned().collect());
    let mut chain = Chain::new(trial, Arc::<Taps>::default());
    for seen in frames {
        // Nobody is to hear of it.
        let _ = chain.run(seen);
        let failed = chain.steps.iter().find_map(|step| {
            let failure = step.work.plugin()?.last_failure()?.said.clone();
            changed
                .contains(&step.name)
                .then(|| (step.name.clone(), failure))
        });
        if let Some((node, failure)) = failed {
            return Err(Preflight::Failed {
                node,
                camera,
                failure,
            });
        }
    }
    let steps = chain.steps.iter_mut();
    let candidates = steps.filter(|step| changed.contains(&step.name));
    lane.with_chain(|running| try_on(candidates, running))
}

/// Restores what the running steps remember.
fn try_on<'s>(
    candidates: impl Iterator<Item = &'s mut Step>,
    running: &Chain,
) -> Result<(), Preflight> {
    for step in candidates {
        let before = running.steps.iter().find(|one| one.name == step.name);
        let before = before.and_then(|before| before.work.plugin());
        let (Some(candidate), Some(before)) = (step.work.plugin_mut(), before) else {
            continue;
        };
        if candidate.role() != before.role() {
            continue;
        }
        candidate
            .try_on(before)
            .map_err(|failure| Preflight::State {
                node: step.name.clone(),
                camera: running.stream.camera.clone(),
                failure,
            })?;
    }
    Ok(())
}
