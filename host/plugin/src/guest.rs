//! What the host keeps beside each guest: its limits, how much of them it has used, and what it
//! was granted.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use crate::capability::log::LogBudget;
use crate::capability::redact::Redactor;
use crate::engine::{MOST_MEMORIES, MOST_MODULES, MOST_TABLES};
use crate::grants::Grants;
use crate::network::Network;
use crate::outside::Outside;

/// Secrets and connections that a guest holds at one time.
const MOST_HANDLES: usize = 64;

/// A call that waits for the outside may last so many times as long as it may compute. Each wait
/// has a limit of its own, but a plugin can always wait once more.
const WAITING: u32 = 10;
/// What a call may still compute when Agave stops.
const WHEN_STOPPING: Duration = Duration::from_millis(100);

/// What one instance may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest that one call may compute. Waiting for the network does not count; that has
    /// limits of its own.
    pub deadline: Duration,
    /// The most linear memory it may have.
    pub memory_bytes: usize,
    /// Between two calls, an instance with more linear memory than this is replaced by a new one
    /// that goes on where it was: WebAssembly never gives memory back.
    pub recycle_bytes: usize,
    /// The most that it may hand to the host in one call, as answer or as request.
    pub output_bytes: usize,
    /// The longest answer that an HTTP server may give it.
    pub http_body_bytes: usize,
    /// The most log lines that it may write in a second.
    pub log_lines_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(50),
            memory_bytes: 32 << 20,
            recycle_bytes: 24 << 20,
            output_bytes: 4 << 20,
            http_body_bytes: 1 << 20,
            log_lines_per_second: 50,
        }
    }
}

/// The host's side of one instance.
pub(crate) struct Guest {
    pub(crate) node: String,
    pub(crate) camera: String,
    pub(crate) grants: Grants,
    pub(crate) outside: Outside,
    /// For what servers answer.
    pub(crate) redactor: Redactor,
    /// TCP connections that are open.
    pub(crate) connections: usize,
    pub(crate) table: ResourceTable,
    pub(crate) log_budget: LogBudget,
    /// The last warning that it logged since it was last asked to deliver.
    pub(crate) complaint: Option<String>,
    limits: Limits,
    /// The deadline of the running call.
    deadline: Duration,
    /// The most that may be handed over in the running call.
    output_bytes: usize,
    /// The thread's processor time at the first tick of the running call.
    measured_from: Option<Duration>,
    /// When that was.
    waiting_from: Option<Instant>,
    /// Over all of its memories.
    memory_bytes: usize,
    memory_denied: bool,
}

impl Guest {
    pub(crate) fn new(
        node: &str,
        camera: &str,
        limits: Limits,
        grants: Grants,
        outside: Outside,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MOST_HANDLES);
        Self {
            node: node.to_owned(),
            camera: camera.to_owned(),
            redactor: Redactor::of(grants.secrets.values()),
            grants,
            outside,
            connections: 0,
            table,
            log_budget: LogBudget::new(limits.log_lines_per_second),
            complaint: None,
            limits,
            deadline: limits.deadline,
            output_bytes: limits.output_bytes,
            measured_from: None,
            waiting_from: None,
            memory_bytes: 0,
            memory_denied: false,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn begin_call(&mut self, deadline: Duration, output_bytes: usize) {
        self.deadline = deadline;
        self.output_bytes = output_bytes;
        self.measured_from = None;
        self.waiting_from = None;
        self.memory_denied = false;
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn output_bytes(&self) -> usize {
        self.output_bytes
    }

    /// The linear memory that the instance has.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    pub(crate) fn memory_denied(&self) -> bool {
        self.memory_denied
    }

    /// Asked at every tick while the guest runs.
    ///
    /// What counts is the processor time of the thread: a machine that is busy with something
    /// else, or a host that waits for the network, is no fault of the guest's. Asking for it at
    /// the first tick and not at the start of the call keeps short calls free of it.
    pub(crate) fn on_tick(mut context: StoreContextMut<'_, Self>) -> UpdateDeadline {
        let guest = context.data_mut();
        let now = thread_processor_time();
        let from = *guest.measured_from.get_or_insert(now);
        if guest.is_stopping() {
            guest.deadline = guest.deadline.min(WHEN_STOPPING);
        }
        let too_long = now.saturating_sub(from) >= guest.deadline || guest.waits_too_long();
        if too_long {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Continue(1)
        }
    }

    fn is_stopping(&self) -> bool {
        let network = self.outside.network.as_ref();
        network.is_some_and(Network::is_stopping)
    }

    /// Whether the call has waited for the outside so often that it has to end. Whoever cannot
    /// wait for anything is not asked: a busy machine is no fault of the guest's.
    fn waits_too_long(&mut self) -> bool {
        if self.outside.network.is_none() {
            return false;
        }
        let longest = self.deadline * WAITING;
        let too_long = self.waiting_from.get_or_insert_with(Instant::now).elapsed() >= longest;
        if too_long {
            // What the failure says.
            self.deadline = longest;
        }
        too_long
    }
}

fn thread_processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

impl ResourceLimiter for Guest {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.memory_bytes + desired.saturating_sub(current);
        let granted = wanted <= self.limits.memory_bytes;
        if granted {
            self.memory_bytes = wanted;
        } else {
            self.memory_denied = true;
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= 20_000)
    }

    fn instances(&self) -> usize {
        MOST_MODULES as usize
    }

    fn tables(&self) -> usize {
        MOST_TABLES as usize
    }

    fn memories(&self) -> usize {
        MOST_MEMORIES as usize
    }
}
