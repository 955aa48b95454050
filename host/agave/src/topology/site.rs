//! A rule or a gate that looks at several cameras: one instance, which the chain of each of them
//! calls when it is its turn. It is the one place where cameras wait for each other, and no longer
//! than a call takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agave_core::{Alert, DropReason, FrameDetections, Role, StreamInfo, Timestamp};
use agave_flow::Partition;
use agave_plugin::{Failure, Instance, LastFailure, Snapshot, Supervised, Verdict};

use super::build::BuildError;
use super::nodes::{ChainBuilder, Looks, start};

/// Checkpoints of cameras are about a second apart, and no more alerts come in a second.
const MOST_UNACCOUNTED: u64 = 1000;

/// The instance with the cameras that it knows.
pub(super) struct SitePlugin {
    plugin: Supervised,
    /// By their numbers.
    cameras: Vec<StreamInfo>,
    /// The latest time that any of them has shown; one that lags does not turn it back.
    now: Timestamp,
    /// What a gate remembers from before a restart is what it knew at one camera's last
    /// checkpoint, and those of the other cameras are older: of them it may hold so much more
    /// than they know.
    unaccounted: u64,
}

/// The node, for all of its cameras.
pub(super) struct Site {
    plugin: Mutex<SitePlugin>,
}

/// What a node is to become.
pub(super) struct SitePlan {
    pub(super) site: Arc<Site>,
    /// What is to run in it from now on; none when what runs goes on, or is new.
    pub(super) successor: Option<SitePlugin>,
}

impl Site {
    fn lock(&self) -> MutexGuard<'_, SitePlugin> {
        self.plugin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the rule says to a frame of `camera`.
    pub(super) fn evaluate(
        &self,
        stream: &StreamInfo,
        frame: &FrameDetections,
    ) -> Verdict<Vec<Alert>> {
        self.call(
            stream,
            frame.at,
            |instance, number| instance.evaluate_site(number, frame),
            |alerts| !alerts.is_empty(),
        )
    }

    /// What the gate makes of alerts of `camera`, as far as `check` lets it.
    pub(super) fn pass(
        &self,
        stream: &StreamInfo,
        now: Timestamp,
        alerts: &[Alert],
        check: impl Fn(Vec<Alert>) -> Result<Vec<Alert>, Failure>,
    ) -> Verdict<Vec<Alert>> {
        self.call(
            stream,
            now,
            |instance, number| {
                check(match alerts {
                    [] => instance.tick_site(number, now)?,
                    alerts => instance.pass_site(number, alerts)?,
                })
            },
            |passed| !(alerts.is_empty() && passed.is_empty()),
        )
    }

    /// Calls the plugin for a camera, by its number.
    fn call(
        &self,
        stream: &StreamInfo,
        at: Timestamp,
        call: impl Fn(&mut Instance, usize) -> Result<Vec<Alert>, Failure>,
        announces: impl FnOnce(&Vec<Alert>) -> bool,
    ) -> Verdict<Vec<Alert>> {
        let mut inner = self.lock();
        let number = inner
            .cameras
            .iter()
            .position(|one| one.camera == stream.camera && one.classes == stream.classes);
        let Some(number) = number else {
            // Between two versions of a flow a camera may not be as the plugin knows it.
            return Verdict::Dropped(DropReason::Unavailable);
        };
        inner.now = inner.now.max(at);
        let now = inner.now;
        inner
            .plugin
            .call_announcing(now, |instance| call(instance, number), announces)
    }

    /// A camera has told its size.
    pub(super) fn describe(&self, stream: &StreamInfo) {
        let mut inner = self.lock();
        let number = inner
            .cameras
            .iter()
            .position(|one| one.camera == stream.camera);
        if let Some(known) = number.and_then(|number| inner.cameras.get_mut(number)) {
            *known = stream.clone();
        }
        let now = inner.now;
        if let Some(number) = number {
            inner.plugin.describe_camera(now, number, stream.clone());
        }
    }

    /// Puts `successor` in the place of what runs, which it gives back.
    pub(super) fn exchange(&self, mut successor: SitePlugin) -> Result<SitePlugin, Failure> {
        let mut inner = self.lock();
        let now = inner.now;
        // As in a camera's chain: with other classes, what it remembers means something else.
        let classes = |inner: &SitePlugin, camera: &str| {
            let known = inner.cameras.iter().find(|one| one.camera == camera);
            known.map(|known| known.classes.clone())
        };
        let same_classes = inner.cameras.iter().all(|known| {
            let then = classes(&successor, &known.camera);
            then.is_none_or(|then| then == known.classes)
        });
        for known in &inner.cameras {
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
            successor.plugin.take_over(now, &mut inner.plugin)?;
        }
        successor.now = now;
        successor.unaccounted = inner.unaccounted;
        Ok(std::mem::replace(&mut *inner, successor))
    }

    /// What it remembers now, with the plugin's name.
    pub(super) fn checkpoint(&self) -> Option<(String, Arc<Snapshot>)> {
        let mut inner = self.lock();
        let now = inner.now;
        let snapshot = Arc::clone(inner.plugin.checkpoint(now)?);
        Some((inner.plugin.plugin().description().name.clone(), snapshot))
    }

    /// How often it has failed, and whether it was given up.
    pub(super) fn failures(&self) -> (u64, bool) {
        let inner = self.lock();
        (inner.plugin.failures(), inner.plugin.quarantined())
    }

    /// How it failed last.
    pub(super) fn last_failure(&self) -> Option<LastFailure> {
        self.lock().plugin.last_failure().cloned()
    }

    /// Starts its plugin again if it was given up. Says whether it was.
    pub(super) fn revive(&self) -> bool {
        self.lock().plugin.revive()
    }

    /// So much more than their accounts say may come out for cameras.
    pub(super) fn unaccounted(&self) -> u64 {
        self.lock().unaccounted
    }

    /// So much more has come out.
    pub(super) fn account_for(&self, weight: u64) {
        let mut inner = self.lock();
        inner.unaccounted = inner.unaccounted.saturating_sub(weight);
    }

    /// Whether it goes on where it was when the flow last stopped.
    pub(super) fn remembers(&self) -> bool {
        self.lock().plugin.snapshot().is_some()
    }

    fn role(&self) -> Role {
        self.lock().plugin.role()
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
                .and_then(|standing| standing.sites.get(&node.name))
                .filter(|running| running.role() == plugin.role);
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
            let plugin = start(node, plugin, looks, remembered, self.catalog)?;
            let unaccounted = plugin.snapshot().map_or(0, |_| MOST_UNACCOUNTED);
            let inner = SitePlugin {
                plugin,
                cameras,
                now: Timestamp::default(),
                unaccounted,
            };
            let plan = match running {
                Some(running) => SitePlan {
                    site: Arc::clone(running),
                    successor: Some(inner),
                },
                None => SitePlan {
                    site: Arc::new(Site {
                        plugin: Mutex::new(inner),
                    }),
                    successor: None,
                },
            };
            sites.insert(node.name.clone(), plan);
        }
        Ok(sites)
    }
}
