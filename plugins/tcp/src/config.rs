//! The settings.

use agave_vision_sdk::prelude::*;

/// Configuration of the TCP adapter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The receiver as `HOST:PORT`. The node's `allow.tcp` has to grant it.
    pub address: String,
    /// What is sent for an alert: a text with placeholders, or `{ hex: "02 {camera} 03" }` with
    /// bytes in hexadecimal digits between them. The default is the JSON object of
    /// `agave run --json`.
    #[serde(default)]
    pub payload: Option<Bytes>,
    /// How the receiver knows where a message ends.
    #[serde(default)]
    pub framing: Framing,
    /// What the receiver answers when it has a message. Without it, an alert counts as delivered
    /// when it is written, which is not that it has arrived.
    #[serde(default)]
    pub acknowledgement: Option<Acknowledgement>,
    /// What is sent while there is no alert.
    #[serde(default)]
    pub keepalive: Option<Keepalive>,
    /// How long connecting may take.
    #[serde(default = "five_seconds")]
    pub connect_timeout: Duration,
}

/// A text, or bytes in hexadecimal digits.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Bytes {
    /// A text.
    Text(String),
    /// Bytes.
    Hex(Hex),
}

/// Bytes in hexadecimal digits.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hex {
    /// Two digits a byte; spaces between bytes mean nothing.
    pub hex: String,
}

/// How the receiver knows where a message ends.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// A line: it ends with a line feed.
    #[default]
    Lf,
    /// A line as on Windows: it ends with a carriage return and a line feed.
    Crlf,
    /// It begins with the byte 02 and ends with the byte 03.
    StxEtx,
    /// It does not: the message is sent as it is.
    None,
    /// It ends with this.
    Terminator(Bytes),
    /// Its length in bytes comes first.
    Length(Length),
}

/// The number in front of a message.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// How many bytes the number has: 1, 2 or 4.
    pub bytes: u8,
    /// Which of them comes first.
    #[serde(default)]
    pub order: Order,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The highest.
    #[default]
    Big,
    /// The lowest.
    Little,
}

/// What the receiver answers when it has a message: one of `literal` and `prefix`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// These bytes and no others, without framing.
    #[serde(default)]
    pub literal: Option<Bytes>,
    /// A message in the same framing that begins with these bytes.
    #[serde(default)]
    pub prefix: Option<Bytes>,
    /// How long that may take.
    #[serde(default = "five_seconds")]
    pub timeout: Duration,
}

/// What is sent while there is no alert.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keepalive {
    /// The message, in the same framing.
    pub payload: Bytes,
    /// How often.
    #[serde(default = "thirty_seconds")]
    pub every: Duration,
    /// Whether the receiver acknowledges it as it does an alert.
    #[serde(default)]
    pub acknowledged: bool,
}

fn five_seconds() -> Duration {
    Duration::from_millis(5_000)
}

fn thirty_seconds() -> Duration {
    Duration::from_millis(30_000)
}
