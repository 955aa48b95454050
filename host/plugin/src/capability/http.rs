//! HTTP for adapters: to the granted origins only, with the host's TLS, log-in, time and size
//! limits. A rejected password is never tried again, because devices lock out.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use agave_core::Secret;
use digest_auth::{AuthContext, HttpMethod};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Client, StatusCode, redirect};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::bindings::imports::agave::plugin::http::{
    Authentication, Error, Host, Method, Request, Response,
};
use crate::grants::Grants;
use crate::guest::Guest;
use crate::text::shortened;

const MOST_REDIRECTS: usize = 5;
const MOST_RESPONSE_BYTES: usize = 1 << 20;
const LONGEST: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);

/// One node's HTTP client: its connections are its own, and so are its rules for redirects.
#[derive(Clone)]
pub struct HttpClient {
    client: Client,
    runtime: tokio::runtime::Handle,
    stop: CancellationToken,
}

impl HttpClient {
    /// A client for a node with these grants. Calls block their thread while `runtime` does the
    /// work, so they must come from a thread that is not the runtime's own. `stop` ends those
    /// that are under way.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(
        grants: &Grants,
        runtime: tokio::runtime::Handle,
        stop: CancellationToken,
    ) -> Result<Self, String> {
        let granted = grants.clone();
        let follow = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > MOST_REDIRECTS || !granted.allow_http(attempt.url()) {
                attempt.stop()
            } else {
                attempt.follow()
            }
        });
        let client = Client::builder()
            .user_agent(concat!("agave/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(follow)
            .no_proxy()
            .dns_resolver(NotThisMachine)
            .pool_max_idle_per_host(2)
            .build()
            .map_err(|error| format!("cannot set up HTTP: {error}"))?;
        Ok(Self {
            client,
            runtime,
            stop,
        })
    }
}

/// Resolves names, but not to this machine or its link, and a name of the public internet not
/// into a private network: a name that was granted must not turn into a way to the services
/// beside Agave. An address, or `localhost`, can be granted itself.
struct NotThisMachine;

impl Resolve for NotThisMachine {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0))
                .await?
                .filter(|address| reachable_by(&host, address))
                .collect();
            if found.is_empty() {
                return Err(format!(
                    "{host} resolves only to addresses that its name does not stand for; grant \
                     the address itself"
                )
                .into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether `host` may stand for `address`.
fn reachable_by(host: &str, address: &SocketAddr) -> bool {
    if host == "localhost" {
        return true;
    }
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && second & 0xc0 == 64;
            let own = ip.is_loopback() || ip.is_link_local() || ip.is_unspecified();
            let private = ip.is_private() || shared;
            !own && !ip.is_broadcast() && (!private || is_local_name(host))
        }
        IpAddr::V6(ip) => {
            let own = ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local();
            !own && (!ip.is_unique_local() || is_local_name(host))
        }
    }
}

/// Names that nobody outside can register, and so nobody outside can point somewhere else.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let reserved = [
        ".local",
        ".lan",
        ".internal",
        ".home",
        ".home.arpa",
        ".intranet",
    ];
    !host.contains('.') || reserved.iter().any(|ending| host.ends_with(ending))
}

/// How to log in, with the secret itself: made in the host, used in the host.
enum Login {
    None,
    Basic(Secret),
    Digest(Secret),
    Bearer(Secret),
}

impl Host for Guest {
    fn send(
        &mut self,
        request: Request,
        authentication: Authentication,
    ) -> wasmtime::Result<Result<Response, Error>> {
        let login = match authentication {
            Authentication::None => Login::None,
            Authentication::Basic(handle) => Login::Basic(self.table.get(&handle)?.secret.clone()),
            Authentication::Digest(handle) => {
                Login::Digest(self.table.get(&handle)?.secret.clone())
            }
            Authentication::Bearer(handle) => {
                Login::Bearer(self.table.get(&handle)?.secret.clone())
            }
        };
        let Ok(url) = Url::parse(&request.url) else {
            return Ok(Err(Error::NotAllowed(format!(
                "`{}` is not a web address",
                agave_core::without_credentials(&request.url)
            ))));
        };
        if !self.grants.allow_http(&url) {
            let wanted = crate::grants::Origin::of(&url)
                .map_or_else(|| url.scheme().to_owned(), |origin| origin.to_string());
            return Ok(Err(Error::NotAllowed(format!(
                "{wanted} is not granted; add it to the node's `allow.http`"
            ))));
        }
        if let Some((name, _)) = request
            .headers
            .iter()
            .find(|(name, _)| is_the_hosts(name, &login))
        {
            return Ok(Err(Error::NotAllowed(format!(
                "the header `{}` is the host's to set",
                shortened(name, 100)
            ))));
        }
        let Some(HttpClient {
            client,
            runtime,
            stop,
        }) = self.http.clone()
        else {
            return Ok(Err(Error::Unreachable("no HTTP here".to_owned())));
        };
        let limit = Duration::from_millis(u64::from(request.timeout_ms)).min(LONGEST);
        Ok(runtime.block_on(async {
            tokio::select! {
                answer = exchange(&client, url, request, login) => answer,
                () = tokio::time::sleep(limit) => Err(Error::TimedOut),
                () = stop.cancelled() => Err(Error::Unreachable("Agave is stopping".to_owned())),
            }
        }))
    }
}

/// Headers that decide where a request ends up, how it is framed or who is asking.
fn is_the_hosts(name: &str, login: &Login) -> bool {
    let name = name.to_ascii_lowercase();
    let framing = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
    ];
    framing.contains(&name.as_str())
        || name.starts_with("proxy-")
        || (name == "authorization" && !matches!(login, Login::None))
}

async fn exchange(
    client: &Client,
    url: Url,
    request: Request,
    login: Login,
) -> Result<Response, Error> {
    let plain = |url: &Url| -> Result<reqwest::RequestBuilder, Error> {
        let mut builder = client
            .request(method(request.method), url.clone())
            .body(request.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        Ok(builder)
    };
    let first = match &login {
        Login::None | Login::Digest(_) => plain(&url)?,
        Login::Basic(secret) => {
            let (user, password) = user_and_password(secret);
            plain(&url)?.basic_auth(user, Some(password))
        }
        Login::Bearer(secret) => plain(&url)?.bearer_auth(secret.reveal()),
    };
    let mut response = first.send().await.map_err(unreachable)?;
    if let (Login::Digest(secret), StatusCode::UNAUTHORIZED) = (&login, response.status())
        && let Some(answer) = digest_answer(&response, &request, secret)
    {
        // Once: a second refusal means a wrong password, and devices count those.
        let second = plain(response.url())?.header(AUTHORIZATION, answer);
        response = second.send().await.map_err(unreachable)?;
    }
    received(response).await
}

/// The answer to the challenge in `response`, if there is one that can be answered.
fn digest_answer(
    response: &reqwest::Response,
    request: &Request,
    secret: &Secret,
) -> Option<String> {
    let challenge = response
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find(|value| {
            value
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("digest")
        })?;
    let (user, password) = user_and_password(secret);
    let url = response.url();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let context = AuthContext::new_with_method(
        user,
        password,
        target,
        Some(request.body.as_slice()),
        HttpMethod::from(method(request.method).as_str().to_owned()),
    );
    let answer = digest_auth::parse(challenge).ok()?.respond(&context).ok()?;
    Some(answer.to_header_string())
}

/// Reads the body up to its limit.
async fn received(mut response: reqwest::Response) -> Result<Response, Error> {
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MOST_RESPONSE_BYTES {
            return Err(Error::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response {
        status: response.status().as_u16(),
        headers,
        body,
    })
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
        Method::Patch => reqwest::Method::PATCH,
    }
}

fn user_and_password(secret: &Secret) -> (&str, &str) {
    secret
        .reveal()
        .split_once(':')
        .unwrap_or((secret.reveal(), ""))
}

/// What went wrong, without the address: it may carry what must not be shown.
fn unreachable(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        return Error::TimedOut;
    }
    let error = error.without_url();
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Error::Unreachable(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_only_for_addresses_of_its_kind() {
        let may =
            |host: &str, ip: &str| reachable_by(host, &SocketAddr::new(ip.parse().unwrap(), 80));
        assert!(may("example.com", "93.184.216.34"));
        for inside in [
            "10.0.0.5",
            "192.168.1.2",
            "100.64.0.1",
            "fd00::1",
            "::ffff:10.0.0.5",
        ] {
            assert!(!may("example.com", inside), "{inside}");
            assert!(may("nvr.farm.local", inside), "{inside}");
            assert!(may("nvr", inside), "{inside}");
        }
        for own in ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1"] {
            assert!(!may("nvr.farm.local", own), "{own}");
        }
        assert!(may("localhost", "127.0.0.1"));
    }

    #[test]
    fn some_headers_are_the_hosts() {
        assert!(is_the_hosts("Host", &Login::None));
        assert!(is_the_hosts("proxy-authorization", &Login::None));
        assert!(!is_the_hosts("Authorization", &Login::None));
        assert!(is_the_hosts(
            "Authorization",
            &Login::Basic(Secret::new("a:b"))
        ));
        assert!(!is_the_hosts("x-farm", &Login::None));
    }
}
