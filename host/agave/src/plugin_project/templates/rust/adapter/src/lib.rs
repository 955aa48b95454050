//! Posts each alert as JSON to a web address.

use agave_vision_sdk::http::{self, Authentication, Error, Method, Request};
use agave_vision_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to post. The node's `allow.http` has to grant its origin.
    url: String,
}

pub struct Poster {
    config: Config,
}

impl Plugin for Poster {
    type Config = Config;
    type State = ();

    fn configure(config: Config, _stream: &StreamInfo) -> Result<Self, String> {
        if !config.url.starts_with("http://") && !config.url.starts_with("https://") {
            return Err(format!("`url` is '{}'; it begins with http:// or https://", config.url));
        }
        Ok(Self { config })
    }
}

impl Adapter for Poster {
    fn deliver(&self, _: &mut (), delivery: &Delivery) -> Outcome {
        let request = Request {
            method: Method::Post,
            url: self.config.url.clone(),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("idempotency-key".to_owned(), delivery.idempotency_key.clone()),
            ],
            body: agave_vision_sdk::alert_json(delivery).into_bytes(),
            timeout_ms: 10_000,
        };
        match http::send(&request, &Authentication::None) {
            Ok(response) => match response.status {
                200..=299 => Outcome::Delivered,
                429 | 500..=599 => Outcome::Retry(None),
                status => Outcome::Rejected(format!("the receiver answered {status}")),
            },
            Err(Error::Unreachable(_) | Error::TimedOut) => Outcome::Retry(None),
            Err(Error::NotAllowed(why)) => Outcome::Rejected(why),
            Err(Error::TooLarge) => Outcome::Rejected("the answer is too large".to_owned()),
        }
    }
}

agave_vision_sdk::export_adapter!(Poster);

#[cfg(test)]
mod tests {
    use super::*;
    use agave_vision_sdk::testing::{self, Harness, json};

    #[test]
    fn a_busy_receiver_gets_it_later() {
        let config = json!({ "url": "https://alerts.example.org/in" });
        let mut adapter = Harness::<Poster>::new(config, testing::stream(&["person"])).unwrap();
        let delivery = testing::delivery(testing::alert("person", Phase::Begin, 0.0));
        let mut answered = |status| {
            testing::answer_http(move |_| Ok(testing::response(status, "")));
            adapter.deliver(&delivery)
        };
        assert!(matches!(answered(204), Outcome::Delivered));
        assert!(matches!(answered(503), Outcome::Retry(None)));
        assert!(matches!(answered(404), Outcome::Rejected(_)));
    }
}
