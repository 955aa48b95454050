//! Secrets as handles: a plugin says which secret to use and never sees it.

use agave_core::Secret;
use wasmtime::component::Resource;

use crate::bindings::imports::agave::plugin::secrets::{Host, HostSecret};
use crate::guest::Guest;

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

    fn drop(&mut self, handle: Resource<Handle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}
