//! Why a flow cannot be built, as a diagnostic of its file: with place, line and code.

use agave_flow::{Code, Diagnostic, Flow, Part};

use super::build::BuildError;

impl BuildError {
    /// This problem of `flow`, where it stands.
    pub(crate) fn diagnostic(&self, flow: &Flow) -> Diagnostic {
        let (code, part) = match self {
            Self::Model { model, .. } => (Code::ModelRefused, Part::Model(model)),
            Self::Plugin { node, .. } => (Code::PluginRefused, Part::Settings(node)),
            Self::Load { node, .. } => (Code::NotBuilt, Part::Plugin(node)),
            Self::Grant { node, .. } => (Code::NotBuilt, Part::Grants(node)),
            Self::Broker { broker, .. } => (Code::NotBuilt, Part::Broker(broker)),
            Self::Network(_) => (Code::NotBuilt, Part::Flow),
            Self::Classes { camera, .. } => (Code::NotBuilt, Part::Camera(camera)),
        };
        flow.problem(code, part, self.to_string())
    }
}
