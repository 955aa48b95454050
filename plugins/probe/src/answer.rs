//! Makes the calls, and answers with JSON.

use std::fmt::Write;

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;
use agave_vision_sdk::{clock, frames, http, keyvalue, log, mqtt, tcp};
use serde_json::{Value, json};

use crate::call::{Call, Login};
use crate::{Probe, picture};

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
