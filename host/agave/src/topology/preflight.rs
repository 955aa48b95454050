//! Before a changed flow runs, its plugins are tried on what the cameras have just seen, beside
//! the flow and on instances of their own. What fails there never gets to run.

use std::sync::Arc;

use agave_core::AlertReport;

use super::chain::{AlertSink, Chain, Seen};
use super::exchange::{ChainPlan, Part, StepPlan};
use super::lane::Lane;
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

struct Nobody;

impl AlertSink for Nobody {
    fn alert(&self, _: &str, _: &AlertReport) {}
}

/// Runs `trial`, a plan of nothing but new steps, over the last frames of `lane`. Only what
/// happens in `changed` counts: what runs already may fail as it does.
pub(super) fn fly(lane: &Lane, mut trial: ChainPlan, changed: &[String]) -> Result<(), Preflight> {
    let frames = lane.with_chain(|chain| {
        for StepPlan { name, part, .. } in &mut trial.steps {
            let running = chain.steps.iter().find(|step| step.name == *name);
            let (Part::New(work), Some(running)) = (part, running) else {
                continue;
            };
            let (Some(candidate), Some(running)) = (work.plugin_mut(), running.work.plugin())
            else {
                continue;
            };
            if candidate.role() == running.role()
                && let Err(failure) = candidate.try_on(running)
                && changed.contains(name)
            {
                return Err(Preflight::State {
                    node: name.clone(),
                    camera: chain.stream.camera.clone(),
                    failure,
                });
            }
        }
        Ok(chain.recent.iter().cloned().collect::<Vec<Seen>>())
    })?;
    let camera = trial.stream.camera.clone();
    let mut chain = Chain::new(trial, Arc::new(Nobody), Arc::<Taps>::default());
    for seen in frames {
        chain.run(seen);
        let failed = chain.steps.iter().find_map(|step| {
            let failure = step.work.plugin()?.last_failure()?.to_owned();
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
    Ok(())
}
