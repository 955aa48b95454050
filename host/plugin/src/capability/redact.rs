//! What a server sends back is searched for the secrets that it was sent: a plugin may use a
//! secret and never read it, and an endpoint that echoes its requests must not be a way around
//! that.
//!
//! It catches what honest servers do: the secret as it is, in JSON, in an address, in Base64,
//! and the digests that stand for a password. A server that wants to tell a plugin what it knows
//! can encode it in ways that nobody can list; granting a server is trusting it that far.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use digest_auth::{Algorithm, AlgorithmType};
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use agave_core::Secret;

/// Shorter texts are in everything; taking them out would only garble it.
const SHORTEST: usize = 4;

/// What addresses are made of where every character counts, as browsers write it, and as paths
/// are written.
const ENCODINGS: [&AsciiSet; 3] = [NON_ALPHANUMERIC, COMPONENT, PATH];
const COMPONENT: &AsciiSet = &PLAIN
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
const PATH: &AsciiSet = &PLAIN.remove(b'/');
const PLAIN: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const ALGORITHMS: [AlgorithmType; 3] = [
    AlgorithmType::MD5,
    AlgorithmType::SHA2_256,
    AlgorithmType::SHA2_512_256,
];

/// What stands where a secret was.
const MASK: &str = "***";

/// Knows the forms that secrets take in an answer, and takes them out.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Secret>,
    forms: Vec<Vec<u8>>,
}

impl Redactor {
    /// For all secrets of a node.
    pub(crate) fn of<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        let mut redactor = Self::default();
        for secret in secrets {
            redactor.secrets.push(secret.clone());
            let whole = secret.reveal();
            redactor.add_all_forms(whole);
            if let Some((_, password)) = whole.split_once(':') {
                redactor.add_all_forms(password);
            }
        }
        redactor
    }

    /// What stands for the secrets where somebody logs in with a digest to `realm`: it is as good
    /// as the password there.
    pub(crate) fn add_realm(&mut self, realm: &str) {
        for secret in self.secrets.clone() {
            let Some((user, password)) = secret.reveal().split_once(':') else {
                continue;
            };
            let proof = format!("{user}:{realm}:{password}");
            for kind in ALGORITHMS {
                self.add(&Algorithm::new(kind, false).hash(proof.as_bytes()));
            }
        }
    }

    /// Something that stands for a secret and is written in one way only, such as a digest.
    pub(crate) fn add(&mut self, form: &str) {
        self.add_bytes(form.as_bytes().to_vec());
    }

    fn add_bytes(&mut self, form: Vec<u8>) {
        if form.len() >= SHORTEST && !self.forms.contains(&form) {
            self.forms.push(form);
        }
    }

    fn add_all_forms(&mut self, text: &str) {
        if text.len() < SHORTEST {
            return;
        }
        self.add(text);
        for base64 in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            self.add(&base64.encode(text));
        }
        for encoding in ENCODINGS {
            let percent = utf8_percent_encode(text, encoding).to_string();
            self.add(&percent.replace("%20", "+"));
            self.add(&with_small_digits(&percent));
            self.add(&percent);
        }
        if let Ok(json) = serde_json::to_string(text) {
            let json = json.trim_matches('"').to_owned();
            self.add(&in_ascii(&json));
            self.add(&json.replace('/', "\\/"));
            self.add(&json);
        }
        // As old servers write headers.
        let latin: Option<Vec<u8>> = text
            .chars()
            .map(|character| u8::try_from(u32::from(character)).ok())
            .collect();
        self.add_bytes(latin.unwrap_or_default());
        let html = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        self.add(&html.replace('"', "&quot;").replace('\'', "&#x27;"));
        self.add(&html.replace('"', "&#34;").replace('\'', "&#39;"));
    }

    /// Leaves alone what the plugin wrote itself: it knows that, and taking it out would tell a
    /// plugin that guesses whether it was right.
    pub(crate) fn forget_what_is_in(&mut self, sent: &[&[u8]]) {
        let written = |form: &Vec<u8>| sent.iter().any(|one| memmem::find(one, form).is_some());
        self.forms.retain(|form| !written(form));
    }

    /// `bytes` without secrets.
    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let found = self.find(&bytes);
        if found.is_empty() {
            return bytes;
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for Range { start, end } in found {
            clean.extend_from_slice(bytes.get(from..start).unwrap_or_default());
            clean.extend_from_slice(MASK.as_bytes());
            from = end;
        }
        clean.extend_from_slice(bytes.get(from..).unwrap_or_default());
        clean
    }

    /// `text` without secrets.
    pub(crate) fn text(&self, text: String) -> String {
        let clean = self.bytes(text.into_bytes());
        String::from_utf8(clean)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// Where secrets are, in order, with what touches made one.
    fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for form in &self.forms {
            let at = memmem::find_iter(bytes, form).map(|start| start..start + form.len());
            found.extend(at);
        }
        found.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }
}

/// As JSON writes it where only ASCII is wanted.
fn in_ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    let mut units = [0; 2];
    for character in json.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let units = character.encode_utf16(&mut units);
            ascii.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// `%2F` as `%2f`.
fn with_small_digits(percent: &str) -> String {
    let mut digits = 0;
    percent
        .chars()
        .map(|character| match character {
            '%' => {
                digits = 2;
                character
            }
            _ if digits > 0 => {
                digits -= 1;
                character.to_ascii_lowercase()
            }
            _ => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secret: &str) -> Redactor {
        Redactor::of([&Secret::new(secret)])
    }

    #[test]
    fn a_secret_is_taken_out_in_every_usual_form() {
        let redactor = redactor("agave:P\"@ss/wörd&x");
        for (form, clean) in [
            ("a P\"@ss/wörd&x b", "a *** b"),
            ("login agave:P\"@ss/wörd&x", "login ***"),
            (r#"{"a":"P\"@ss/wörd&x"}"#, r#"{"a":"***"}"#),
            (r#"{"a":"P\"@ss\/wörd&x"}"#, r#"{"a":"***"}"#),
            (r#"{"a":"P\"@ss/w\u00f6rd&x"}"#, r#"{"a":"***"}"#),
            ("?p=P%22%40ss%2Fw%C3%B6rd%26x", "?p=***"),
            ("?p=P%22%40ss%2fw%c3%b6rd%26x", "?p=***"),
            ("<b>P&quot;@ss/wörd&amp;x</b>", "<b>***</b>"),
        ] {
            assert_eq!(redactor.text(form.to_owned()), clean);
        }
        let basic = format!("Basic {}", STANDARD.encode("agave:P\"@ss/wörd&x"));
        assert_eq!(redactor.text(basic), "Basic ***");
        assert_eq!(
            redactor.text("agave says hello".to_owned()),
            "agave says hello"
        );
    }

    #[test]
    fn what_is_too_short_garbles_nothing() {
        assert_eq!(redactor("a:b").text("about".to_owned()), "about");
        let clean = redactor("a:b").text(STANDARD.encode("a:b"));
        assert_eq!(
            clean,
            STANDARD.encode("a:b"),
            "three characters are no secret"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_searched_too() {
        let clean = redactor("hunter2").bytes(b"\xff\x00hunter2hunter2\xfe".to_vec());
        assert_eq!(clean, b"\xff\x00***\xfe");
    }

    #[test]
    fn what_the_plugin_wrote_itself_comes_back() {
        let mut redactor = redactor("agave:hunter2");
        redactor.forget_what_is_in(&[b"/guess?x=hunter2", b""]);
        assert_eq!(redactor.text("hunter2".to_owned()), "hunter2");
        assert_eq!(redactor.text("agave:hunter2".to_owned()), "***");
    }

    #[test]
    fn a_digest_is_added_when_it_is_known() {
        // The example of RFC 2617.
        let mut redactor = redactor("Mufasa:Circle Of Life");
        let known = "HA1=939e7578ed9e3c518a452acee763bce9".to_owned();
        assert_eq!(redactor.text(known.clone()), known);
        redactor.add_realm("testrealm@host.com");
        assert_eq!(redactor.text(known), "HA1=***");
    }
}
