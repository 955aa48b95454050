//! One running plugin of one node and camera: the calls of the contract, each under its limits,
//! each answer checked.

mod outward;
mod site;

use std::time::Duration;

use agave_core::{Alert, FrameDetections, StreamInfo, Timestamp};
use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::bindings::imports::agave::plugin::types as wit;
use crate::bindings::lifecycle::exports::agave::plugin::lifecycle as wit_lifecycle;
use crate::bindings::{adapter, filter, gate, lifecycle, rule, site_gate, site_rule, upkeep};
use crate::engine::Engine;
use crate::exact;
use crate::failure::Failure;
use crate::grants::Grants;
use crate::guest::{Guest, Limits};
use crate::outside::Outside;
use crate::plugin::{Part, Plugin};
use crate::snapshot::{self, Snapshot};
use crate::text::{SENTENCE, shortened};
use crate::validate::{Bounds, check_description};

/// The first start may take longer than looking at a frame: nothing runs yet.
const START_DEADLINE: Duration = Duration::from_secs(5);
/// While the flow runs, a worker does it between two frames: so many times a call's deadline.
const UPKEEP: u32 = 10;

/// Everything that makes an instance of a plugin the one of a node and camera.
#[derive(Clone)]
pub struct NodeSetup {
    /// The node's name in the flow file.
    pub node: String,
    /// The stream it looks at. It is empty for adapters and for rules that look at several
    /// cameras.
    pub stream: StreamInfo,
    /// The cameras of a rule that looks at several, by their numbers; empty for all others.
    pub cameras: Vec<StreamInfo>,
    /// The node's `config` as JSON.
    pub config: String,
    /// What it may use.
    pub limits: Limits,
    /// What it may touch.
    pub grants: Grants,
    /// The way there, for adapters.
    pub outside: Outside,
}

enum Exports {
    Filter(filter::Exports),
    Rule(rule::Exports),
    SiteRule(site_rule::Exports),
    SiteGate(site_gate::Exports),
    Gate(gate::Exports),
    Adapter(adapter::Exports, Option<upkeep::Exports>),
}

/// A configured plugin.
pub struct Instance {
    plugin: Plugin,
    store: Store<Guest>,
    lifecycle: lifecycle::Exports,
    exports: Exports,
    bounds: Bounds,
    /// Of a rule that looks at several cameras, and the bounds of each.
    cameras: Vec<StreamInfo>,
    cameras_bounds: Vec<Bounds>,
    limits: Limits,
    /// For configuring, saving and restoring.
    upkeep_deadline: Duration,
}

fn new_store(engine: &Engine, guest: Guest) -> Store<Guest> {
    let mut store = Store::new(&engine.wasmtime, guest);
    store.limiter(|guest| guest);
    store.epoch_deadline_callback(|context| Ok(Guest::on_tick(context)));
    store.set_epoch_deadline(1);
    store
}

fn upkeep_deadline(call: Duration) -> Duration {
    (call * UPKEEP).min(START_DEADLINE)
}

fn begin_call(store: &mut Store<Guest>, deadline: Duration, output_bytes: usize) {
    store.data_mut().begin_call(deadline, output_bytes);
    // Counted while the engine copies, so that a list which says a thousand times the same
    // megabyte is stopped before the host has a gigabyte of it.
    store.set_hostcall_fuel(output_bytes);
    store.set_epoch_deadline(1);
}

/// Asks a plugin what it is, on an instance that is thrown away.
pub(crate) fn describe(
    engine: &Engine,
    instance_pre: &InstancePre<Guest>,
) -> Result<wit_lifecycle::Description, Failure> {
    let guest = Guest::new(
        "describe",
        "",
        Limits::default(),
        Grants::default(),
        Outside::default(),
    );
    let mut store = new_store(engine, guest);
    begin_call(&mut store, START_DEADLINE, Limits::default().output_bytes);
    let described = instance_pre.instantiate(&mut store).and_then(|instance| {
        let exports = lifecycle::Exports::new(&mut store, &instance)?;
        exports.agave_plugin_lifecycle().call_describe(&mut store)
    });
    let description = described.map_err(|error| Failure::of(&error, store.data()))?;
    check_description(&description).map_err(Failure::BadOutput)?;
    Ok(description)
}

impl Instance {
    /// Starts an instance and configures it.
    ///
    /// # Errors
    /// When it cannot be started, or refuses its configuration.
    pub fn start(plugin: &Plugin, setup: &NodeSetup) -> Result<Self, Failure> {
        Self::start_within(plugin, setup, START_DEADLINE)
    }

    /// Starts an instance anew while the flow runs.
    pub(crate) fn restart(plugin: &Plugin, setup: &NodeSetup) -> Result<Self, Failure> {
        Self::start_within(plugin, setup, upkeep_deadline(setup.limits.deadline))
    }

    fn start_within(
        plugin: &Plugin,
        setup: &NodeSetup,
        deadline: Duration,
    ) -> Result<Self, Failure> {
        let guest = Guest::new(
            &setup.node,
            &setup.stream.camera,
            setup.limits,
            setup.grants.clone(),
            setup.outside.clone(),
        );
        let mut store = new_store(&plugin.inner.engine, guest);
        begin_call(&mut store, deadline, setup.limits.output_bytes);
        let started = plugin
            .inner
            .instance_pre
            .instantiate(&mut store)
            .and_then(|instance| {
                let lifecycle = lifecycle::Exports::new(&mut store, &instance)?;
                let exports = match plugin.part() {
                    Part::Filter => Exports::Filter(filter::Exports::new(&mut store, &instance)?),
                    Part::Rule => Exports::Rule(rule::Exports::new(&mut store, &instance)?),
                    Part::SiteRule => {
                        Exports::SiteRule(site_rule::Exports::new(&mut store, &instance)?)
                    }
                    Part::SiteGate => {
                        Exports::SiteGate(site_gate::Exports::new(&mut store, &instance)?)
                    }
                    Part::Gate => Exports::Gate(gate::Exports::new(&mut store, &instance)?),
                    Part::Adapter => {
                        let exports = adapter::Exports::new(&mut store, &instance)?;
                        let upkeep = plugin.has_upkeep();
                        let upkeep = upkeep.then(|| upkeep::Exports::new(&mut store, &instance));
                        Exports::Adapter(exports, upkeep.transpose()?)
                    }
                };
                Ok((lifecycle, exports))
            });
        let (lifecycle, exports) = match started {
            Ok(started) => started,
            Err(error) => {
                return Err(Failure::at_start(&error, store.data()));
            }
        };
        let mut instance = Self {
            plugin: plugin.clone(),
            store,
            lifecycle,
            exports,
            bounds: Bounds::of(&setup.stream),
            cameras: setup.cameras.clone(),
            cameras_bounds: Vec::new(),
            limits: setup.limits,
            upkeep_deadline: deadline,
        };
        instance.configure(&setup.config, &setup.stream)?;
        instance.upkeep_deadline = upkeep_deadline(setup.limits.deadline);
        Ok(instance)
    }

    /// Hands it a configuration; what it remembers stays.
    ///
    /// # Errors
    /// When it refuses the configuration.
    pub fn configure(&mut self, config: &str, stream: &StreamInfo) -> Result<(), Failure> {
        self.bounds = Bounds::of(stream);
        self.begin_upkeep();
        self.lifecycle
            .agave_plugin_lifecycle()
            .call_configure(&mut self.store, config, &stream.into())
            .map_err(|error| Failure::of(&error, self.store.data()))?
            .map_err(refused)?;
        if matches!(self.exports, Exports::SiteRule(_) | Exports::SiteGate(_)) {
            // A new configuration is that of a plugin which knows no cameras yet.
            let cameras = std::mem::take(&mut self.cameras);
            self.cameras(cameras)?;
        }
        Ok(())
    }

    /// What it remembers.
    ///
    /// # Errors
    /// When it fails, or remembers more than 16 MiB.
    pub fn save(&mut self) -> Result<Snapshot, Failure> {
        begin_call(&mut self.store, self.upkeep_deadline, snapshot::MOST_BYTES);
        let snapshot = self
            .lifecycle
            .agave_plugin_lifecycle()
            .call_save(&mut self.store)
            .map_err(|error| Failure::of(&error, self.store.data()))?;
        Snapshot::saved(snapshot, self.plugin.description())
    }

    /// Gives it back what it remembered.
    ///
    /// # Errors
    /// When the snapshot has a version that it does not read, or cannot be read.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        let snapshot = snapshot.for_plugin(self.plugin.description())?;
        self.begin_upkeep();
        self.lifecycle
            .agave_plugin_lifecycle()
            .call_restore(&mut self.store, &snapshot)
            .map_err(|error| Failure::of(&error, self.store.data()))?
            .map_err(returned_error)
    }

    /// As a filter: what goes on of one frame's detections.
    ///
    /// # Errors
    /// When the plugin fails or is no filter.
    pub fn process(&mut self, frame: &FrameDetections) -> Result<FrameDetections, Failure> {
        self.begin_call();
        let Exports::Filter(exports) = &self.exports else {
            return Err(wrong_role());
        };
        let returned = exports
            .agave_plugin_filter()
            .call_process(&mut self.store, &[frame.into()])
            .map_err(|error| Failure::of(&error, self.store.data()))?
            .map_err(returned_error)?;
        let count = returned.len();
        let mut returned = returned.into_iter();
        let (Some(passed), None) = (returned.next(), returned.next()) else {
            return Err(Failure::BadOutput(format!("{count} frames for one")));
        };
        let mut passed = passed.into();
        exact::restore(frame, &mut passed);
        self.bounds
            .check_filtered(frame, &passed)
            .map_err(Failure::BadOutput)?;
        Ok(passed)
    }

    /// As a rule: the alerts that one frame's detections raise.
    ///
    /// # Errors
    /// When the plugin fails or is no rule.
    pub fn evaluate(&mut self, frame: &FrameDetections) -> Result<Vec<Alert>, Failure> {
        self.begin_call();
        let Exports::Rule(exports) = &self.exports else {
            return Err(wrong_role());
        };
        let returned = exports
            .agave_plugin_rule()
            .call_evaluate(&mut self.store, &[frame.into()]);
        let mut alerts = self.alerts(returned)?;
        exact::restore_raised(frame, &mut alerts);
        self.bounds
            .check_raised(frame, &alerts)
            .map_err(Failure::BadOutput)?;
        Ok(alerts)
    }

    /// As a gate: what goes on of these alerts, and of what was held.
    ///
    /// # Errors
    /// When the plugin fails or is no gate.
    pub fn pass(&mut self, alerts: &[Alert]) -> Result<Vec<Alert>, Failure> {
        self.begin_call();
        let Exports::Gate(exports) = &self.exports else {
            return Err(wrong_role());
        };
        let given: Vec<wit::Alert> = alerts.iter().map(Into::into).collect();
        let returned = exports
            .agave_plugin_gate()
            .call_pass(&mut self.store, &given);
        let mut passed = self.checked(returned)?;
        exact::restore_passed(alerts, &mut passed);
        Ok(passed)
    }

    /// As a gate: what was waiting for stream time to reach `now`.
    ///
    /// # Errors
    /// When the plugin fails or is no gate.
    pub fn tick(&mut self, now: Timestamp) -> Result<Vec<Alert>, Failure> {
        self.begin_call();
        let Exports::Gate(exports) = &self.exports else {
            return Err(wrong_role());
        };
        let returned = exports
            .agave_plugin_gate()
            .call_tick(&mut self.store, now.0);
        self.checked(returned)
    }

    /// The linear memory that it has, over all of its memories.
    pub fn memory_bytes(&self) -> usize {
        self.store.data().memory_bytes()
    }

    fn begin_call(&mut self) {
        let Limits {
            deadline,
            output_bytes,
            ..
        } = self.limits;
        begin_call(&mut self.store, deadline, output_bytes);
    }

    fn begin_upkeep(&mut self) {
        begin_call(
            &mut self.store,
            self.upkeep_deadline,
            self.limits.output_bytes,
        );
    }

    fn alerts(
        &self,
        returned: wasmtime::Result<Result<Vec<wit::Alert>, String>>,
    ) -> Result<Vec<Alert>, Failure> {
        let alerts = returned
            .map_err(|error| Failure::of(&error, self.store.data()))?
            .map_err(returned_error)?;
        Ok(alerts.into_iter().map(Into::into).collect())
    }

    /// What a gate let go of.
    fn checked(
        &self,
        returned: wasmtime::Result<Result<Vec<wit::Alert>, String>>,
    ) -> Result<Vec<Alert>, Failure> {
        let alerts = self.alerts(returned)?;
        self.bounds
            .check_passed(&alerts)
            .map_err(Failure::BadOutput)?;
        Ok(alerts)
    }
}

fn refused(reason: String) -> Failure {
    Failure::Configuration(shortened(&reason, SENTENCE))
}

fn returned_error(reason: String) -> Failure {
    Failure::PluginError(shortened(&reason, SENTENCE))
}

/// The flow is typed, so this is never seen outside a test that asks for it.
fn wrong_role() -> Failure {
    Failure::BadOutput("it does not play this part".to_owned())
}
