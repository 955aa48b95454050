//! HTTP for adapters: to the granted origins only, with the host's TLS, log-in, time and size
//! limits. A rejected password is never tried again, because devices lock out.

mod attempt;
mod client;
mod exchange;
mod login;

use std::time::Duration;

use hyper::header::HeaderName;
use url::Url;

pub(crate) use exchange::Http;
use exchange::{Call, Sent};
use login::Login;

use crate::bindings::imports::agave::plugin::http::{
    Authentication, Error, Host, Method, Request, Response,
};
use crate::grants::Origin;
use crate::guest::Guest;
use crate::network::{Interrupted, NO_NETWORK, STOPPING};
use crate::text::shortened;

const MOST_HEADERS: usize = 100;
/// Of a request or a response.
const MOST_HEADER_BYTES: usize = 64 << 10;
const MOST_URL_BYTES: usize = 8 << 10;
const LONGEST: Duration = Duration::from_secs(60);

impl Host for Guest {
    fn send(
        &mut self,
        request: Request,
        authentication: Authentication,
    ) -> wasmtime::Result<Result<Response, Error>> {
        let login = match authentication {
            Authentication::None => None,
            Authentication::Basic(handle) => {
                Some(Login::Basic(self.table.get(&handle)?.secret.clone()))
            }
            Authentication::Digest(handle) => {
                Some(Login::Digest(self.table.get(&handle)?.secret.clone()))
            }
            Authentication::Bearer(handle) => {
                Some(Login::Bearer(self.table.get(&handle)?.secret.clone()))
            }
        };
        Ok(self.send_http(request, login))
    }
}

impl Guest {
    fn send_http(&self, request: Request, login: Option<Login>) -> Result<Response, Error> {
        let limit = Duration::from_millis(u64::from(request.timeout_ms)).min(LONGEST);
        let call = self.checked(request, login)?;
        let Some(network) = &self.outside.network else {
            return Err(Error::Unreachable(NO_NETWORK.to_owned()));
        };
        let grants = &self.grants;
        let granted = |url: &Url| grants.allow_http(url);
        let mut redactor = self.redactor.clone();
        let written = call.written();
        let answer = network.wait(limit, network.http().send(call, &granted, &mut redactor));
        network.http().describe_digests(&grants.http, &mut redactor);
        redactor.forget_what_is_in(&written.each_ref().map(|one| one.as_ref()));
        match answer {
            Ok(Ok(sent)) => {
                let Sent {
                    status,
                    headers,
                    body,
                } = sent;
                let headers = headers
                    .into_iter()
                    .map(|(name, value)| (name, redactor.text(value)))
                    .collect();
                Ok(Response {
                    status,
                    headers,
                    body: redactor.bytes(body),
                })
            }
            Ok(Err(Error::Unreachable(why))) => Err(Error::Unreachable(redactor.text(why))),
            Ok(Err(error)) => Err(error),
            Err(Interrupted::TimedOut) => Err(Error::TimedOut),
            Err(Interrupted::Stopping) => Err(Error::Unreachable(STOPPING.to_owned())),
        }
    }

    /// The request as it may go out.
    fn checked(&self, request: Request, login: Option<Login>) -> Result<Call, Error> {
        let header_bytes = |headers: &[(String, String)]| -> usize {
            let bytes = headers.iter().map(|(name, value)| name.len() + value.len());
            bytes.sum()
        };
        let most_body_bytes = self.limits().http_body_bytes;
        if request.body.len() > most_body_bytes
            || request.url.len() > MOST_URL_BYTES
            || request.headers.len() > MOST_HEADERS
            || header_bytes(&request.headers) > MOST_HEADER_BYTES
        {
            return Err(Error::TooLarge);
        }
        let Ok(url) = Url::parse(&request.url) else {
            return Err(Error::NotAllowed(format!(
                "`{}` is not a web address",
                shortened(&agave_core::without_credentials(&request.url), 200)
            )));
        };
        if !self.grants.allow_http(&url) {
            let wanted = Origin::of(&url)
                .map_or_else(|| url.scheme().to_owned(), |origin| origin.to_string());
            return Err(Error::NotAllowed(format!(
                "{wanted} is not granted; add it to the node's `allow.http`"
            )));
        }
        if has_login(&url) {
            return Err(Error::NotAllowed(
                "a login in the address is not sent; use a secret".to_owned(),
            ));
        }
        if let Some((name, _)) = request
            .headers
            .iter()
            .find(|(name, _)| is_the_hosts(name, login.is_some()))
        {
            return Err(Error::NotAllowed(format!(
                "the header `{}` is the host's to set",
                shortened(name, 100)
            )));
        }
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| Some((HeaderName::try_from(name).ok()?, value.parse().ok()?)))
            .collect::<Option<_>>();
        Ok(Call {
            method: method(request.method),
            url,
            headers: headers.ok_or_else(|| {
                Error::NotAllowed("a header with characters that HTTP does not have".to_owned())
            })?,
            body: request.body.into(),
            login,
            most_body_bytes,
        })
    }
}

/// Whether an address has a login in it, which the client would send around all rules for logins.
fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Headers that decide where a request ends up, how it is framed, who is asking, or whether the
/// answer can be searched for secrets.
fn is_the_hosts(name: &str, logs_in: bool) -> bool {
    let name = name.to_ascii_lowercase();
    let framing = [
        "host",
        "connection",
        "content-length",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "accept-encoding",
    ];
    framing.contains(&name.as_str())
        || name.starts_with("proxy-")
        || (name == "authorization" && logs_in)
}

fn method(method: Method) -> hyper::Method {
    match method {
        Method::Get => hyper::Method::GET,
        Method::Post => hyper::Method::POST,
        Method::Put => hyper::Method::PUT,
        Method::Delete => hyper::Method::DELETE,
        Method::Patch => hyper::Method::PATCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_headers_are_the_hosts() {
        assert!(is_the_hosts("Host", false));
        assert!(is_the_hosts("proxy-authorization", false));
        assert!(is_the_hosts("Accept-Encoding", false));
        assert!(!is_the_hosts("Authorization", false));
        assert!(is_the_hosts("Authorization", true));
        assert!(!is_the_hosts("x-farm", false));
    }
}
