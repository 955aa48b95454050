//! The signature by which a receiver knows that a request comes from here and is as it was
//! sent: HMAC-SHA256 with a key that both have. The host computes it, since a plugin does not
//! see the key.

use agave_vision_sdk::clock;
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;

/// HMAC-SHA256 with a secret that the receiver has too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The name of the secret: at least 16 bytes, and better 32.
    pub secret: String,
    /// What is signed, and how it is written.
    #[serde(default)]
    pub form: Form,
    /// In which header; `x-agave-signature` or `x-hub-signature-256` if not said.
    #[serde(default)]
    pub header: Option<String>,
}

/// What is signed, and how it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// `t=UNIX,v1=HEX` over `UNIX.BODY`, with the time of the attempt: a receiver that refuses
    /// old times cannot be given an old request again.
    #[default]
    Timestamped,
    /// `sha256=HEX` over the body, as GitHub signs.
    Github,
}

/// A key that can sign.
pub(crate) struct Seal {
    key: Secret,
    form: Form,
    header: String,
}

impl Signature {
    /// Opens the secret, and tries whether it can sign.
    pub(crate) fn check(self) -> Result<Seal, String> {
        let key = Secret::open(&self.secret)?;
        key.hmac_sha256(&[])
            .map_err(|problem| format!("`signature.secret`: {problem}"))?;
        let default = match self.form {
            Form::Timestamped => "x-agave-signature",
            Form::Github => "x-hub-signature-256",
        };
        Ok(Seal {
            key,
            form: self.form,
            header: self.header.unwrap_or_else(|| default.to_owned()),
        })
    }
}

impl Seal {
    /// The header for `body`.
    pub(crate) fn header(&self, body: &[u8]) -> Result<(String, String), String> {
        let value = match self.form {
            Form::Github => format!("sha256={}", hexadecimal(&self.key.hmac_sha256(body)?)),
            Form::Timestamped => {
                let seconds = clock::now() / 1_000_000_000;
                let signed = [format!("{seconds}.").as_bytes(), body].concat();
                let signature = hexadecimal(&self.key.hmac_sha256(&signed)?);
                format!("t={seconds},v1={signature}")
            }
        };
        Ok((self.header.clone(), value))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
