//! What a client sends to log in with Digest (RFC 7616, and RFC 2617 before it), and what it
//! should have sent. Parameters may be quoted or bare: clients differ about `qop` and `nc`.

use std::collections::BTreeMap;
use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256};

/// More parameters than any client has.
const MOST_PARAMETERS: usize = 32;

/// How the proof is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, parts: &[&str]) -> String {
        match self {
            Self::Md5 => hash::<Md5>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
        }
    }
}

/// Of the parts with colons between them, in lower case.
fn hash<D: Digest>(parts: &[&str]) -> String {
    let mut hasher = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part.as_bytes());
    }
    hexadecimal(&hasher.finalize())
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) user: String,
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) uri: String,
    pub(super) response: String,
    pub(super) algorithm: Algorithm,
    /// How often it has used the nonce, and its own nonce; very old clients send neither.
    pub(super) counted: Option<(Counted, String)>,
}

/// A count, with the digits that it was sent in: they are part of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) count: u32,
    digits: String,
}

impl Proof {
    /// Reads the parameters of `Authorization: Digest …`; none when they are not what they must
    /// be.
    pub(super) fn parse(parameters: &str) -> Option<Self> {
        let mut found = parameters_of(parameters)?;
        let mut take = |name: &str| found.remove(name);
        let algorithm = match take("algorithm") {
            None => Algorithm::Md5,
            Some(name) if name.eq_ignore_ascii_case("MD5") => Algorithm::Md5,
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Algorithm::Sha256,
            Some(_) => return None,
        };
        let counted = match take("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                let digits = take("nc")?;
                let count = u32::from_str_radix(&digits, 16).ok()?;
                Some((Counted { count, digits }, take("cnonce")?))
            }
            Some(_) => return None,
        };
        Some(Self {
            user: take("username")?,
            realm: take("realm")?,
            nonce: take("nonce")?,
            uri: take("uri")?,
            response: take("response")?,
            algorithm,
            counted,
        })
    }

    /// The response that whoever knows the password would have sent.
    pub(super) fn expected(&self, user: &str, password: &str, realm: &str, method: &str) -> String {
        let hash = |parts: &[&str]| self.algorithm.hash(parts);
        let who = hash(&[user, realm, password]);
        let what = hash(&[method, &self.uri]);
        match &self.counted {
            Some((counted, client_nonce)) => {
                let middle = [&self.nonce, counted.digits.as_str(), client_nonce, "auth"];
                let [nonce, digits, client_nonce, qop] = middle;
                hash(&[&who, nonce, digits, client_nonce, qop, &what])
            }
            None => hash(&[&who, &self.nonce, &what]),
        }
    }
}

/// `name=value` and `name="value"` with commas between them. A name that is there twice is as
/// wrong as a quote that does not end.
fn parameters_of(text: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim().to_owned(), after)
            }
        };
        let name = name.trim().to_ascii_lowercase();
        if found.len() == MOST_PARAMETERS || found.insert(name, value).is_some() {
            return None;
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(found)
}

/// The value up to its closing quote, and what follows that.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_right() {
        // RFC 7616, 3.9.1, with its bare `qop` and `nc`.
        let sent = |algorithm: &str, response: &str| {
            format!(
                "username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
                 algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
                 response=\"{response}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let proof = Proof::parse(&sent(algorithm, response)).unwrap();
            let expected =
                proof.expected("Mufasa", "Circle of Life", "http-auth@example.org", "GET");
            assert_eq!(expected, response);
            assert_eq!(proof.response, response);
        }
    }

    #[test]
    fn quoted_and_bare_parameters_are_the_same() {
        let bare =
            "username=\"a\\\"b\",realm=r,nonce=n,uri=/x,response=0,qop=auth,nc=0000000a,cnonce=c";
        let quoted = "username=\"a\\\"b\", realm=\"r\", nonce=\"n\", uri=\"/x\", response=\"0\", \
                      qop=\"auth\", nc=\"0000000a\", cnonce=\"c\"";
        let proof = Proof::parse(bare).unwrap();
        assert_eq!(proof, Proof::parse(quoted).unwrap());
        assert_eq!(proof.user, "a\"b");
        assert_eq!(proof.counted.unwrap().0.count, 10);
    }

    #[test]
    fn what_is_no_proof_is_none() {
        for text in [
            "",
            "username",
            "username=\"x",
            "username=\"x\\",
            "username=a, username=a",
            "username=\"a\" realm=\"b\"",
            "username=a, realm=r, nonce=n, uri=/, response=0, qop=auth-int, nc=1, cnonce=c",
            "username=a, realm=r, nonce=n, uri=/, response=0, qop=auth, nc=x, cnonce=c",
            "username=a, realm=r, nonce=n, uri=/, response=0, algorithm=MD5-sess",
            "üsername=ü, =",
        ] {
            assert_eq!(Proof::parse(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_that_a_stranger_sends_is_too_much() {
        let pieces = [
            "username", "nc", "qop", "=", "\"", "\\", ",", " ", "auth", "00000001", "\u{fc}", "\0",
            "x",
        ];
        for _ in 0..50_000 {
            let many = fastrand::usize(..20);
            let text: String = (0..many).filter_map(|_| fastrand::choice(pieces)).collect();
            let _ = Proof::parse(&text);
        }
    }
}
