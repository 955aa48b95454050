//! How long each step from a file to the detections takes, on one thread: decoding, preparing a
//! tensor, ONNX Runtime alone on the same tensors, and a whole detection.
//!
//!     cargo run --release -p agave-media --example steps -- model.onnx clip.mp4 [frames]

#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_media::{Frame, FrameSink, Model, ModelOptions, Picture, SourceConfig, SourceEvent, run};
use tokio_util::sync::CancellationToken;

struct Pictures {
    wanted: usize,
    kept: Vec<Arc<Picture>>,
    shutdown: CancellationToken,
}

impl FrameSink for Pictures {
    fn frame(&mut self, frame: Frame) {
        self.kept.push(frame.picture);
        if self.kept.len() == self.wanted {
            self.shutdown.cancel();
        }
    }

    fn event(&mut self, _: SourceEvent) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(model), Some(clip)) = (arguments.next(), arguments.next()) else {
        return Err("steps MODEL CLIP [FRAMES]".into());
    };
    let wanted = arguments.next().map_or(Ok(200), |count| count.parse())?;

    let shutdown = CancellationToken::new();
    let mut pictures = Pictures {
        wanted,
        kept: Vec::new(),
        shutdown: shutdown.clone(),
    };
    let started = Instant::now();
    run(&SourceConfig::new("clip", clip), &mut pictures, &shutdown)?;
    let decode = started.elapsed();
    let count = u32::try_from(pictures.kept.len())?;

    let model = Model::load(model, ModelOptions::default())?;
    let mut detector = model.session()?;
    let mut prepare = Duration::ZERO;
    let mut bare = Duration::ZERO;
    for picture in &pictures.kept {
        let started = Instant::now();
        detector.prepare(picture)?;
        prepare += started.elapsed();
        bare += detector.infer_prepared()?;
    }
    let (mut inference, mut postprocess, mut found) = (Duration::ZERO, Duration::ZERO, 0);
    let started = Instant::now();
    for picture in &pictures.kept {
        let (detections, timings) = detector.detect(picture)?;
        inference += timings.inference;
        postprocess += timings.postprocess;
        found += detections.len();
    }
    let whole = started.elapsed();
    println!(
        "{count} frames, {found} detections, {:?} {:?}",
        model.layout(),
        model.input_size()
    );
    println!("decode          {:>10.3?} a frame", decode / count);
    println!("prepare         {:>10.3?}", prepare / count);
    println!("inference bare  {:>10.3?}", bare / count);
    println!("inference       {:>10.3?}", inference / count);
    println!("postprocess     {:>10.3?}", postprocess / count);
    println!("whole detection {:>10.3?}", whole / count);
    Ok(())
}
