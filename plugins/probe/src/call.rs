//! The calls that a probe can make, each as JSON.

use agave_vision_sdk::prelude::*;

/// How to log in, with the name of a secret.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// HTTP Basic.
    Basic(String),
    /// HTTP Digest.
    Digest(String),
    /// A bearer token.
    Bearer(String),
}

/// One call.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Call {
    /// An HTTP request.
    Http {
        /// Where to.
        url: String,
        /// `get` if not said.
        #[serde(default)]
        method: String,
        /// More headers.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// What to send.
        #[serde(default)]
        body: String,
        /// Instead of a body, so many bytes.
        #[serde(default)]
        bytes: usize,
        /// How long it may take.
        #[serde(default = "ten_seconds")]
        timeout_ms: u32,
        /// How to log in.
        login: Option<Login>,
    },
    /// A message to a broker.
    Publish {
        /// Its name.
        broker: String,
        /// Where to.
        topic: String,
        /// What.
        #[serde(default)]
        payload: String,
        /// Instead of a payload, so many bytes.
        #[serde(default)]
        bytes: usize,
        /// From 0 to 2.
        #[serde(default)]
        qos: u8,
        /// Whether the broker keeps it.
        #[serde(default)]
        retain: bool,
    },
    /// A TCP connection, which has the number `id` from then on.
    Connect {
        /// Its number.
        id: u32,
        /// `host:port`.
        address: String,
        /// How long it may take.
        #[serde(default = "ten_seconds")]
        timeout_ms: u32,
    },
    /// Bytes to a connection.
    Write {
        /// Its number.
        id: u32,
        /// What.
        #[serde(default)]
        text: String,
        /// Instead of a text, so many bytes.
        #[serde(default)]
        bytes: usize,
    },
    /// Bytes from a connection.
    Read {
        /// Its number.
        id: u32,
        /// At most so many.
        max: u32,
        /// How long it may take.
        #[serde(default = "ten_seconds")]
        timeout_ms: u32,
    },
    /// The end of a connection.
    Close {
        /// Its number.
        id: u32,
    },
    /// A picture; of the frame of the alert if none is said.
    Jpeg {
        /// The camera; that of the delivery if not said.
        camera: Option<String>,
        /// The frame's number.
        frame: Option<u64>,
        /// Left, top, width and height.
        region: Option<[f32; 4]>,
        /// The longest side.
        #[serde(default = "any_side")]
        max_side: u32,
    },
    /// The same with boxes.
    Show {
        /// The frame's number; that of the alert if not said.
        frame: Option<u64>,
        /// The longest side.
        #[serde(default = "any_side")]
        max_side: u32,
        /// Of the JPEG.
        #[serde(default = "any_side")]
        max_bytes: u32,
        /// Left, top, width, height, class and label of each.
        #[serde(default)]
        marks: Vec<(f32, f32, f32, f32, String, String)>,
    },
    /// Whether pictures are granted.
    Pictures {},
    /// Something that was kept.
    Get {
        /// Under which key.
        key: String,
    },
    /// Something to keep.
    Set {
        /// Under which key.
        key: String,
        /// What.
        #[serde(default)]
        value: String,
        /// Instead of a value, so many bytes.
        #[serde(default)]
        bytes: usize,
    },
    /// Whether a secret may be used.
    Open {
        /// Its name.
        name: String,
    },
    /// A signature with a secret as the key.
    Sign {
        /// Its name.
        name: String,
        /// What is signed.
        text: String,
    },
    /// The time.
    Now {},
    /// A line in the log.
    Log {
        /// What it says.
        message: String,
    },
    /// Bytes that depend on `seed`, somewhere in the memory, and where that is: whoever sees the
    /// memory from outside finds its beginning by them.
    Mark {
        /// Any number.
        seed: u64,
        /// Something to keep in the memory beside it.
        #[serde(default)]
        text: String,
    },
}

fn ten_seconds() -> u32 {
    10_000
}

fn any_side() -> u32 {
    u32::MAX
}
