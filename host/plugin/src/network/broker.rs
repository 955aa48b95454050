//! A broker as the flow file describes it.

use agave_core::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

/// Where a broker is and how to log in there.
#[derive(Clone, Debug)]
pub struct BrokerSettings {
    /// Its name in the flow file.
    pub name: String,
    /// Its name or address in the network.
    pub host: String,
    /// 1883, or 8883 with TLS, where the address does not say.
    pub port: u16,
    /// MQTT over TLS.
    pub tls: bool,
    /// Certificates in PEM that are trusted besides the system's.
    pub certificates: Vec<u8>,
    /// Whom to log in as, and with what.
    pub login: Option<(String, Secret)>,
}

/// Why there is no such broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address is none.
    #[error("the address of broker '{0}' is not `mqtt://HOST:PORT` or `mqtts://HOST:PORT`")]
    Address(String),
}

impl BrokerSettings {
    /// The broker `name` at `url`. A login in the address counts where none is given beside it.
    ///
    /// # Errors
    /// When `url` is no address of a broker.
    pub fn at(
        name: &str,
        url: &Secret,
        login: Option<(String, Secret)>,
    ) -> Result<Self, BrokerError> {
        let refused = || BrokerError::Address(name.to_owned());
        let url = Url::parse(url.reveal()).map_err(|_| refused())?;
        let tls = match url.scheme() {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(refused()),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let in_address = (!url.username().is_empty()).then(|| {
            let password = decoded(url.password().unwrap_or_default());
            (decoded(url.username()), Secret::new(password))
        });
        Ok(Self {
            name: name.to_owned(),
            host: host.ok_or_else(refused)?.to_owned(),
            port: url.port().unwrap_or(if tls { 8883 } else { 1883 }),
            tls,
            certificates: Vec::new(),
            login: login.or(in_address),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_how() {
        let at = |url: &str| BrokerSettings::at("farm", &Secret::new(url), None);
        let plain = at("mqtt://broker.lan").unwrap();
        assert_eq!((plain.host.as_str(), plain.port), ("broker.lan", 1883));
        let safe = at("mqtts://agave:p%40ss@10.0.0.5").unwrap();
        assert_eq!((safe.port, safe.tls), (8883, true));
        assert_eq!(safe.login, Some(("agave".to_owned(), Secret::new("p@ss"))));
        let error = at("https://agave:p4ss@x").unwrap_err().to_string();
        assert!(!error.contains("p4ss"), "{error}");
    }
}
