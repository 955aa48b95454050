//! The calls that a probe can make, each as JSON and with an answer as JSON.

use std::fmt::Write;

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;
use agave_vision_sdk::{clock, frames, http, keyvalue, log, mqtt, tcp};
use serde_json::{Value, json};

use crate::{Probe, picture};

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

impl Probe {
    /// Makes `call`; an error is an object with `error`, and `why` where there is more to say.
    pub fn make(&self, delivery: &Delivery, call: Call) -> Value {
        match call {
            Call::Publish {
                broker,
                topic,
                payload,
                bytes,
                qos,
                retain,
            } => published(mqtt::publish(
                &broker,
                &topic,
                &filled(payload, bytes),
                match qos {
                    0 => mqtt::Qos::AtMostOnce,
                    1 => mqtt::Qos::AtLeastOnce,
                    _ => mqtt::Qos::ExactlyOnce,
                },
                retain,
            )),
            Call::Connect {
                id,
                address,
                timeout_ms,
            } => match tcp::Connection::connect(&address, timeout_ms) {
                Ok(connection) => {
                    self.connections.borrow_mut().insert(id, connection);
                    json!({})
                }
                Err(error) => tcp_error(error),
            },
            Call::Write { id, text, bytes } => self.connection(id, |connection| {
                connection.write(&filled(text, bytes)).map(|()| json!({}))
            }),
            Call::Read {
                id,
                max,
                timeout_ms,
            } => self.connection(id, |connection| {
                let bytes = connection.read(max, timeout_ms)?;
                let length = bytes.len();
                Ok(json!({ "text": String::from_utf8_lossy(&bytes), "length": length }))
            }),
            Call::Close { id } => {
                json!({ "open": self.connections.borrow_mut().remove(&id).is_some() })
            }
            Call::Jpeg {
                camera,
                frame,
                region,
                max_side,
            } => {
                let camera = camera.unwrap_or_else(|| delivery.camera.clone());
                let frame = frame.unwrap_or(delivery.alert.frame);
                let region = region.map(|[left, top, width, height]| Bbox {
                    left,
                    top,
                    width,
                    height,
                });
                picture::jpeg(frames::jpeg(&camera, frame, region, max_side))
            }
            Call::Show {
                frame,
                max_side,
                max_bytes,
                marks,
            } => {
                let view = frames::View {
                    region: None,
                    max_side,
                    max_bytes,
                    marks: marks.into_iter().map(picture::mark).collect(),
                };
                let frame = frame.unwrap_or(delivery.alert.frame);
                picture::shown(frames::show(&delivery.camera, frame, &view))
            }
            Call::Pictures {} => {
                frames::granted().map_or_else(|why| error("refused", why), |()| json!({}))
            }
            Call::Get { key } => match keyvalue::get(&key) {
                Ok(value) => json!({
                    "length": value.as_ref().map(Vec::len),
                    "value": value.map(|value| String::from_utf8_lossy(&value).into_owned()),
                }),
                Err(why) => error("refused", why),
            },
            Call::Set { key, value, bytes } => match keyvalue::set(&key, &filled(value, bytes)) {
                Ok(()) => json!({}),
                Err(why) => error("refused", why),
            },
            Call::Open { name } => match Secret::open(&name) {
                Ok(_) => json!({}),
                Err(why) => error("refused", why),
            },
            Call::Sign { name, text } => {
                let signed = Secret::open(&name).and_then(|key| key.hmac_sha256(text.as_bytes()));
                signed.map_or_else(
                    |why| error("refused", why),
                    |signature| json!({ "hex": hexadecimal(&signature) }),
                )
            }
            Call::Now {} => json!({ "now": clock::now() }),
            Call::Log { message } => {
                log::write(log::Level::Warn, &message);
                json!({})
            }
            Call::Mark { seed, text } => {
                self.marks.borrow_mut().push(text.into_bytes());
                self.mark(seed)
            }
            request @ Call::Http { .. } => http_call(request),
        }
    }

    fn connection(
        &self,
        id: u32,
        call: impl FnOnce(&tcp::Connection) -> Result<Value, tcp::Error>,
    ) -> Value {
        match self.connections.borrow().get(&id) {
            Some(connection) => call(connection).unwrap_or_else(tcp_error),
            None => error("none", format!("there is no connection {id}")),
        }
    }

    fn mark(&self, seed: u64) -> Value {
        let mut state = seed;
        let mark: Vec<u8> = (0..32)
            .map(|_| {
                // SplitMix64, of which the tests have the same.
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                (mixed ^ (mixed >> 31)) as u8
            })
            .collect();
        let at = mark.as_ptr() as usize;
        self.marks.borrow_mut().push(mark);
        json!({ "at": at, "pages": memory_pages() })
    }
}

#[cfg(target_arch = "wasm32")]
fn memory_pages() -> usize {
    core::arch::wasm32::memory_size(0)
}

#[cfg(not(target_arch = "wasm32"))]
fn memory_pages() -> usize {
    0
}

fn http_call(call: Call) -> Value {
    let Call::Http {
        url,
        method,
        headers,
        body,
        bytes,
        timeout_ms,
        login,
    } = call
    else {
        return Value::Null;
    };
    let request = http::Request {
        method: match method.as_str() {
            "post" => http::Method::Post,
            "put" => http::Method::Put,
            "delete" => http::Method::Delete,
            "patch" => http::Method::Patch,
            _ => http::Method::Get,
        },
        url,
        headers,
        body: filled(body, bytes),
        timeout_ms,
    };
    let secret = match &login {
        Some(Login::Basic(name) | Login::Digest(name) | Login::Bearer(name)) => {
            match Secret::open(name) {
                Ok(secret) => Some(secret),
                Err(why) => return error("refused", why),
            }
        }
        None => None,
    };
    let authentication = match (&login, &secret) {
        (Some(Login::Basic(_)), Some(secret)) => http::Authentication::Basic(secret),
        (Some(Login::Digest(_)), Some(secret)) => http::Authentication::Digest(secret),
        (Some(Login::Bearer(_)), Some(secret)) => http::Authentication::Bearer(secret),
        _ => http::Authentication::None,
    };
    match http::send(&request, &authentication) {
        Ok(response) => json!({
            "status": response.status,
            "headers": response.headers,
            "length": response.body.len(),
            "body": String::from_utf8_lossy(&response.body),
        }),
        Err(http::Error::NotAllowed(why)) => error("not-allowed", why),
        Err(http::Error::Unreachable(why)) => error("unreachable", why),
        Err(http::Error::TimedOut) => error("timed-out", String::new()),
        Err(http::Error::TooLarge) => error("too-large", String::new()),
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn published(result: Result<(), mqtt::Error>) -> Value {
    match result {
        Ok(()) => json!({}),
        Err(mqtt::Error::NotAllowed(why)) => error("not-allowed", why),
        Err(mqtt::Error::Disconnected) => error("disconnected", String::new()),
        Err(mqtt::Error::TimedOut) => error("timed-out", String::new()),
    }
}

fn tcp_error(reason: tcp::Error) -> Value {
    match reason {
        tcp::Error::NotAllowed(why) => error("not-allowed", why),
        tcp::Error::Unreachable(why) => error("unreachable", why),
        tcp::Error::TimedOut => error("timed-out", String::new()),
        tcp::Error::Closed => error("closed", String::new()),
    }
}

pub(crate) fn error(name: &str, why: String) -> Value {
    json!({ "error": name, "why": why })
}

fn filled(text: String, bytes: usize) -> Vec<u8> {
    if bytes > 0 {
        vec![b'x'; bytes]
    } else {
        text.into_bytes()
    }
}
