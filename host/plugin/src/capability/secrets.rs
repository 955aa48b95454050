//! Secrets as handles: a plugin says which secret to use and never sees it.

use agave_core::Secret;
use aws_lc_rs::hmac;
use wasmtime::component::Resource;

use crate::bindings::imports::agave::plugin::secrets::{Host, HostSecret};
use crate::guest::Guest;

/// A shorter key could be found by trying all.
const SHORTEST_KEY_BYTES: usize = 16;

/// What a guest holds instead of the secret.
#[allow(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Handle {
    pub(crate) secret: Secret,
}

impl Host for Guest {}

impl HostSecret for Guest {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<Resource<Handle>, String>> {
        let Some(secret) = self.grants.secrets.get(&name).cloned() else {
            return Ok(Err(format!(
                "the secret `{name}` is not granted; add it to the node's `allow.secrets`"
            )));
        };
        Ok(Ok(self.table.push(Handle { secret })?))
    }

    fn hmac_sha256(
        &mut self,
        handle: Resource<Handle>,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        Ok(signed(&self.table.get(&handle)?.secret, &message))
    }

    fn drop(&mut self, handle: Resource<Handle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

/// A signature lets its holder try out in peace what the key is. So what a person has thought up
/// does not sign: a login, or what is too short to be anything else.
fn signed(secret: &Secret, message: &[u8]) -> Result<Vec<u8>, String> {
    let key = secret.reveal();
    if key.len() < SHORTEST_KEY_BYTES {
        return Err(format!(
            "this secret is too short to sign with: a key has {SHORTEST_KEY_BYTES} bytes or more, and is random"
        ));
    }
    if key.contains(':') {
        return Err(
            "this secret looks like a login (`user:password`), which does not sign; a key has no `:`"
                .to_owned(),
        );
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    Ok(hmac::sign(&key, message).as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_standard_says() {
        // As Python's `hmac` computes it, with a key that is longer than a block.
        let key = Secret::new("k".repeat(131));
        let signature = signed(
            &key,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        let hex: String = signature
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "70e4b005732fa7ff79392aa24fb240159b925dbc9f1398420c0f45e6763dcf14"
        );
    }

    #[test]
    fn what_a_person_thought_up_does_not_sign() {
        let refused = |secret: &str| signed(&Secret::new(secret), b"").unwrap_err();
        assert!(refused("fifteen-letters").contains("too short"));
        assert!(refused("admin:correct-horse").contains("login"));
        assert!(!refused("admin:correct-horse").contains("horse"));
    }
}
