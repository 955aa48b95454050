//! From the text of a flow file to a checked flow, with every problem reported where it stands.
//!
//! The stages are types, and each knows only the one before it:
//!
//! ```text
//! FlowText ─► Tree ─► FlowSpec ─► Flow
//!  bytes,     YAML    what was    resolved: no names
//!  parts      + places written    left to look up
//! ```
//!
//! Nothing here touches a disk or a network, except [`FlowText`] to read itself: whatever else must be
//! asked (does this file exist, what is that plugin) is asked through [`Surroundings`].

mod brackets;
mod code;
mod conform;
mod diagnostic;
pub mod diff;
mod document;
pub mod edit;
mod findings;
mod flow;
mod hidden;
mod include;
mod interpolate;
mod mask;
mod named;
mod overrides;
mod place;
mod places;
mod report;
mod resolve;
mod scalar;
mod schema;
mod settings;
mod sources;
mod spec;
mod suggest;
mod surroundings;
mod template;
mod text;
mod tree;
mod veil;
mod wording;
mod yaml;

pub use code::{Code, NoSuchCode, Severity};
pub use diagnostic::{Diagnostic, Diagnostics};
pub use diff::{Changes, diff};
pub use document::document;
pub use flow::{
    Broker, Camera, CameraIndex, CameraKind, Database, Device, ExpectedAlert, Flow, Given,
    GivenDetection, Grants, Limits, Model, ModelIndex, Node, NodeIndex, Origin, PluginNode, Scheme,
    TestCase, TestInputs, Work,
};
pub use include::Inputs;
pub use interpolate::literal;
pub use mask::masked;
pub use overrides::Override;
pub use place::{FileIndex, Place, Position, Span};
pub use places::{Part, Places};
pub use resolve::is_recording;
pub use schema::{part_schema, schema};
pub use settings::settings_problems;
pub use spec::{OnFailure, Order, Pace, Partition, Transport};
pub use suggest::instead_of;
pub use surroundings::{PluginCatalog, PluginFacts, PluginProblem, Surroundings, secret_variable};
pub use text::FlowText;
pub use veil::{Veiled, veil};

use std::path::Path;

use agave_core::Fingerprint;
use report::Report;

/// What became of a flow file.
#[derive(Debug)]
pub struct Loaded {
    /// The flow, exactly when there is no error among the problems.
    pub flow: Option<Flow>,
    /// Everything that is wrong, and warnings.
    pub diagnostics: Diagnostics,
    /// What was read, for whoever wants to know when it changes. It is there for a broken flow too.
    pub inputs: Inputs,
}

/// Takes a flow file all the way: reads it with its parts, applies `overrides`, checks everything
/// and resolves every name. All problems come back at once.
pub fn load_file(file: &Path, overrides: &[Override], surroundings: &dyn Surroundings) -> Loaded {
    let mut inputs = Inputs::default();
    let read = surroundings.read(file);
    let fingerprint = read.as_ref().ok().map(|bytes| Fingerprint::of(bytes));
    inputs.files.insert(file.to_owned(), fingerprint);
    let text = read
        .map_err(|error| text::unreadable(file, &error).into())
        .and_then(|bytes| FlowText::from_bytes(file, bytes));
    let (flow, diagnostics) = match text {
        Ok(text) => checked(&text, overrides, surroundings, &mut inputs),
        Err(diagnostics) => (None, diagnostics),
    };
    Loaded {
        flow,
        diagnostics,
        inputs,
    }
}

/// The same for a flow file that someone else has read. Parts that it includes are read all the
/// same.
pub fn load(
    text: &FlowText,
    overrides: &[Override],
    surroundings: &dyn Surroundings,
) -> (Option<Flow>, Diagnostics) {
    checked(text, overrides, surroundings, &mut Inputs::default())
}

/// Reads the parts that a flow file includes, as far as they can be found, and nothing more: for
/// whoever wants to know of what a flow consists.
pub fn follow(text: &FlowText, surroundings: &dyn Surroundings) -> Inputs {
    let mut inputs = Inputs::default();
    let mut report = Report::new(text);
    include::gather(surroundings, &mut report, &mut inputs);
    inputs
}

fn checked(
    text: &FlowText,
    overrides: &[Override],
    surroundings: &dyn Surroundings,
    inputs: &mut Inputs,
) -> (Option<Flow>, Diagnostics) {
    let mut report = Report::new(text);
    let flow = include::gather(surroundings, &mut report, inputs).and_then(|mut tree| {
        overrides::apply(&mut tree, overrides, &mut report);
        let mut broken = template::expand(&mut tree, &mut report)?;
        tree.sort();
        broken.extend(interpolate::environment(
            &mut tree,
            surroundings,
            &mut report,
        ));
        let conforming = conform::conform(tree, broken, &mut report)?;
        resolve::resolve(text, &conforming, surroundings, &mut report)
    });
    let diagnostics = report.finish();
    (flow.filter(|_| !diagnostics.has_errors()), diagnostics)
}
