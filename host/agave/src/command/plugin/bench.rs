//! `agave plugin bench`: what a plugin costs, from its file to one call of it.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use agave_core::{
    Alert, BoundingBox, Detection, FrameDetections, Phase, Point, Role, Severity, StreamInfo,
    Timestamp, Zone,
};
use agave_plugin::{Delivery, Engine, Failure, Grants, Instance, NodeSetup, Plugin};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::target;
use crate::command::run::runtime;
use crate::command::{machine, print};
use crate::trial::{START, node_setup};

const CAMERA: &str = "camera";
const CLASSES: [&str; 3] = ["object", "person", "vehicle"];
/// The lower half of the frame.
const ZONE: &str = "zone";
/// Between two frames or alerts of what is given.
const FRAME_TIME: Duration = Duration::from_millis(200);
const STARTS: usize = 51;
const LOADS_FROM_CACHE: usize = 11;
/// Before the first call that counts.
const WARM_UP: Duration = Duration::from_millis(200);

#[derive(Args)]
#[command(after_help = "\
The plugin sees a camera called `camera` with the classes object, person and vehicle and a zone \
called `zone`. An adapter is granted nothing: its figures are its own work up to the point where \
the host refuses the request.")]
pub(crate) struct Bench {
    /// The plugin: its name, its file or the folder of its project
    plugin: String,
    /// How many detections a frame has, or how many alerts a call gives
    #[arg(long, value_name = "NUMBER", default_value_t = 8,
          value_parser = clap::value_parser!(u32).range(0..=10_000))]
    detections: u32,
    /// How long it is called
    #[arg(long, value_name = "NUMBER", default_value_t = 2.0)]
    seconds: f64,
    /// The settings, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}")]
    config: String,
    /// Print a JSON object for each figure
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config: Map<String, Value> = serde_json::from_str(&self.config)
            .context("`--config` has to be a JSON object, for example '{\"zone\": \"zone\"}'")?;
        let path = target::component(&machine()?, &self.plugin)?;
        let (plugin, loading) = loaded(&path)?;
        let problems = agave_flow::settings_problems(
            &plugin.description().name,
            &plugin.description().config_schema,
            &Value::Object(config.clone()),
        );
        if !problems.is_empty() {
            bail!("{}; give settings with `--config`", problems.join("; "));
        }
        let runtime = runtime()?;
        let setup = NodeSetup {
            stream: stream(),
            cameras: match plugin.looks_at_several_cameras() {
                true => vec![stream()],
                false => Vec::new(),
            },
            ..node_setup(plugin.role(), &config, Grants::default(), &runtime)?
        };
        let figures = Figures {
            loading,
            calling: self.called(&plugin, &setup)?,
        };
        if self.json {
            figures.json(&plugin).iter().for_each(|line| print(line));
        } else {
            print(&figures.told(&plugin, self.detections));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn called(&self, plugin: &Plugin, setup: &NodeSetup) -> Result<Calling> {
        let failed = |failure: Failure| anyhow!("the plugin {failure}");
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            let began = Instant::now();
            let instance = Instance::start(plugin, setup).map_err(failed)?;
            starts.push(began.elapsed());
            drop(instance);
        }
        let mut instance = Instance::start(plugin, setup).map_err(failed)?;
        let start_bytes = instance.memory_bytes();
        let mut inputs = Inputs {
            role: plugin.role(),
            several_cameras: plugin.looks_at_several_cameras(),
            count: self.detections,
            calls: 0,
        };
        let warm_from = Instant::now();
        while warm_from.elapsed() < WARM_UP {
            inputs.call(&mut instance).map_err(failed)?;
        }
        let mut nanoseconds = Histogram::<u64>::new(3)?;
        let length = Duration::try_from_secs_f64(self.seconds)
            .map_err(|_| anyhow!("`--seconds` has to be a number above 0"))?;
        let began = Instant::now();
        // At least one call counts, however short the time is.
        while nanoseconds.is_empty() || began.elapsed() < length {
            let took = inputs.call(&mut instance).map_err(failed)?;
            nanoseconds.record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX))?;
        }
        Ok(Calling {
            start: median(starts),
            nanoseconds,
            start_bytes,
            end_bytes: instance.memory_bytes(),
        })
    }
}

/// What it takes to have the plugin.
struct Loading {
    compile: Duration,
    from_cache: Duration,
}

/// What it takes to use it.
struct Calling {
    start: Duration,
    nanoseconds: Histogram<u64>,
    start_bytes: usize,
    end_bytes: usize,
}

struct Figures {
    loading: Loading,
    calling: Calling,
}

/// Compiles the plugin in `path`, then finds it compiled.
fn loaded(path: &Path) -> Result<(Plugin, Loading)> {
    let engine = Engine::new().context("cannot run plugins here")?;
    let began = Instant::now();
    Plugin::load(&engine, path)?;
    let compile = began.elapsed();

    let cache = tempfile::tempdir().context("cannot make a folder for compiled plugins")?;
    let engine = engine.with_cache(cache.path())?;
    let mut plugin = Plugin::load(&engine, path)?;
    let mut loads = Vec::new();
    for _ in 0..LOADS_FROM_CACHE {
        let began = Instant::now();
        plugin = Plugin::load(&engine, path)?;
        loads.push(began.elapsed());
        if !plugin.is_from_cache() {
            bail!(
                "a compiled plugin could not be kept in {}",
                cache.path().display()
            );
        }
    }
    let from_cache = median(loads);
    Ok((
        plugin,
        Loading {
            compile,
            from_cache,
        },
    ))
}

/// Makes what a plugin is called with: time goes on, and things move.
struct Inputs {
    role: Role,
    several_cameras: bool,
    count: u32,
    calls: u64,
}

impl Inputs {
    /// Calls once, and gives how long that took.
    fn call(&mut self, instance: &mut Instance) -> Result<Duration, Failure> {
        self.calls += 1;
        let frame_nanoseconds = u64::try_from(FRAME_TIME.as_nanos()).unwrap_or_default();
        let since_start = Duration::from_nanos(frame_nanoseconds.saturating_mul(self.calls));
        let at = START + since_start;
        if !self.role.reads_alerts() {
            let frame = FrameDetections {
                frame: self.calls,
                at,
                detections: (0..self.count).map(|id| self.detection(id)).collect(),
            };
            let began = Instant::now();
            if self.role == Role::Filter {
                black_box(instance.process(&frame)?);
            } else if self.several_cameras {
                black_box(instance.evaluate_site(0, &frame)?);
            } else {
                black_box(instance.evaluate(&frame)?);
            }
            return Ok(began.elapsed());
        }
        let alerts: Vec<Alert> = (0..self.count).map(|index| self.alert(index, at)).collect();
        if self.role == Role::Gate {
            let began = Instant::now();
            black_box(match self.several_cameras {
                true => instance.pass_site(0, &alerts)?,
                false => instance.pass(&alerts)?,
            });
            return Ok(began.elapsed());
        }
        let deliveries: Vec<Delivery> = alerts
            .into_iter()
            .map(|alert| Delivery {
                idempotency_key: alert.key.clone(),
                camera: CAMERA.to_owned(),
                attempt: 1,
                media_time: since_start,
                alert,
            })
            .collect();
        let began = Instant::now();
        black_box(instance.deliver(&deliveries)?);
        Ok(began.elapsed())
    }

    fn detection(&self, id: u32) -> Detection {
        let place = |step: f32| (id as f32 * step + self.calls as f32 * 0.001) % 0.8;
        Detection {
            id,
            class: u16::try_from(id as usize % CLASSES.len()).unwrap_or_default(),
            confidence: 0.9,
            bbox: BoundingBox {
                left: place(0.37),
                top: place(0.23),
                width: 0.1,
                height: 0.2,
            },
            track: None,
            zones: u64::from(id % 2),
        }
    }

    /// Incidents begin and end in turn, so that a gate does not keep ever more of them.
    fn alert(&self, index: u32, at: Timestamp) -> Alert {
        let class = CLASSES.get(index as usize % CLASSES.len());
        Alert {
            key: format!("{CAMERA}/example/{index}"),
            kind: format!("example-{index}"),
            phase: match self.calls % 2 {
                1 => Phase::Begin,
                _ => Phase::End,
            },
            severity: Severity::Warning,
            at,
            frame: self.calls,
            class: class.copied().unwrap_or_default().to_owned(),
            zone: Some(ZONE.to_owned()),
            detection: self.detection(index),
            count: 1,
            attributes: Vec::new(),
        }
    }
}

fn stream() -> StreamInfo {
    let corners = [(0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)];
    StreamInfo {
        camera: CAMERA.to_owned(),
        width: 1280,
        height: 720,
        classes: CLASSES.map(str::to_owned).to_vec(),
        zones: vec![Zone {
            name: ZONE.to_owned(),
            polygon: corners.iter().map(|&(x, y)| Point { x, y }).collect(),
        }],
    }
}

/// The middle; it forgives a few rounds in which the machine did something else.
fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations
        .get(durations.len() / 2)
        .copied()
        .unwrap_or_default()
}

impl Figures {
    fn told(&self, plugin: &Plugin, count: u32) -> String {
        let description = plugin.description();
        let role = plugin.role();
        let unit = match role.reads_alerts() {
            true => "alerts",
            false => "detections",
        };
        let Calling {
            start,
            nanoseconds,
            start_bytes,
            end_bytes,
        } = &self.calling;
        let kibibytes = |bytes: &usize| bytes.div_ceil(1024);
        let mut lines = vec![
            format!(
                "{} {}, {role}, {count} {unit} a call",
                description.name, description.version
            ),
            format!("size              {} KiB", kibibytes(&plugin.size_bytes())),
            format!(
                "compile           {:.1} ms",
                milliseconds(self.loading.compile)
            ),
            format!(
                "start from cache  {:.2} ms",
                milliseconds(self.loading.from_cache)
            ),
            format!(
                "instantiate       {:.0} µs, with configuring",
                microseconds(*start)
            ),
            format!(
                "call              p50 {:.2} µs, p99 {:.2} µs, of {} calls",
                self.quantile(0.5),
                self.quantile(0.99),
                nanoseconds.len()
            ),
            format!(
                "memory            {} KiB after the start, {} KiB after the calls",
                kibibytes(start_bytes),
                kibibytes(end_bytes)
            ),
        ];
        if role == Role::Adapter {
            lines.push("An adapter is granted nothing here: a call ends where the host refuses its request.".to_owned());
        }
        lines.join("\n")
    }

    fn json(&self, plugin: &Plugin) -> Vec<String> {
        let Calling {
            start,
            start_bytes,
            end_bytes,
            ..
        } = &self.calling;
        let figures = [
            ("size", plugin.size_bytes() as f64, "bytes"),
            ("compile", milliseconds(self.loading.compile), "ms"),
            ("from_cache", milliseconds(self.loading.from_cache), "ms"),
            ("instantiate", microseconds(*start), "us"),
            ("call_p50", self.quantile(0.5), "us"),
            ("call_p99", self.quantile(0.99), "us"),
            ("memory_at_start", *start_bytes as f64, "bytes"),
            ("memory_at_end", *end_bytes as f64, "bytes"),
        ];
        figures
            .iter()
            .map(|(metric, value, unit)| {
                let value = (value * 1000.0).round() / 1000.0;
                json!({
                    "bench": "plugin",
                    "plugin": plugin.description().name,
                    "metric": metric,
                    "value": value,
                    "unit": unit,
                    // What a plugin stands beside, `cargo xtask bench languages` knows.
                    "baseline": null,
                    "ratio": null,
                })
                .to_string()
            })
            .collect()
    }

    /// In microseconds.
    fn quantile(&self, quantile: f64) -> f64 {
        self.calling.nanoseconds.value_at_quantile(quantile) as f64 / 1e3
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
