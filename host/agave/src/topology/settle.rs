//! After all chains have changed: adapters and cameras become those of the new flow. Nothing can
//! be refused any more; what does not go is said, and the rest goes on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use agave_flow::Camera;

use super::adapters::AdapterPlan;
use super::build::{CameraPlan, same_source};
use super::camera::RunningCamera;
use super::running::{Live, Parts, RunningAdapter};

/// How long an adapter that was taken out of the flow may still deliver.
const DRAIN_REMOVED: Duration = Duration::from_secs(30);

impl Live {
    /// Adapters that are no more deliver what they have; others get their new settings between
    /// two deliveries.
    pub(super) fn settle_adapters(&self, known: Vec<AdapterPlan>, started: Vec<RunningAdapter>) {
        let mut parts = self.parts();
        let Parts {
            adapters,
            leaving,
            departed,
            ..
        } = &mut *parts;
        let until = Instant::now() + DRAIN_REMOVED;
        let stays =
            |adapter: &mut RunningAdapter| known.iter().any(|plan| plan.name == adapter.name);
        for gone in adapters.extract_if(.., |adapter| !stays(adapter)) {
            // No camera's alerts come to it any more: it can put its things in order.
            gone.outbox.introduce(Vec::new());
            gone.outbox.close(until);
            leaving.push(gone);
        }
        for left in leaving.extract_if(.., |adapter| adapter.is_finished()) {
            departed.adapter(&left.outbox);
        }
        for plan in known {
            let Some(running) = adapters.iter_mut().find(|one| one.name == plan.name) else {
                continue;
            };
            running.outbox.keep_order(plan.order);
            running.outbox.name_givers(plan.has_givers);
            running.outbox.introduce(plan.cameras);
            if let Some(successor) = plan.adapter {
                running.grants = plan.grants;
                running.outbox.replace(successor);
            }
        }
        adapters.extend(started);
    }

    /// Sources of cameras that are no more are let go of, others that changed are connected
    /// anew, new ones begin.
    pub(super) fn settle_cameras(&self, described: Vec<Camera>, new: Vec<CameraPlan>) {
        let mut parts = self.parts();
        let find = |name: &str| described.iter().find(|camera| camera.name == name);
        let mut gone: Vec<RunningCamera> = parts
            .cameras
            .extract_if(.., |running| find(&running.camera.name).is_none())
            .collect();
        let moves = |running: &RunningCamera| {
            find(&running.camera.name).is_some_and(|camera| !same_source(camera, &running.camera))
        };
        // All are told before any is waited for: a goodbye takes a camera up to two seconds.
        gone.iter().for_each(RunningCamera::begin_to_stop);
        let moving = parts.cameras.iter().filter(|running| moves(running));
        moving.for_each(RunningCamera::begin_to_stop);
        for running in &mut parts.cameras {
            let Some(camera) = find(&running.camera.name).cloned() else {
                continue;
            };
            if !moves(running) {
                running.describe_as(camera, &self.post);
            } else if let Err(error) = running.read_as(camera, &self.post) {
                tracing::error!(camera = running.camera.name, "not read: {error}");
            }
        }
        for camera in &mut gone {
            camera.stop_source();
            let dropped = self.post.intake.remove(camera.id);
            let name = &camera.camera.name;
            let state = camera.state.get();
            parts.departed.camera(name, &state, &camera.lane, dropped);
        }
        for plan in new {
            let name = plan.camera.name.clone();
            match self.start_camera(plan) {
                Ok(camera) => parts.cameras.push(camera),
                Err(error) => tracing::error!(camera = name, "not read: {error}"),
            }
        }
        let flow = &parts.version.flow;
        let order: BTreeMap<String, usize> = flow
            .cameras
            .iter()
            .map(|camera| camera.name.clone())
            .zip(0..)
            .collect();
        parts
            .cameras
            .sort_by_key(|running| order.get(&running.camera.name).copied());
    }
}
