//! A rule that looks at several cameras: one instance, which the chain of each of them calls
//! when it is its turn. It is the one place where cameras wait for each other, and no longer
//! than a call takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agave_core::{Alert, DropReason, FrameDetections, StreamInfo, Timestamp};
use agave_flow::Partition;
use agave_plugin::{Failure, Snapshot, Supervised, Verdict};

use super::build::BuildError;
use super::nodes::{ChainBuilder, Looks, start};

/// The instance with the cameras that it knows.
pub(super) struct SiteRule {
    plugin: Supervised,
    /// By their numbers.
    cameras: Vec<StreamInfo>,
    /// The latest time that any of them has shown; one that lags does not turn it back.
    now: Timestamp,
}

/// The node, for all of its cameras.
pub(super) struct Site {
    rule: Mutex<SiteRule>,
}

/// What a node is to become.
pub(super) struct SitePlan {
    pub(super) site: Arc<Site>,
    /// What is to run in it from now on; none when what runs goes on, or is new.
    pub(super) successor: Option<SiteRule>,
}

impl Site {
    fn lock(&self) -> MutexGuard<'_, SiteRule> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the rule says to a frame of `camera`.
    pub(super) fn evaluate(
        &self,
        stream: &StreamInfo,
        frame: &FrameDetections,
    ) -> Verdict<Vec<Alert>> {
        let mut rule = self.lock();
        let number = rule
            .cameras
            .iter()
            .position(|one| one.camera == stream.camera && one.classes == stream.classes);
        let Some(number) = number else {
            // Between two versions of a flow a camera may not be as the rule knows it.
            return Verdict::Dropped(DropReason::Unavailable);
        };
        rule.now = rule.now.max(frame.at);
        let now = rule.now;
        rule.plugin.call_announcing(
            now,
            |instance| instance.evaluate_site(number, frame),
            |alerts| !alerts.is_empty(),
        )
    }

    /// A camera has told its size.
    pub(super) fn describe(&self, stream: &StreamInfo) {
        let mut rule = self.lock();
        let number = rule
            .cameras
            .iter()
            .position(|one| one.camera == stream.camera);
        if let Some(known) = number.and_then(|number| rule.cameras.get_mut(number)) {
            *known = stream.clone();
        }
        let now = rule.now;
        if let Some(number) = number {
            rule.plugin.describe_camera(now, number, stream.clone());
        }
    }

    /// Puts `successor` in the place of what runs, which it gives back.
    pub(super) fn exchange(&self, mut successor: SiteRule) -> Result<SiteRule, Failure> {
        let mut rule = self.lock();
        let now = rule.now;
        // As in a camera's chain: with other classes, what it remembers means something else.
        let classes = |rule: &SiteRule, camera: &str| {
            let known = rule.cameras.iter().find(|one| one.camera == camera);
            known.map(|known| known.classes.clone())
        };
        let same_classes = rule.cameras.iter().all(|known| {
            let then = classes(&successor, &known.camera);
            then.is_none_or(|then| then == known.classes)
        });
        for known in &rule.cameras {
            let number = successor.cameras.iter().position(|one| {
                one.camera == known.camera && (one.width, one.height) != (known.width, known.height)
            });
            let Some(number) = number else { continue };
            let Some(stream) = successor.cameras.get_mut(number) else {
                continue;
            };
            (stream.width, stream.height) = (known.width, known.height);
            let stream = stream.clone();
            successor.plugin.describe_camera(now, number, stream);
        }
        if same_classes {
            successor.plugin.take_over(now, &mut rule.plugin)?;
        }
        successor.now = now;
        Ok(std::mem::replace(&mut *rule, successor))
    }

    /// What it remembers now, with the plugin's name.
    pub(super) fn checkpoint(&self) -> Option<(String, Arc<Snapshot>)> {
        let mut rule = self.lock();
        let now = rule.now;
        let snapshot = Arc::clone(rule.plugin.checkpoint(now)?);
        Some((rule.plugin.plugin().description().name.clone(), snapshot))
    }

    /// How often it has failed, and whether it was given up.
    pub(super) fn failures(&self) -> (u64, bool) {
        let rule = self.lock();
        (rule.plugin.failures(), rule.plugin.quarantined())
    }

    fn cameras(&self) -> Vec<StreamInfo> {
        self.lock().cameras.clone()
    }
}

/// The nodes of these plans.
pub(super) fn nodes(plans: &BTreeMap<String, SitePlan>) -> BTreeMap<String, Arc<Site>> {
    let sites = plans.iter();
    sites
        .map(|(node, plan)| (node.clone(), Arc::clone(&plan.site)))
        .collect()
}

impl ChainBuilder<'_> {
    /// The nodes that look at several cameras, started where they do not run already.
    pub(super) fn sites(&self) -> Result<BTreeMap<String, SitePlan>, BuildError> {
        let mut sites = BTreeMap::new();
        for node in &self.flow.nodes {
            let agave_flow::Work::Plugin(plugin) = &node.work else {
                continue;
            };
            if node.partition != Partition::None {
                continue;
            }
            let cameras = node
                .cameras
                .iter()
                .filter_map(|index| Some((*index, self.flow.cameras.get(index.0)?)))
                .map(|(index, camera)| self.stream(index, camera))
                .collect::<Result<Vec<StreamInfo>, _>>()?;
            let running = self
                .standing
                .and_then(|standing| standing.sites.get(&node.name));
            if let Some(running) = running
                && running.cameras() == cameras
                && self.runs(node, plugin)
            {
                let site = Arc::clone(running);
                sites.insert(
                    node.name.clone(),
                    SitePlan {
                        site,
                        successor: None,
                    },
                );
                continue;
            }
            let remembered = self.remembered.latest(&node.name);
            let looks = Looks::AtSeveral(cameras.clone());
            let rule = SiteRule {
                plugin: start(node, plugin, looks, remembered, self.catalog)?,
                cameras,
                now: Timestamp::default(),
            };
            let plan = match running {
                Some(running) => SitePlan {
                    site: Arc::clone(running),
                    successor: Some(rule),
                },
                None => SitePlan {
                    site: Arc::new(Site {
                        rule: Mutex::new(rule),
                    }),
                    successor: None,
                },
            };
            sites.insert(node.name.clone(), plan);
        }
        Ok(sites)
    }
}
