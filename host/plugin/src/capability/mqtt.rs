//! MQTT for adapters: messages to the brokers that the flow file names. The connection is the
//! host's, and so is the login.

use std::time::Duration;

use rumqttc::mqttbytes::QoS;

use crate::bindings::imports::agave::plugin::mqtt::{Error, Host, Qos};
use crate::guest::Guest;
use crate::network::{Interrupted, Publication, PublishError};
use crate::text::shortened;

const MOST_TOPIC_BYTES: usize = 1024;
const MOST_PAYLOAD_BYTES: usize = 256 << 10;
/// For connecting where that is needed, waiting for one's turn, and the acknowledgement.
const LONGEST: Duration = Duration::from_secs(10);

impl Host for Guest {
    fn publish(
        &mut self,
        broker: String,
        topic: String,
        payload: Vec<u8>,
        qos: Qos,
        retain: bool,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.publish_mqtt(&broker, topic, payload, qos, retain))
    }
}

impl Guest {
    fn publish_mqtt(
        &self,
        broker: &str,
        topic: String,
        payload: Vec<u8>,
        qos: Qos,
        retain: bool,
    ) -> Result<(), Error> {
        if !self.grants.mqtt.iter().any(|granted| granted == broker) {
            return Err(Error::NotAllowed(format!(
                "the broker `{}` is not granted; add it to the node's `allow.mqtt`",
                shortened(broker, 100)
            )));
        }
        if let Some(problem) = problem_with(&topic) {
            return Err(Error::NotAllowed(format!("the topic {problem}")));
        }
        if payload.len() > MOST_PAYLOAD_BYTES {
            return Err(Error::NotAllowed(format!(
                "a message of {} bytes; at most {MOST_PAYLOAD_BYTES}",
                payload.len()
            )));
        }
        let Some(network) = &self.outside.network else {
            return Err(Error::Disconnected);
        };
        let Some(broker) = network.broker(broker) else {
            return Err(Error::Disconnected);
        };
        let message = Publication {
            topic,
            payload,
            qos: match qos {
                Qos::AtMostOnce => QoS::AtMostOnce,
                Qos::AtLeastOnce => QoS::AtLeastOnce,
                Qos::ExactlyOnce => QoS::ExactlyOnce,
            },
            retain,
        };
        match network.wait(LONGEST * 2, broker.publish(message, LONGEST)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(PublishError::TimedOut)) | Err(Interrupted::TimedOut) => Err(Error::TimedOut),
            Ok(Err(PublishError::Disconnected)) | Err(Interrupted::Stopping) => {
                Err(Error::Disconnected)
            }
        }
    }
}

/// What keeps `topic` from being one that can be published to.
fn problem_with(topic: &str) -> Option<&'static str> {
    if topic.is_empty() {
        Some("is empty")
    } else if topic.len() > MOST_TOPIC_BYTES {
        Some("is longer than 1024 bytes")
    } else if topic.contains(['+', '#']) {
        Some("has a wildcard in it; those are for subscribing")
    } else if topic.starts_with('$') {
        Some("begins with `$`, which is the broker's own")
    } else if topic.contains(char::is_control) {
        Some("has a control character in it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::problem_with;

    #[test]
    fn a_topic_is_one_that_can_be_published_to() {
        assert_eq!(problem_with("farm/gate/alerts"), None);
        let long = "x".repeat(1025);
        for wrong in [
            "",
            "farm/+/alerts",
            "farm/#",
            "$SYS/x",
            "a\0b",
            long.as_str(),
        ] {
            assert!(problem_with(wrong).is_some(), "{wrong}");
        }
    }
}
