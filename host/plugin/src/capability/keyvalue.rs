//! A small durable map of the node's own, for adapters. It leads nowhere and is bounded, so it
//! needs no grant.

use crate::bindings::imports::agave::plugin::keyvalue::Host;
use crate::guest::Guest;

const MOST_KEY_BYTES: usize = 256;
const MOST_VALUE_BYTES: usize = 64 << 10;
const NO_MAP: &str = "nothing is kept here";

impl Host for Guest {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, String>> {
        let found = check_key(&key).and_then(|()| match &self.outside.map {
            Some(map) => map.get(&key),
            None => Err(NO_MAP.to_owned()),
        });
        Ok(found)
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), String>> {
        let kept = check_key(&key)
            .and_then(|()| check_value(&value))
            .and_then(|()| match &self.outside.map {
                Some(map) => map.set(&key, &value),
                None => Err(NO_MAP.to_owned()),
            });
        Ok(kept)
    }
}

fn check_key(key: &str) -> Result<(), String> {
    match key.len() {
        1..=MOST_KEY_BYTES => Ok(()),
        bytes => Err(format!(
            "a key of {bytes} bytes; from 1 to {MOST_KEY_BYTES}"
        )),
    }
}

fn check_value(value: &[u8]) -> Result<(), String> {
    if value.len() > MOST_VALUE_BYTES {
        return Err(format!(
            "a value of {} bytes; at most {MOST_VALUE_BYTES}",
            value.len()
        ));
    }
    Ok(())
}
