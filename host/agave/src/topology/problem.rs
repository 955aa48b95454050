//! Why a flow cannot be built, as a diagnostic of its file: with place, line and code.

use agave_flow::{Code, Diagnostic, Flow, Part};

use super::build::BuildError;
use crate::recording::PlayError;

impl BuildError {
    /// This problem of `flow`, where it stands.
    pub(crate) fn diagnostic(&self, flow: &Flow) -> Diagnostic {
        let (code, part) = match self {
            Self::Model { model, .. } => (Code::ModelRefused, Part::Model(model)),
            Self::Plugin { node, .. } => (Code::PluginRefused, Part::Settings(node)),
            Self::Load { node, .. } => (Code::NotBuilt, Part::Plugin(node)),
            Self::Grant { node, .. } => (Code::NotBuilt, Part::Grants(node)),
            Self::Sink { node, .. } => (Code::NotBuilt, Part::Node(node)),
            Self::Broker { broker, .. } => (Code::NotBuilt, Part::Broker(broker)),
            Self::Journal(_) | Self::Network(_) => (Code::NotBuilt, Part::Flow),
            Self::Classes { camera, .. } => (Code::NotBuilt, Part::Camera(camera)),
            Self::Recording { camera, reason, .. }
                if matches!(**reason, PlayError::NoCamera(_)) =>
            {
                (Code::RecordingRefused, Part::Recorded(camera))
            }
            Self::Recording { camera, .. } | Self::SeenClasses { camera, .. } => {
                (Code::RecordingRefused, Part::Source(camera))
            }
        };
        flow.problem(code, part, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of models and plugins are tried in the program; these need a machine that is broken.
    #[test]
    fn what_cannot_be_had_has_a_code() {
        let flow = Flow {
            name: "yard".to_owned(),
            file: "yard.yaml".into(),
            models: Vec::new(),
            brokers: Vec::new(),
            cameras: Vec::new(),
            nodes: Vec::new(),
            tests: Vec::new(),
            places: agave_flow::Places::default(),
        };
        let name = || "farm".to_owned();
        for error in [
            BuildError::Broker {
                broker: name(),
                reason: "its certificate cannot be read".to_owned(),
            },
            BuildError::Grant {
                node: name(),
                reason: "a secret is gone".to_owned(),
            },
            BuildError::Sink {
                node: name(),
                reason: "somebody else listens there".to_owned(),
            },
            BuildError::Network("there are no sockets".to_owned()),
            BuildError::Classes {
                camera: name(),
                count: 70_000,
            },
        ] {
            let diagnostic = error.diagnostic(&flow);
            assert_eq!(diagnostic.code(), Code::NotBuilt, "{diagnostic}");
            assert_eq!(diagnostic.message(), error.to_string());
        }
    }
}
