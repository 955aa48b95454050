//! From the text of a flow file to a checked flow, with every problem reported where it stands.
//!
//! The stages are types, and each knows only the one before it:
//!
//! ```text
//! FlowText ─► Tree ─► FlowSpec ─► Flow
//!  bytes      YAML    what was    resolved: no names
//!             + places written    left to look up
//! ```
//!
//! Nothing here touches a disk or a network, except [`FlowText::read`]: whatever else must be
//! asked (does this file exist, what is that plugin) is asked through [`Surroundings`].

mod code;
mod conform;
mod diagnostic;
pub mod diff;
mod document;
mod findings;
mod flow;
mod interpolate;
mod mask;
mod named;
mod overrides;
mod place;
mod report;
mod resolve;
mod scalar;
mod schema;
mod settings;
mod spec;
mod suggest;
mod surroundings;
mod text;
mod tree;
mod wording;
mod yaml;

pub use code::{Code, Severity};
pub use diagnostic::{Diagnostic, Diagnostics};
pub use diff::{Changes, diff};
pub use document::document;
pub use flow::{
    Broker, Camera, CameraIndex, CameraKind, ExpectedAlert, Flow, Given, GivenDetection, Grants,
    Inputs, Limits, Model, ModelIndex, Node, NodeIndex, Origin, PluginNode, Scheme, TestCase, Work,
};
pub use overrides::Override;
pub use place::{Place, Position, Span};
pub use schema::schema;
pub use settings::settings_problems;
pub use spec::{OnFailure, Pace, Partition, Transport};
pub use suggest::instead_of;
pub use surroundings::{PluginCatalog, PluginFacts, PluginProblem, Surroundings, secret_variable};
pub use text::FlowText;

use report::Report;

/// Takes a flow file all the way: parses it, applies `overrides`, checks everything and resolves
/// every name.
///
/// All problems come back at once. There is a flow exactly when there is no error among them;
/// warnings do not prevent one.
pub fn load(
    text: &FlowText,
    overrides: &[Override],
    surroundings: &dyn Surroundings,
) -> (Option<Flow>, Diagnostics) {
    let mut report = Report::new(text);
    let flow = yaml::parse(text, &mut report).and_then(|mut tree| {
        overrides::apply(&mut tree, overrides, &mut report);
        tree.sort();
        let broken = interpolate::environment(&mut tree, surroundings, &mut report);
        let conforming = conform::conform(tree, broken, &mut report)?;
        resolve::resolve(text, &conforming, surroundings, &mut report)
    });
    let diagnostics = report.finish();
    (flow.filter(|_| !diagnostics.has_errors()), diagnostics)
}
