//! One engine for the process: how guests are compiled and where their memory lives.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use wasmtime::component::Component;
use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::compiled::Compiled;

/// How often guests look whether their deadline has passed. A tick costs a running guest one
/// memory read at each loop and call, so the price does not depend on it.
pub(crate) const TICK: Duration = Duration::from_millis(2);

/// No plugin may have more memory than this, whatever its node's limit says.
pub(crate) const MOST_MEMORY_BYTES: usize = 1 << 30;

/// Instances at one time: nodes × cameras. Slots are address space, not memory.
const MOST_INSTANCES: u32 = 12_000;
/// What a usual component is made of: its module, and two small ones that join it to the host.
const MODULES: u32 = 3;
/// What one component may be made of. Runtimes of other languages come in many modules.
pub(crate) const MOST_MODULES: u32 = 64;
pub(crate) const MOST_TABLES: u32 = 32;
pub(crate) const MOST_MEMORIES: u32 = 4;

/// Of the compiler's threads, as `nice` counts: a tenth of a core that is busy, all of an idle
/// one. The lowest would leave a large plugin minutes to compile on a busy machine.
const LOW_PRIORITY: i32 = 10;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The sandbox cannot work on this machine.
    #[error("cannot set up the WebAssembly engine: {0}")]
    Engine(String),
    /// No thread for the clock that ends calls which take too long.
    #[error("cannot start the thread that watches deadlines: {0}")]
    Ticker(#[from] std::io::Error),
    /// No threads to compile plugins on.
    #[error("cannot start the threads that compile plugins: {0}")]
    Compilers(#[from] rayon::ThreadPoolBuildError),
}

/// How much the compiler does to make plugins fast. What they answer does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimisation {
    /// As little as possible.
    None,
    /// As much as it can.
    #[default]
    Speed,
}

/// Compiles plugins and runs their instances. Cheap to clone; all clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) wasmtime: wasmtime::Engine,
    compilers: Arc<ThreadPool>,
    compiled: Option<Arc<Compiled>>,
}

impl Engine {
    /// An engine that holds the instances of a running flow.
    ///
    /// Instances come from a pool, so that starting one is a copy-on-write mapping. Where the
    /// address space for the pool is not to be had, they are allocated one by one.
    ///
    /// # Errors
    /// When neither way works here.
    pub fn new() -> Result<Self, EngineError> {
        Self::compiling(Optimisation::default())
    }

    /// The same with another compiler setting.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn compiling(optimisation: Optimisation) -> Result<Self, EngineError> {
        let mut config = Self::config();
        config.cranelift_opt_level(match optimisation {
            Optimisation::None => OptLevel::None,
            Optimisation::Speed => OptLevel::Speed,
        });
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(MOST_INSTANCES)
            .total_core_instances(MOST_INSTANCES * MODULES)
            .total_memories(MOST_INSTANCES)
            .total_tables(MOST_INSTANCES * MODULES)
            .max_core_instances_per_component(MOST_MODULES)
            .max_tables_per_component(MOST_TABLES)
            .max_memories_per_component(MOST_MEMORIES)
            .max_memory_size(MOST_MEMORY_BYTES)
            .max_unused_warm_slots(100);
        let pooled = wasmtime::Engine::new(
            config
                .clone()
                .allocation_strategy(InstanceAllocationStrategy::Pooling(pool)),
        );
        let wasmtime = pooled
            .or_else(|reason| {
                tracing::warn!(%reason, "no address space for a pool of instances");
                wasmtime::Engine::new(&config)
            })
            .map_err(|error| EngineError::Engine(format!("{error:#}")))?;
        start_ticker(&wasmtime)?;
        Ok(Self {
            wasmtime,
            compilers: Arc::new(compilers()?),
            compiled: None,
        })
    }

    /// The same engine, which keeps compiled plugins in `folder` and finds them there again.
    ///
    /// # Errors
    /// When there is no such folder and it cannot be made.
    pub fn with_cache(mut self, folder: &Path) -> Result<Self, std::io::Error> {
        self.compiled = Some(Arc::new(Compiled::open(folder)?));
        Ok(self)
    }

    /// Compiles a component, or finds it compiled; says whether it was found.
    pub(crate) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<(Component, bool)> {
        self.compilers.install(|| self.compile_here(bytes))
    }

    fn compile_here(&self, bytes: &[u8]) -> wasmtime::Result<(Component, bool)> {
        let Some(compiled) = &self.compiled else {
            return Ok((Component::from_binary(&self.wasmtime, bytes)?, false));
        };
        if let Some(component) = compiled.get(&self.wasmtime, bytes) {
            return Ok((component, true));
        }
        let component = Component::from_binary(&self.wasmtime, bytes)?;
        compiled.put(&self.wasmtime, bytes, &component);
        Ok((component, false))
    }

    /// How much of the pool is taken: instances, memories and tables together. None where there
    /// is no pool.
    pub fn taken(&self) -> Option<u64> {
        let pool = self.wasmtime.pooling_allocator_metrics()?;
        let memories_and_tables = u64::try_from(pool.memories() + pool.tables()).ok()?;
        Some(pool.component_instances() + pool.core_instances() + memories_and_tables)
    }

    fn config() -> Config {
        let mut config = Config::new();
        config
            .concurrency_support(false)
            .epoch_interruption(true)
            // The same inputs must give the same alerts on every machine.
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            .max_wasm_stack(512 << 10);
        config
    }
}

/// Plugins are compiled while cameras run, and their frames go first: half of the cores, at a
/// low priority. On all of them a frame waited twice as long for its turn, whatever the priority.
fn compilers() -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    ThreadPoolBuilder::new()
        .num_threads(cores.div_ceil(2))
        .thread_name(|index| format!("compiler {index}"))
        .start_handler(|_| {
            // Linux has it for each thread. Where it is refused the compiler is only less polite.
            let _ = rustix::process::setpriority_process(None, LOW_PRIORITY);
        })
        .build()
}

/// Counts time for the guests until the last engine is gone.
fn start_ticker(engine: &wasmtime::Engine) -> Result<(), std::io::Error> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("deadlines".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })?;
    Ok(())
}
