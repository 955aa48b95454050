//! What must hold for whatever a plugin returned and the host believed. It is said here a second
//! time, in other words than the host's own checks.

use agave_core::{Alert, Detection, FrameDetections, Phase, Role, StreamInfo, Timestamp};
use agave_plugin::{Delivery, Engine, Failure, Instance, NodeSetup, Outcome, Plugin, Snapshot};

use super::Puppet;

/// A puppet in each role, and what they are given.
pub(crate) struct Puppets {
    plugins: [Plugin; 4],
    instances: [Option<Instance>; 4],
    setup: NodeSetup,
    frame: FrameDetections,
    deliveries: Vec<Delivery>,
}

const ROLES: [Role; 4] = [Role::Filter, Role::Rule, Role::Gate, Role::Adapter];

impl Puppets {
    pub(crate) fn new(
        engine: &Engine,
        setup: NodeSetup,
        frame: FrameDetections,
        deliveries: Vec<Delivery>,
    ) -> Self {
        Self {
            plugins: ROLES.map(|role| Puppet::new(role).load(engine).unwrap()),
            instances: [const { None }; 4],
            setup,
            frame,
            deliveries,
        }
    }

    /// Lets the puppet in a role return these bytes from each of its functions, and says
    /// whether the host believed the first.
    pub(crate) fn return_bytes(&mut self, role: usize, bytes: &[u8]) -> bool {
        let role = role % ROLES.len();
        let mut instance = match self.instances[role].take() {
            Some(instance) => instance,
            None => Instance::start(&self.plugins[role], &self.setup).unwrap(),
        };
        let snapshot = Snapshot {
            version: 1,
            data: bytes.to_vec(),
        };
        instance.restore(&snapshot).unwrap();
        let called = self.call(ROLES[role], &mut instance);
        let mut usable = usable(&called);
        if usable {
            let saved = instance.save();
            if let Ok(snapshot) = &saved {
                assert_eq!(snapshot.version, 1);
                assert!(snapshot.data.len() <= 16 << 20);
            }
            usable = self::usable(&saved.map(drop));
        }
        if usable {
            self.instances[role] = Some(instance);
        }
        called.is_ok()
    }

    fn call(&self, role: Role, instance: &mut Instance) -> Result<(), Failure> {
        let stream = &self.setup.stream;
        match role {
            Role::Filter => {
                let passed = instance.process(&self.frame)?;
                believe_frame(&self.frame, &passed, stream);
            }
            Role::Rule => {
                let raised = instance.evaluate(&self.frame)?;
                believe_alerts(&raised, stream);
                assert!(raised.iter().all(|alert| alert.count > 0));
                assert!(raised.iter().all(|alert| alert.at <= self.frame.at));
                assert!(raised.iter().all(|alert| alert.frame <= self.frame.frame));
            }
            Role::Gate => {
                let mut given = instance.pass(&[])?;
                given.extend(instance.tick(Timestamp(1))?);
                let reminds = |alert: &Alert| alert.phase == Phase::Update;
                assert!(given.iter().all(|alert| alert.count > 0 || reminds(alert)));
                believe_alerts(&given, stream);
            }
            Role::Adapter => {
                let outcomes = instance.deliver(&self.deliveries)?;
                assert_eq!(outcomes.len(), self.deliveries.len());
                for outcome in outcomes {
                    if let Outcome::Rejected(reason) = outcome {
                        believe_sentence(&reason);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether the instance may be called again. A lie has no other name than these.
fn usable<T>(result: &Result<T, Failure>) -> bool {
    let Err(failure) = result else {
        return true;
    };
    let named = matches!(
        failure,
        Failure::PluginError(_)
            | Failure::BadOutput(_)
            | Failure::Malformed(_)
            | Failure::Output(_)
            | Failure::Snapshot(_)
    );
    assert!(named, "{failure:?}");
    believe_sentence(&failure.to_string());
    !failure.poisons()
}

fn believe_frame(given: &FrameDetections, passed: &FrameDetections, stream: &StreamInfo) {
    assert_eq!((passed.frame, passed.at), (given.frame, given.at));
    let given: std::collections::BTreeSet<u32> =
        given.detections.iter().map(|one| one.id).collect();
    let mut seen = std::collections::BTreeSet::new();
    for detection in &passed.detections {
        assert!(given.contains(&detection.id), "invented");
        assert!(seen.insert(detection.id), "twice");
        believe_detection(detection, stream);
    }
}

fn believe_detection(detection: &Detection, stream: &StreamInfo) {
    assert!(stream.classes.get(usize::from(detection.class)).is_some());
    let bits = 64 - detection.zones.leading_zeros() as usize;
    assert!(bits <= stream.zones.len(), "zones {:b}", detection.zones);
    assert!(detection.confidence >= 0.0 && detection.confidence <= 1.0);
    let bbox = detection.bbox;
    for number in [bbox.left, bbox.top, bbox.width, bbox.height] {
        assert!(number.is_finite() && number.abs() <= 3.0, "{bbox:?}");
    }
    assert!(bbox.width >= 0.0 && bbox.height >= 0.0, "{bbox:?}");
}

fn believe_alerts(alerts: &[Alert], stream: &StreamInfo) {
    assert!(alerts.len() <= 2000);
    for alert in alerts {
        assert!(!alert.key.is_empty() && !alert.kind.is_empty());
        assert!(alert.attributes.len() <= 64);
        let attributes = alert
            .attributes
            .iter()
            .flat_map(|(name, value)| [name, value]);
        for text in [&alert.key, &alert.kind].into_iter().chain(attributes) {
            believe_sentence(text);
        }
        assert!(stream.classes.contains(&alert.class));
        let zone = alert.zone.as_ref();
        assert!(zone.is_none_or(|zone| stream.zones.iter().any(|one| one.name == *zone)));
        believe_detection(&alert.detection, stream);
    }
}

/// It stays on its line, and is not a long one.
fn believe_sentence(text: &str) {
    assert!(text.len() <= 3000, "{} bytes", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}
