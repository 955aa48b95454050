//! One hop through a plugin as a flow makes it, beside the same component on bare wasmtime and
//! the same filter in native Rust.

use std::hint::black_box;
use std::time::{Duration, Instant};

use agave_core::{BoundingBox, Detection, FrameDetections, Point, StreamInfo, Timestamp, Zone};
use agave_plugin::{
    Engine, Grants, Limits, NodeSetup, OnFailure, Outside, Plugin, Supervised, Verdict,
};
use agave_vision_sdk::{Filter as _, Plugin as _};
use anyhow::{Result, anyhow};

use crate::component::component;
use crate::extism::Peer;
use crate::figure::{Figure, median};

const ROUNDS: usize = 41;
const CALLS_A_ROUND: u32 = 5_000;

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    for count in [8, 100] {
        let frame = frame(count);
        let mut hop = Hop::new()?;
        let mut bare = bare::Filter::new(&component("roi")?, true)?;
        let mut unchecked = bare::Filter::new(&component("roi")?, false)?;
        let mut native = Native::new()?;
        let bare_frames = bare::frames(&frame);
        let native_frame = Native::frame(&frame);
        let mut peer = Peer::start()?;
        let (mut raws, mut jsons) = (Vec::new(), Vec::new());
        let (mut hops, mut bares, mut natives) = (Vec::new(), Vec::new(), Vec::new());
        let mut uncheckeds = Vec::new();
        for _ in 0..ROUNDS {
            hops.push(nanoseconds(|| hop.call(&frame))?);
            bares.push(nanoseconds(|| bare.call(&bare_frames))?);
            uncheckeds.push(nanoseconds(|| unchecked.call(&bare_frames))?);
            if let Some(peer) = &mut peer {
                raws.push(peer.nanoseconds("raw", count)?);
                jsons.push(peer.nanoseconds("json", count)?);
            }
            natives.push(nanoseconds(|| native.call(&native_frame))?);
        }
        let (hop, bare, native) = (median(hops), median(bares), median(natives));
        let figure = |metric: &str, value| Figure {
            bench: "hop",
            metric: format!("{metric}_{count}_detections"),
            value,
            unit: "ns",
            baseline: bare,
            beside: "bare wasmtime",
        };
        report(figure("hop", hop));
        report(figure("native_rust", native));
        report(Figure {
            baseline: median(uncheckeds),
            beside: "bare wasmtime without it",
            ..figure("deadline_check", bare)
        });
        for (metric, measured) in [("extism_raw", raws), ("extism_json", jsons)] {
            if !measured.is_empty() {
                report(Figure {
                    baseline: hop,
                    beside: "a hop in Agave",
                    ..figure(metric, median(measured))
                });
            }
        }
    }
    Ok(())
}

/// The time of one call, from a round of them.
fn nanoseconds(mut call: impl FnMut() -> Result<usize>) -> Result<f64> {
    let began = Instant::now();
    for _ in 0..CALLS_A_ROUND {
        black_box(call()?);
    }
    Ok(began.elapsed().as_nanos() as f64 / f64::from(CALLS_A_ROUND))
}

fn polygon() -> Vec<(f32, f32)> {
    vec![(0.10, 0.40), (0.60, 0.35), (0.65, 0.95), (0.08, 0.95)]
}

fn stream() -> StreamInfo {
    StreamInfo {
        camera: "gate".to_owned(),
        width: 768,
        height: 432,
        classes: vec!["object".to_owned()],
        zones: vec![Zone {
            name: "forbidden".to_owned(),
            polygon: polygon().iter().map(|&(x, y)| Point { x, y }).collect(),
        }],
    }
}

fn frame(count: u32) -> FrameDetections {
    let detection = |id: u32| Detection {
        id,
        class: 0,
        confidence: 0.9,
        bbox: BoundingBox {
            left: (id as f32 * 0.37) % 0.9,
            top: (id as f32 * 0.23) % 0.9,
            width: 0.05,
            height: 0.1,
        },
        track: None,
        zones: 0,
    };
    FrameDetections {
        frame: 1,
        at: Timestamp(1_000_000_000),
        detections: (0..count).map(detection).collect(),
    }
}

/// The call that a flow makes, with supervision, limits and checks.
struct Hop {
    plugin: Supervised,
}

impl Hop {
    fn new() -> Result<Self> {
        let plugin = Plugin::load(&Engine::new()?, &component("roi")?)?;
        let setup = NodeSetup {
            node: "zoned".to_owned(),
            stream: stream(),
            cameras: Vec::new(),
            config: "{}".to_owned(),
            limits: Limits {
                deadline: Duration::from_millis(50),
                ..Limits::default()
            },
            grants: Grants::default(),
            outside: Outside::default(),
        };
        let plugin = Supervised::start(plugin, setup, OnFailure::Restart)?;
        Ok(Self { plugin })
    }

    fn call(&mut self, frame: &FrameDetections) -> Result<usize> {
        match self
            .plugin
            .call(frame.at, |instance| instance.process(frame))
        {
            Verdict::Answered(passed) => Ok(passed.detections.len()),
            Verdict::Around(reason) | Verdict::Dropped(reason) => Err(anyhow!("{reason}")),
        }
    }
}

/// The same filter without WASM.
struct Native {
    roi: roi::Roi,
}

impl Native {
    fn new() -> Result<Self> {
        use agave_vision_sdk::types::{Point, StreamInfo, Zone};
        let stream = StreamInfo {
            camera: "gate".to_owned(),
            width: 768,
            height: 432,
            classes: vec!["object".to_owned()],
            zones: vec![Zone {
                name: "forbidden".to_owned(),
                polygon: polygon().iter().map(|&(x, y)| Point { x, y }).collect(),
            }],
        };
        let roi = roi::Roi::configure(roi::Config::default(), &stream).map_err(|e| anyhow!(e))?;
        Ok(Self { roi })
    }

    fn frame(frame: &FrameDetections) -> agave_vision_sdk::types::FrameDetections {
        use agave_vision_sdk::types::{Bbox, Detection, FrameDetections};
        let detection = |detection: &agave_core::Detection| Detection {
            id: detection.id,
            class: detection.class,
            confidence: detection.confidence,
            bbox: Bbox {
                left: detection.bbox.left,
                top: detection.bbox.top,
                width: detection.bbox.width,
                height: detection.bbox.height,
            },
            track: detection.track,
            zones: detection.zones,
        };
        FrameDetections {
            frame: frame.frame,
            at: frame.at.0,
            detections: frame.detections.iter().map(detection).collect(),
        }
    }

    fn call(&mut self, frame: &agave_vision_sdk::types::FrameDetections) -> Result<usize> {
        let passed = self
            .roi
            .process(&mut (), frame.clone())
            .map_err(|e| anyhow!(e))?;
        Ok(passed.detections.len())
    }
}

/// The least that it takes to call the component: wasmtime and its generated bindings.
mod bare {
    use std::path::Path;

    use agave_core::FrameDetections as CoreFrame;
    use anyhow::{Context, Result, anyhow};
    use wasmtime::component::{Component, HasSelf, Linker};
    use wasmtime::{Config, Engine, Store};

    mod generated {
        #![allow(missing_docs, unreachable_pub, clippy::all)]
        wasmtime::component::bindgen!({
            path: "../wit/0.1.0",
            world: "filter-plugin",
        });
    }

    use generated::agave::plugin::{log, types};
    use generated::exports::agave::plugin::filter::FrameDetections;

    struct Silence;

    impl types::Host for Silence {}

    impl log::Host for Silence {
        fn write(&mut self, _: log::Level, _: String) {}
    }

    pub(super) struct Filter {
        store: Store<Silence>,
        plugin: generated::FilterPlugin,
    }

    impl Filter {
        /// With or without the checks of the deadline in the compiled code.
        pub(super) fn new(component: &Path, deadline: bool) -> Result<Self> {
            let mut config = Config::new();
            config
                .concurrency_support(false)
                .epoch_interruption(deadline);
            let engine = Engine::new(&config).map_err(|e| anyhow!("{e:#}"))?;
            let component =
                Component::from_file(&engine, component).map_err(|e| anyhow!("{e:#}"))?;
            let mut linker = Linker::new(&engine);
            generated::FilterPlugin::add_to_linker::<_, HasSelf<Silence>>(&mut linker, |s| s)
                .map_err(|e| anyhow!("{e:#}"))?;
            let mut store = Store::new(&engine, Silence);
            if deadline {
                store.set_epoch_deadline(u64::MAX / 2);
            }
            let plugin = generated::FilterPlugin::instantiate(&mut store, &component, &linker)
                .map_err(|e| anyhow!("{e:#}"))?;
            let core_stream = super::stream();
            let stream = types::StreamInfo {
                camera: core_stream.camera,
                width: core_stream.width,
                height: core_stream.height,
                classes: core_stream.classes,
                zones: vec![types::Zone {
                    name: "forbidden".to_owned(),
                    polygon: super::polygon()
                        .into_iter()
                        .map(|(x, y)| types::Point { x, y })
                        .collect(),
                }],
            };
            plugin
                .agave_plugin_lifecycle()
                .call_configure(&mut store, "{}", &stream)
                .map_err(|e| anyhow!("{e:#}"))?
                .map_err(|e| anyhow!(e))?;
            Ok(Self { store, plugin })
        }

        pub(super) fn call(&mut self, frames: &[FrameDetections]) -> Result<usize> {
            let passed = self
                .plugin
                .agave_plugin_filter()
                .call_process(&mut self.store, frames)
                .map_err(|e| anyhow!("{e:#}"))?
                .map_err(|e| anyhow!(e))?;
            let first = passed.first().context("the filter gave no frame")?;
            Ok(first.detections.len())
        }
    }

    pub(super) fn frames(frame: &CoreFrame) -> Vec<FrameDetections> {
        let detection = |detection: &agave_core::Detection| types::Detection {
            id: detection.id,
            class: detection.class,
            confidence: detection.confidence,
            bbox: types::Bbox {
                left: detection.bbox.left,
                top: detection.bbox.top,
                width: detection.bbox.width,
                height: detection.bbox.height,
            },
            track: detection.track,
            zones: detection.zones,
        };
        vec![FrameDetections {
            frame: frame.frame,
            at: frame.at.0,
            detections: frame.detections.iter().map(detection).collect(),
        }]
    }
}
