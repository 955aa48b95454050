//! Models: the file must be there. What is in it is looked at when it is loaded.

use agave_core::Fingerprint;

use super::Context;
use super::cameras::is_recording;
use crate::{Code, Model, interpolate, tree};

/// Where all cameras are recordings the models have looked already, and need not be there.
pub(super) fn resolve(cx: &mut Context<'_, '_>) -> Option<Vec<Model>> {
    let cameras = &cx.spec().cameras.0;
    let is_played = |url: &str| {
        let address = interpolate::secret_address(url, cx.surroundings);
        address.is_some_and(|address| is_recording(address.full.reveal()))
    };
    let have_looked =
        !cameras.is_empty() && cameras.iter().all(|(_, camera)| is_played(&camera.url));
    let models = &cx.spec().models;
    cx.each("models", models, |cx, pointer, name, spec| {
        let at = tree::join(pointer, "path");
        let path = cx.folder(&at).join(&spec.path);
        let is_there = cx.surroundings.file_exists(&path);
        let fingerprint = cx.surroundings.fingerprint(&path).filter(|_| is_there);
        let fingerprint = fingerprint.or_else(|| have_looked.then(|| Fingerprint::of(b"")));
        let Some(fingerprint) = fingerprint else {
            let problem = if is_there {
                "may not be read: "
            } else {
                "there is no file "
            };
            let message = format!("model '{name}': {problem}`{}`", path.display());
            let help =
                "the path is relative to the folder of the file that it stands in".to_owned();
            cx.problem(Code::FileNotFound, &at, message, Some(help));
            return None;
        };
        Some(Model {
            name: name.to_owned(),
            path,
            fingerprint,
            confidence: as_f32(spec.confidence),
            iou: as_f32(spec.iou),
        })
    })
}

/// Fractions and rates do not need more digits than an `f32` has.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn as_f32(value: f64) -> f32 {
    value as f32
}
