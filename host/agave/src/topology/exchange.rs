//! A camera's part of the flow makes room for another, between two frames. What did not change
//! goes on as it is; what takes something's place goes on from what that remembers. Either all
//! of it happens or nothing.

use std::sync::Arc;
use std::time::Instant;

use agave_core::{Schedule, StreamInfo};
use agave_plugin::Failure;

use super::account::Account;
use super::chain::Chain;
use super::step::{Step, Work};
use super::taps::Taps;

/// What a camera's chain is to become.
pub(super) struct ChainPlan {
    pub(super) stream: StreamInfo,
    /// In calling order.
    pub(super) steps: Vec<StepPlan>,
}

/// What a step is to become.
pub(super) struct StepPlan {
    pub(super) name: String,
    /// Which earlier steps it reads.
    pub(super) inputs: Vec<usize>,
    pub(super) is_exit: bool,
    /// At which hours it works; none means always.
    pub(super) active: Option<Schedule>,
    pub(super) part: Part,
    /// What a new gate already holds back, from before a restart.
    pub(super) holds: u64,
}

impl ChainPlan {
    /// The nodes whose plugin is a new instance.
    pub(super) fn new_plugins(&self) -> Vec<String> {
        let is_new =
            |step: &&StepPlan| matches!(&step.part, Part::New(work) if work.plugin().is_some());
        let steps = self.steps.iter().filter(is_new);
        steps.map(|step| step.name.clone()).collect()
    }
}

/// Where a step's work comes from.
#[expect(
    clippy::large_enum_variant,
    reason = "there are a handful while a flow is built, and none afterwards"
)]
pub(super) enum Part {
    /// The running step of this name does it.
    Kept,
    New(Work),
}

/// Why everything stays as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error(
        "node '{node}', camera '{camera}': the state could not be handed over: the plugin {failure}"
    )]
    State {
        node: String,
        camera: String,
        failure: Failure,
    },
    #[error(
        "node '{node}', camera '{camera}': told how large its frames are, the plugin {failure}"
    )]
    Size {
        node: String,
        camera: String,
        failure: String,
    },
    #[error("node '{node}': the state could not be handed over: the plugin {failure}")]
    Site { node: String, failure: Failure },
    #[error(
        "node '{node}', camera '{camera}': it was to stay and is not there; please report this"
    )]
    Missing { node: String, camera: String },
}

/// The account of a node that is no more.
pub(super) struct Retired {
    pub(super) node: String,
    pub(super) account: Account,
    pub(super) failures: u64,
}

impl Chain {
    /// A chain whose steps are all new.
    pub(super) fn new(plan: ChainPlan, taps: Arc<Taps>) -> Self {
        let mut chain = Self::empty(taps);
        chain.stream = plan.stream;
        chain.steps = plan
            .steps
            .into_iter()
            .filter_map(|step| match step.part {
                Part::New(work) => Some(Step {
                    name: step.name,
                    inputs: step.inputs,
                    work,
                    is_exit: step.is_exit,
                    active: step.active,
                    account: Account::holding(step.holds),
                }),
                Part::Kept => None,
            })
            .collect();
        chain
    }

    /// Whether it is what `plan` says already.
    pub(super) fn is_as(&self, plan: &ChainPlan) -> bool {
        let same_work = |running: &Work, part: &Part| match (running, part) {
            (_, Part::Kept) => true,
            (
                Work::Infer { index, classes },
                Part::New(Work::Infer {
                    index: planned,
                    classes: numbers,
                }),
            ) => index == planned && classes == numbers,
            (Work::Adapter(outbox), Part::New(Work::Adapter(planned))) => {
                Arc::ptr_eq(outbox, planned)
            }
            (Work::Site(site), Part::New(Work::Site(planned)))
            | (Work::SiteGate(site), Part::New(Work::SiteGate(planned))) => {
                Arc::ptr_eq(site, planned)
            }
            _ => false,
        };
        self.steps.len() == plan.steps.len()
            && self.steps.iter().zip(&plan.steps).all(|(step, planned)| {
                step.name == planned.name
                    && step.inputs == planned.inputs
                    && step.is_exit == planned.is_exit
                    && step.active == planned.active
                    && same_work(&step.work, &planned.part)
            })
    }

    /// Becomes what `plan` says. Gives the accounts of the nodes that are no more.
    ///
    /// # Errors
    /// When a plugin does not take over what the one before it remembers, or that does not say
    /// it; everything is as it was.
    pub(super) fn exchange(&mut self, mut plan: ChainPlan) -> Result<Vec<Retired>, Refused> {
        let began = Instant::now();
        // What plugins remember has numbers of classes in it; with others it means something else.
        let same_classes = self.stream.classes == plan.stream.classes;
        self.tell_size(&mut plan)?;
        if same_classes {
            self.hand_over(&mut plan)?;
        } else {
            // Nor do the last frames say anything to these models' nodes.
            self.recent.clear();
            tracing::warn!(
                camera = self.stream.camera,
                "its models see other classes now; what its nodes knew is forgotten"
            );
        }
        // One that knows other zones or classes cannot come back among these.
        let same_stream = self.stream == plan.stream;
        self.stream = plan.stream;
        let mut before: Vec<Option<Step>> = self.steps.drain(..).map(Some).collect();
        let mut take = |name: &str| {
            before
                .iter_mut()
                .find(|step| step.as_ref().is_some_and(|step| step.name == name))
                .and_then(Option::take)
        };
        let mut retired = Vec::new();
        for StepPlan {
            name,
            inputs,
            is_exit,
            active,
            part,
            ..
        } in plan.steps
        {
            let running = take(&name);
            let (work, account) = match (part, running) {
                (Part::Kept, Some(running)) => (running.work, running.account),
                // `hand_over` has seen that it is there.
                (Part::Kept, None) => continue,
                (Part::New(work), None) => (work, Account::default()),
                (Part::New(work), Some(running)) if same_classes => {
                    succeed(work, running, same_stream, &mut retired)
                }
                (Part::New(work), Some(running)) => {
                    retired.push(retire(running));
                    (work, Account::default())
                }
            };
            self.steps.push(Step {
                name,
                inputs,
                work,
                is_exit,
                active,
                account,
            });
        }
        retired.extend(before.into_iter().flatten().map(retire));
        self.stages.changes.record(began.elapsed());
        Ok(retired)
    }

    /// Ends. Gives the accounts of all nodes.
    pub(super) fn retire(&mut self) -> Vec<Retired> {
        self.steps.drain(..).map(retire).collect()
    }

    /// The size that the frames have shown meanwhile is news to the new plugins.
    fn tell_size(&self, plan: &mut ChainPlan) -> Result<(), Refused> {
        let size = (self.stream.width, self.stream.height);
        if (plan.stream.width, plan.stream.height) == size {
            return Ok(());
        }
        (plan.stream.width, plan.stream.height) = size;
        for step in &mut plan.steps {
            let Part::New(work) = &mut step.part else {
                continue;
            };
            let Some(plugin) = work.plugin_mut() else {
                continue;
            };
            plugin.describe_stream(self.now, plan.stream.clone());
            if let Some(failure) = plugin.last_failure() {
                return Err(Refused::Size {
                    node: step.name.clone(),
                    camera: self.stream.camera.clone(),
                    failure: failure.said.clone(),
                });
            }
        }
        Ok(())
    }

    /// Gives each new plugin what the one in its place remembers. Those that run go on: they
    /// were only asked.
    fn hand_over(&mut self, plan: &mut ChainPlan) -> Result<(), Refused> {
        let camera = self.stream.camera.clone();
        let now = self.now;
        for planned in &mut plan.steps {
            let running = self.steps.iter_mut().find(|step| step.name == planned.name);
            match (&mut planned.part, running) {
                (Part::Kept, Some(_)) | (Part::New(_), None) => {}
                (Part::Kept, None) => {
                    return Err(Refused::Missing {
                        node: planned.name.clone(),
                        camera,
                    });
                }
                (Part::New(work), Some(running)) => {
                    let plugins = (work.plugin_mut(), running.work.plugin_mut());
                    let (Some(successor), Some(running)) = plugins else {
                        continue;
                    };
                    if successor.role() != running.role() {
                        continue;
                    }
                    if let Err(failure) = successor.take_over(now, running) {
                        return Err(Refused::State {
                            node: planned.name.clone(),
                            camera,
                            failure,
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Another plugin does the node's work from now on. The account goes on where it counts the same.
fn succeed(
    mut work: Work,
    running: Step,
    same_stream: bool,
    retired: &mut Vec<Retired>,
) -> (Work, Account) {
    if std::mem::discriminant(&work) != std::mem::discriminant(&running.work) {
        retired.push(retire(running));
        return (work, Account::default());
    }
    let Step {
        work: before,
        account,
        ..
    } = running;
    if let (Some(successor), Work::Filter(before) | Work::Rule(before) | Work::Gate(before)) =
        (work.plugin_mut(), before)
    {
        successor.succeed(before, same_stream);
    }
    (work, account)
}

fn retire(step: Step) -> Retired {
    let Step {
        name,
        work,
        mut account,
        ..
    } = step;
    account.close();
    Retired {
        node: name,
        failures: work.plugin().map_or(0, agave_plugin::Supervised::failures),
        account,
    }
}
