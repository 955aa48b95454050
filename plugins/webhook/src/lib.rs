//! The webhook adapter: posts each alert to a web address, as the JSON object that
//! `agave run --json` prints.
//!
//! The receiver gets the delivery's `Idempotency-Key`, the same on every attempt, so that it can
//! tell a second attempt from a second alert.

use std::collections::BTreeMap;

use agave_vision_sdk::http::{self, Authentication, Method, Request, Response};
use agave_vision_sdk::log;
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;

/// Configuration of the webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to post. The node's `allow.http` has to grant its origin.
    pub url: String,
    /// More headers for the request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How long one attempt may take.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// How to log in. The node's `allow.secrets` has to grant the secret.
    #[serde(default)]
    pub authentication: Option<Login>,
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
    config: Config,
}

impl Plugin for Webhook {
    type Config = Config;
    type State = ();

    /// What can be known to fail is refused here, and not at the first alert.
    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        if !config.url.starts_with("http://") && !config.url.starts_with("https://") {
            return Err(format!(
                "`url` is `{}`, and has to begin with http:// or https://",
                config.url
            ));
        }
        if let Some(Login::Basic(name) | Login::Digest(name) | Login::Bearer(name)) =
            &config.authentication
        {
            Secret::open(name)?;
        }
        Ok(Self { config })
    }
}

impl Adapter for Webhook {
    fn deliver(&self, _: &mut (), delivery: &Delivery) -> Outcome {
        let response = match self.post(delivery) {
            Ok(response) => response,
            Err(outcome) => return outcome,
        };
        let outcome = outcome_of(response.status, retry_after(&response));
        if matches!(outcome, Outcome::Retry(_)) {
            say(&format!("the receiver answered {}", response.status));
        }
        outcome
    }
}

impl Webhook {
    fn post(&self, delivery: &Delivery) -> Result<Response, Outcome> {
        let mut request = Request::new(Method::Post, &self.config.url)
            .header("content-type", "application/json")
            .header("idempotency-key", &delivery.idempotency_key)
            .body(agave_vision_sdk::alert_json(delivery))
            .timeout(self.config.timeout);
        request.headers.extend(self.config.headers.clone());
        let open = |name: &str| Secret::open(name).map_err(Outcome::Rejected);
        let sent = match &self.config.authentication {
            None => http::send(&request, &Authentication::None),
            Some(Login::Basic(name)) => http::send(&request, &Authentication::Basic(&open(name)?)),
            Some(Login::Digest(name)) => {
                http::send(&request, &Authentication::Digest(&open(name)?))
            }
            Some(Login::Bearer(name)) => {
                http::send(&request, &Authentication::Bearer(&open(name)?))
            }
        };
        sent.map_err(|error| match error {
            http::Error::NotAllowed(why) => Outcome::Rejected(why),
            http::Error::TooLarge => Outcome::Rejected("the answer is too large".to_owned()),
            http::Error::Unreachable(why) => {
                say(&why);
                Outcome::Retry(None)
            }
            http::Error::TimedOut => {
                say("the receiver did not answer in time");
                Outcome::Retry(None)
            }
        })
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

/// The `Retry-After` header in its form of seconds, in milliseconds.
fn retry_after(response: &Response) -> Option<u32> {
    let value = response.header("retry-after")?;
    value.trim().parse::<u32>().ok()?.checked_mul(1000)
}

agave_vision_sdk::export_adapter!(Webhook);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_mean_what_http_says() {
        assert!(matches!(outcome_of(204, None), Outcome::Delivered));
        assert!(matches!(
            outcome_of(503, Some(2000)),
            Outcome::Retry(Some(2000))
        ));
        assert!(matches!(outcome_of(429, None), Outcome::Retry(None)));
        assert!(matches!(outcome_of(301, None), Outcome::Rejected(_)));
        assert!(matches!(outcome_of(401, None), Outcome::Rejected(_)));
    }
}
