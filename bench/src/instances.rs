//! How many plugins one machine holds: 2 500 cameras with four debouncers each, started as a flow
//! starts them, beside the same number of instances of the same component on bare wasmtime that
//! nobody configures.

use std::path::Path;
use std::time::Instant;

use agave_core::{Alert, BoundingBox, Detection, Phase, Severity, StreamInfo, Timestamp};
use agave_plugin::{Engine, Grants, Limits, NodeSetup, OnFailure, Plugin, Supervised, Verdict};
use anyhow::{Context, Result, anyhow, bail};

use crate::component::component;
use crate::figure::Figure;

const CAMERAS: usize = 2_500;
const NODES: usize = 4;
const THREADS: usize = 2;

/// What starting them took.
struct Cost {
    seconds: f64,
    resident_mebibytes: f64,
}

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    let path = component("debounce")?;
    let (started, used_mebibytes) = agave(&path)?;
    // After it, so that nothing which it left behind makes ours look smaller.
    let bare = bare(&path)?;
    let figure = |metric: &str, value, unit, baseline| Figure {
        bench: "instances",
        metric: metric.to_owned(),
        value,
        unit,
        baseline,
        beside: "bare wasmtime, not configured",
    };
    report(figure("start_10000", started.seconds, "s", bare.seconds));
    for (metric, value) in [
        ("resident_after_start", started.resident_mebibytes),
        ("resident_after_use", used_mebibytes),
    ] {
        report(figure(metric, value, "MiB", bare.resident_mebibytes));
    }
    Ok(())
}

/// What starting them took, and how many mebibytes they had after each was used.
fn agave(path: &Path) -> Result<(Cost, f64)> {
    let before = resident_mebibytes()?;
    let began = Instant::now();
    let engine = Engine::new()?;
    let plugin = Plugin::load(&engine, path)?;
    let mut instances = start_all(&plugin)?;
    let started = Cost {
        seconds: began.elapsed().as_secs_f64(),
        resident_mebibytes: resident_mebibytes()? - before,
    };
    for instance in &mut instances {
        use_once(instance)?;
    }
    Ok((started, resident_mebibytes()? - before))
}

/// On both cores, as cameras do not wait for one another.
fn start_all(plugin: &Plugin) -> Result<Vec<Supervised>> {
    std::thread::scope(|scope| {
        let starting: Vec<_> = (0..THREADS)
            .map(|thread| {
                let cameras = (thread..CAMERAS).step_by(THREADS);
                scope.spawn(move || cameras.map(|camera| start_camera(plugin, camera)).collect())
            })
            .collect();
        let mut instances = Vec::with_capacity(CAMERAS * NODES);
        for thread in starting {
            let started: Result<Vec<Vec<Supervised>>> = thread
                .join()
                .map_err(|_| anyhow!("a starting thread panicked"))?;
            instances.extend(started?.into_iter().flatten());
        }
        Ok(instances)
    })
}

fn start_camera(plugin: &Plugin, camera: usize) -> Result<Vec<Supervised>> {
    (0..NODES)
        .map(|node| {
            let setup = NodeSetup {
                node: format!("calm-{node}"),
                stream: StreamInfo {
                    camera: format!("camera-{camera}"),
                    width: 1280,
                    height: 720,
                    classes: vec!["pina".to_owned(), "worker".to_owned(), "object".to_owned()],
                    zones: Vec::new(),
                },
                cameras: Vec::new(),
                config: r#"{"hold":"30s"}"#.to_owned(),
                limits: Limits::default(),
                grants: Grants::default(),
                outside: agave_plugin::Outside::default(),
            };
            Ok(Supervised::start(
                plugin.clone(),
                setup,
                OnFailure::Restart,
            )?)
        })
        .collect()
}

/// An incident passes, and so memory is touched and a snapshot kept.
fn use_once(instance: &mut Supervised) -> Result<()> {
    let begin = alert();
    let at = begin.at;
    let verdict = instance.call_announcing(
        at,
        |instance| instance.pass(std::slice::from_ref(&begin)),
        |passed| !passed.is_empty(),
    );
    match verdict {
        Verdict::Answered(passed) if passed.len() == 1 => Ok(()),
        other => bail!("the debouncer answered {other:?}"),
    }
}

fn alert() -> Alert {
    Alert {
        key: "camera/object/1".to_owned(),
        kind: "forbidden-object".to_owned(),
        phase: Phase::Begin,
        severity: Severity::Critical,
        at: Timestamp(1_000_000_000),
        frame: 1,
        class: "object".to_owned(),
        zone: None,
        detection: Detection {
            id: 1,
            class: 2,
            confidence: 0.9,
            bbox: BoundingBox {
                left: 0.1,
                top: 0.1,
                width: 0.2,
                height: 0.2,
            },
            track: None,
            zones: 0,
        },
        count: 1,
        attributes: Vec::new(),
    }
}

/// Nothing but instances, in a pool like the one that the host has.
fn bare(path: &Path) -> Result<Cost> {
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

    let error = |error: wasmtime::Error| anyhow!("{error:#}");
    let instances = u32::try_from(CAMERAS * NODES)?;
    let before = resident_mebibytes()?;
    let began = Instant::now();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * 3)
        .total_memories(instances)
        .total_tables(instances * 3);
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config).map_err(error)?;
    let component = Component::from_file(&engine, path).map_err(error)?;
    let mut linker = Linker::<()>::new(&engine);
    linker
        .define_unknown_imports_as_traps(&component)
        .map_err(error)?;
    let prepared = linker.instantiate_pre(&component).map_err(error)?;
    let mut stores = Vec::new();
    for _ in 0..instances {
        let mut store = Store::new(&engine, ());
        prepared.instantiate(&mut store).map_err(error)?;
        stores.push(store);
    }
    Ok(Cost {
        seconds: began.elapsed().as_secs_f64(),
        resident_mebibytes: resident_mebibytes()? - before,
    })
}

/// Memory of this process that is really there.
fn resident_mebibytes() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kibibytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .context("/proc/self/status has no VmRSS")?
        .parse()?;
    Ok(kibibytes / 1024.0)
}
