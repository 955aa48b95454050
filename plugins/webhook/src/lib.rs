//! The webhook adapter: posts each alert to a web address, as the JSON object that
//! `agave run --json` prints, or as a template says.
//!
//! The receiver gets the delivery's `Idempotency-Key`, the same on every attempt, so that it can
//! tell a second attempt from a second alert.

mod cloud_events;
mod content;
mod picture;
mod retry_after;
mod signature;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use agave_vision_sdk::frames::Picture;
use agave_vision_sdk::http::{self, Authentication, Method, Request, Response};
use agave_vision_sdk::log;
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;
use agave_vision_sdk::template::{Encoding, Template};

use cloud_events::{CloudEvents, Envelope};
use content::Content;
use picture::{Album, PictureSettings};
use signature::{Seal, Signature};

/// Configuration of the webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The web address to post to. Behind the server's name it may have placeholders such as
    /// `{camera}`. The node's `allow.http` has to grant its origin.
    pub url: String,
    /// More headers for the request; their values may have placeholders.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What is posted; the alert as JSON if nothing is said. A text with placeholders, or a
    /// structure whose texts have them; else the JSON object of `agave run --json`.
    #[serde(default)]
    #[schemars(extend("type" = ["string", "object", "array", "null"]))]
    pub body: Option<serde_json::Value>,
    /// How long one attempt may take.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// How to log in. The node's `allow.secrets` has to grant the secret.
    #[serde(default)]
    pub authentication: Option<Login>,
    /// How the request is signed. The node's `allow.secrets` has to grant the secret.
    #[serde(default)]
    pub signature: Option<Signature>,
    /// As a `CloudEvents` 1.0 message.
    #[serde(default)]
    pub cloudevents: Option<CloudEvents>,
    /// With a picture of the alert's frame. The node's `allow.frames` has to grant it.
    #[serde(default)]
    pub picture: Option<PictureSettings>,
}

fn default_timeout() -> Duration {
    Duration::from_millis(10_000)
}

/// How to log in; the value is the name of a secret that holds `user:password` or a token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// HTTP Basic with `user:password`.
    Basic(String),
    /// HTTP Digest with `user:password`.
    Digest(String),
    /// A bearer token.
    Bearer(String),
}

/// The webhook of one node.
pub struct Webhook {
    url: Template,
    headers: Vec<(String, Template)>,
    content: Content,
    envelope: Option<Envelope>,
    seal: Option<Seal>,
    album: Option<Album>,
    timeout: Duration,
    authentication: Option<Login>,
}

impl Plugin for Webhook {
    type Config = Config;
    type State = ();

    /// What can be known to fail is refused here, and not at the first alert.
    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        let headers = headers(config.headers)?;
        let content = Content::new(config.body.as_ref(), &headers)?;
        let events = config.cloudevents.as_ref();
        let album = config
            .picture
            .map(|picture| picture.check(&content, events));
        let envelope = config.cloudevents.map(|events| events.check(&content));
        if let Some(Login::Basic(name) | Login::Digest(name) | Login::Bearer(name)) =
            &config.authentication
        {
            Secret::open(name)?;
        }
        Ok(Self {
            url: url(&config.url)?,
            headers,
            content,
            envelope: envelope.transpose()?,
            seal: config.signature.map(Signature::check).transpose()?,
            album: album.transpose()?,
            timeout: config.timeout,
            authentication: config.authentication,
        })
    }
}

/// The address, of which everything but the server may depend on the alert.
fn url(text: &str) -> Result<Template, String> {
    let server = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .ok_or_else(|| format!("`url` is `{text}`, and has to begin with http:// or https://"))?;
    let path_at = server.find(['/', '?', '#']).unwrap_or(server.len());
    if server
        .find('{')
        .is_some_and(|placeholder| placeholder < path_at)
    {
        return Err(format!(
            "`url` is `{text}`: the server's name cannot depend on the alert, only what follows it"
        ));
    }
    Template::parse(text).map_err(|problem| format!("`url`: {problem}"))
}

fn headers(written: BTreeMap<String, String>) -> Result<Vec<(String, Template)>, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let headers = written.into_iter().map(|(name, value)| {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(format!("`headers`: `{name}` is no name of a header"));
        }
        let value = Template::parse(&value);
        let value = value.map_err(|problem| format!("`headers.{name}`: {problem}"))?;
        Ok((name.to_ascii_lowercase(), value))
    });
    headers.collect()
}

impl Adapter for Webhook {
    fn deliver(&self, _: &mut (), delivery: &Delivery) -> Outcome {
        let picture = self.album.as_ref().map(|album| album.take(delivery));
        let mut sent = self.send(delivery, picture.as_ref());
        if matches!(picture, Some(Ok(_))) && is_too_large(&sent) {
            // Better an alert without its picture than none.
            let left_out = Err("a request with it is too large".to_owned());
            sent = self.send(delivery, Some(&left_out));
        }
        let response = match sent {
            Ok(response) => response,
            Err(problem) => return outcome_without_answer(problem),
        };
        let outcome = match response.status {
            // The host does not send it again for a while, and by then one side may have changed.
            401 if self.authentication.is_some() => Outcome::Retry(None),
            status => outcome_of(status, retry_after::milliseconds(&response)),
        };
        if matches!(outcome, Outcome::Retry(_)) {
            say(&format!("the receiver answered {}", response.status));
        }
        outcome
    }
}

impl Webhook {
    /// The request for one delivery. A header of the configuration stands in the place of the
    /// one that would be there without it.
    fn request(
        &self,
        delivery: &Delivery,
        picture: Option<&Result<Picture, String>>,
    ) -> Result<Request, String> {
        let album = self.album.as_ref().zip(picture);
        let fields = album.map(|(album, picture)| album.fields(delivery, picture));
        let body = self.content.fill(delivery, fields.as_deref());
        let content_type = self.content.content_type();
        let mut headers = vec![(
            "idempotency-key".to_owned(),
            delivery.idempotency_key.clone(),
        )];
        let (content_type, body) = match &self.envelope {
            Some(envelope) => envelope.wrap(delivery, content_type, body, &mut headers),
            None => (content_type.to_owned(), body),
        };
        let (content_type, body) = match album {
            Some((album, picture)) => album.beside(picture.as_ref().ok(), content_type, body),
            None => (content_type, body.into_bytes()),
        };
        headers.push(("content-type".to_owned(), content_type));
        for (name, value) in &self.headers {
            if name == "content-type" {
                continue;
            }
            headers.retain(|(known, _)| known != name);
            headers.push((name.clone(), value.fill(delivery, Encoding::Header)));
        }
        if let Some(seal) = &self.seal {
            headers.push(seal.header(&body)?);
        }
        let url = self.url.fill(delivery, Encoding::Percent);
        let mut request = Request::new(Method::Post, url)
            .body(body)
            .timeout(self.timeout);
        request.headers = headers;
        Ok(request)
    }

    fn send(
        &self,
        delivery: &Delivery,
        picture: Option<&Result<Picture, String>>,
    ) -> Result<Response, http::Error> {
        // What cannot be signed or opened will not be the next time either.
        let request = self.request(delivery, picture);
        let request = request.map_err(http::Error::NotAllowed)?;
        let open = |name: &str| Secret::open(name).map_err(http::Error::NotAllowed);
        match &self.authentication {
            None => http::send(&request, &Authentication::None),
            Some(Login::Basic(name)) => http::send(&request, &Authentication::Basic(&open(name)?)),
            Some(Login::Digest(name)) => {
                http::send(&request, &Authentication::Digest(&open(name)?))
            }
            Some(Login::Bearer(name)) => {
                http::send(&request, &Authentication::Bearer(&open(name)?))
            }
        }
    }
}

/// Whether the host or the receiver found the request too large.
fn is_too_large(sent: &Result<Response, http::Error>) -> bool {
    match sent {
        Ok(response) => response.status == 413,
        Err(problem) => matches!(problem, http::Error::TooLarge),
    }
}

fn outcome_without_answer(problem: http::Error) -> Outcome {
    match problem {
        http::Error::NotAllowed(why) => Outcome::Rejected(why),
        http::Error::TooLarge => {
            Outcome::Rejected("the request or the answer is too large".to_owned())
        }
        http::Error::Unreachable(why) => {
            say(&why);
            Outcome::Retry(None)
        }
        http::Error::TimedOut => {
            say("the receiver did not answer in time");
            Outcome::Retry(None)
        }
    }
}

/// Why there will be another attempt.
fn say(reason: &str) {
    log::write(log::Level::Warn, reason);
}

/// What an HTTP status means for the delivery: taken, later, or never.
fn outcome_of(status: u16, retry_after_ms: Option<u32>) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        408 | 425 | 429 | 500..=599 => Outcome::Retry(retry_after_ms),
        _ => Outcome::Rejected(format!("the receiver answered {status}")),
    }
}

agave_vision_sdk::export_adapter!(Webhook);
