//! The gate in front of every route. What a route needs stands in the document of the API, and
//! the gate is made from that document: a route that says nothing lets nobody by.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::headers::{bearer, cookie, same_origin, without_port};
use super::{Attempts, AuditEntry, AuditLog, Caller, Role, Sessions, Tokens};
use crate::problem::Problem;

const CSRF: &str = "x-agave-csrf";
/// Nobody has a longer one.
const LONGEST_TOKEN: usize = 256;
/// So much of a path is written down.
const LONGEST_PATH: usize = 300;
/// So long a request may take until it is answered, with all that is sent. A change that needs
/// longer goes on; whoever asked for it is told no more.
const LONGEST_REQUEST: Duration = Duration::from_secs(120);

/// Everything that decides who comes in.
pub(crate) struct Gate {
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) attempts: Attempts,
    pub(crate) audit: AuditLog,
    /// Only this machine can reach it.
    pub(crate) loopback: bool,
    /// Names besides addresses under which it is asked for.
    pub(crate) names: Vec<String>,
    /// What goes over the network is encrypted.
    pub(crate) encrypted: bool,
}

/// What each route needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights(Arc<HashMap<(Method, String), Needs>>);

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Anybody may ask.
    Nothing,
    /// Somebody with this role, or more.
    Role(Role),
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Rights {
    pub(crate) fn new(needs: HashMap<(Method, String), Needs>) -> Self {
        Self(Arc::new(needs))
    }

    fn of(&self, method: &Method, path: &str) -> Option<Needs> {
        // Whatever can be got can be asked about.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.0.get(&(method.clone(), path.to_owned())).copied()
    }

    /// What can be done at `path`, as the header `Allow` has it.
    fn allowed(&self, path: &str) -> String {
        let known = self.0.keys().filter(|(_, known)| known == path);
        let mut methods: Vec<&str> = known.map(|(method, _)| method.as_str()).collect();
        methods.sort_unstable();
        methods.join(", ")
    }
}

impl Gate {
    /// Whether a token is asked for: always, unless only this machine can ask and nobody has made
    /// one.
    pub(crate) fn asks(&self) -> bool {
        // A file that cannot be read lets nobody in.
        !self.loopback || !self.tokens.is_empty().unwrap_or(false)
    }

    /// Who asks; none where nobody in particular does.
    pub(crate) fn caller(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Option<Caller>, Problem> {
        if let Some(token) = bearer(headers) {
            let bearer = self.bearer(token, address)?;
            return Ok(Some(Caller {
                name: Some(bearer.name.into()),
                role: bearer.role,
                csrf: None,
            }));
        }
        if let Some(cookie) = cookie(headers)
            && let Some(session) = self.sessions.find(cookie)
        {
            // A token that was taken away ends its sessions.
            let bearer = self.tokens.still(&session.token).map_err(unreadable)?;
            if let Some(bearer) = bearer {
                return Ok(Some(Caller {
                    name: Some(bearer.name.into()),
                    role: bearer.role,
                    csrf: Some(session.csrf),
                }));
            }
        }
        Ok((!self.asks()).then_some(Caller {
            name: None,
            role: Role::Admin,
            csrf: None,
        }))
    }

    /// Whose `token` is. After several that are nobody's, the address waits.
    pub(crate) fn bearer(
        &self,
        token: &str,
        address: IpAddr,
    ) -> Result<super::tokens::Bearer, Problem> {
        let bearer = match token.len() {
            0..=LONGEST_TOKEN => self.tokens.bearer(token).map_err(unreadable)?,
            _ => None,
        };
        match bearer {
            Some(bearer) => {
                self.attempts.succeeded(address);
                Ok(bearer)
            }
            None => {
                // Who has a right one is let in meanwhile.
                self.attempts.may_try(address).map_err(|seconds| {
                    Problem::too_many("too many wrong tokens came from this address", seconds)
                })?;
                self.attempts.failed(address);
                Err(Problem::unauthorized(
                    "this token is nobody's; `agave token new` makes one",
                ))
            }
        }
    }

    /// That the request means this server: a page of somebody else's must not get here by giving
    /// its own name our address.
    fn host(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let name = host.map(without_port).unwrap_or_default();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let known = match bare.parse::<IpAddr>() {
            Ok(address) => !self.loopback || address.is_loopback(),
            Err(_) => {
                let is_ours = |ours: &String| ours.eq_ignore_ascii_case(name);
                self.names.iter().any(is_ours)
                    || (self.loopback && name.eq_ignore_ascii_case("localhost"))
            }
        };
        if known {
            return Ok(());
        }
        Err(Problem::forbidden(
            "this server is not known under that name; name it with --host-name, or ask for its \
             address",
        ))
    }

    fn admit(&self, asked: &Asked, needs: Needs) -> Result<Option<Caller>, Problem> {
        self.host(&asked.headers)?;
        self.attempts.take(asked.address.ip()).map_err(|seconds| {
            Problem::too_many("too many requests came from this address", seconds)
        })?;
        let changes = !asked.method.is_safe();
        if changes || asked.headers.contains_key(header::UPGRADE) {
            same_origin(&asked.headers)?;
        }
        let caller = match needs {
            // What there is none of is told to everybody alike.
            Needs::Nothing => return Ok(None),
            Needs::Role(needed) => {
                let caller = self.caller(&asked.headers, asked.address.ip())?;
                let caller = caller.ok_or_else(|| {
                    Problem::unauthorized("log in, or send a token: `Authorization: Bearer …`")
                })?;
                if caller.role < needed {
                    let (has, name) = (caller.role, caller.shown());
                    return Err(Problem::forbidden(format!(
                        "'{name}' is {has} here, and this needs {needed}"
                    )));
                }
                caller
            }
        };
        if changes && let Some(wanted) = &caller.csrf {
            let sent = asked.headers.get(CSRF).map(|value| value.as_bytes());
            let same = sent.is_some_and(|sent| sent.ct_eq(wanted.as_bytes()).into());
            if !same {
                return Err(Problem::forbidden(
                    "a change by a session needs its word in the header X-Agave-CSRF",
                ));
            }
        }
        Ok(Some(caller))
    }
}

/// What is looked at before a request is let by.
struct Asked {
    method: Method,
    headers: HeaderMap,
    address: SocketAddr,
}

/// What stands in front of every route.
pub(crate) struct Guard {
    pub(crate) gate: Arc<Gate>,
    pub(crate) rights: Rights,
}

/// Lets a request by, or answers it.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let needs = match path {
        // What is on no route is a page, or nothing.
        None => Needs::Nothing,
        Some(path) => match guard.rights.of(request.method(), path.as_str()) {
            Some(needs) => needs,
            None => {
                let allowed = guard.rights.allowed(path.as_str());
                return Problem::not_allowed(allowed).into_response();
            }
        },
    };
    let peer = request.extensions().get::<Peer>().copied();
    let Some(Peer(address)) = peer else {
        return Problem::internal().into_response();
    };
    let asked = Asked {
        method: request.method().clone(),
        headers: request.headers().clone(),
        address,
    };
    let shown_path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    let what = format!("{} {shown_path}", request.method());
    // A plan changes nothing, and is asked for with every key that somebody presses.
    let is_plan = path.is_some_and(|path| path.as_str().ends_with("/{flow}/plan"));
    let is_change = !request.method().is_safe() && !is_plan;
    let gate = Arc::clone(&guard.gate);
    // It may have to read the tokens from the disk.
    let admitted = spawn_blocking(move || gate.admit(&asked, needs)).await;
    let caller = match admitted {
        Ok(Ok(caller)) => caller,
        Ok(Err(problem)) => {
            // Whoever is not known must not be able to wash away what those did who are.
            if is_change {
                tracing::warn!(what, from = %address.ip(), status = problem.status(), "refused");
            }
            return problem.into_response();
        }
        Err(_) => return Problem::internal().into_response(),
    };
    if let Some(caller) = &caller {
        request.extensions_mut().insert(caller.clone());
    }
    let response = match timeout(LONGEST_REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::too_slow().into_response(),
    };
    if is_change {
        let status = response.status().as_u16();
        note(&guard.gate, caller, what, address, status).await;
    }
    response
}

async fn note(
    gate: &Arc<Gate>,
    caller: Option<Caller>,
    what: String,
    from: SocketAddr,
    outcome: u16,
) {
    let entry = AuditEntry {
        at: AuditEntry::now(),
        who: caller
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), |caller| caller.shown().to_owned()),
        role: caller.map(|caller| caller.role.to_string()),
        what,
        from: from.ip().to_string(),
        outcome,
    };
    let gate = Arc::clone(gate);
    // What is wrong with the disk is logged there.
    let _ = spawn_blocking(move || gate.audit.note(entry)).await;
}

fn unreadable(error: super::TokensError) -> Problem {
    tracing::error!(%error, "nobody can log in");
    Problem::internal()
}
