//! Messages to the brokers that the flow file names. In a native test there is no host: the
//! messages are kept, and [`testing::published`](crate::testing::published) gives them back.

pub use crate::bindings::imports::agave::plugin::mqtt::{Error, Qos};

/// A message for a broker.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// How surely.
    pub qos: Qos,
    /// Whether the broker keeps it for those who subscribe later.
    pub retain: bool,
}

/// Publishes and waits until the broker has it as surely as `qos` says.
///
/// # Errors
/// When it does not: see [`Error`].
pub fn publish(
    broker: &str,
    topic: &str,
    payload: &[u8],
    qos: Qos,
    retain: bool,
) -> Result<(), Error> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::mqtt::publish(
        broker, topic, payload, qos, retain,
    );
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = broker;
        crate::testing::publish(Message {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            qos,
            retain,
        })
    }
}

impl Message {
    /// Publishes it.
    ///
    /// # Errors
    /// Those of [`publish`].
    pub fn publish(&self, broker: &str) -> Result<(), Error> {
        publish(broker, &self.topic, &self.payload, self.qos, self.retain)
    }
}
