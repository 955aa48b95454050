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

use super::headers::{bearer, cookie, handed_on, not_embedded, same_origin, without_port};
use super::tokens::Bearer;
use super::{Attempts, AuditEntry, AuditLog, Caller, Proof, Role, Sessions, Tokens};
use crate::connections::Connection;
use crate::problem::Problem;

const CSRF: &str = "x-agave-csrf";
/// Nobody has a longer one.
const LONGEST_TOKEN: usize = 256;
/// So much of a path is written down.
const LONGEST_PATH: usize = 300;
/// Routes that are asked with a body and change nothing.
const QUESTIONS: [&str; 2] = ["/{flow}/plan", "/infer"];
/// Routes that change nothing when `plan=true` is asked for.
const PLANNED: [&str; 4] = [
    "/{flow}/rules",
    "/rules/{rule}",
    "/nodes/{node}/settings",
    "/{flow}/nodes/{node}",
];
/// So long a request may take until it is answered, with all that is sent. A change that needs
/// longer goes on; whoever asked for it is told no more.
const LONGEST_REQUEST: Duration = Duration::from_secs(120);
/// Where a file is sent, which may be large and come over a slow network.
const SENT_FILE: &str = "/{flow}/model-files";
const LONGEST_SENDING: Duration = Duration::from_secs(30 * 60);

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
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) connection: Arc<Connection>,
}

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
    /// Whether who sends these headers is asked for a token: always, unless only this machine can
    /// ask, nobody has ever made one, and it is no proxy, whose clients may be anywhere.
    pub(crate) fn asks(&self, headers: &HeaderMap) -> bool {
        // A file that cannot be read lets nobody in.
        !self.loopback || handed_on(headers) || !self.tokens.is_unused().unwrap_or(false)
    }

    /// Who asks; none where nobody in particular does.
    pub(crate) fn caller(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Option<Caller>, Problem> {
        if let Some(token) = bearer(headers) {
            let bearer = self.bearer(token, address)?;
            let by = Proof::Token(bearer.id.as_str().into());
            return Ok(Some(Caller::of(bearer, None, by)));
        }
        if let Some(word) = cookie(headers)
            && let Some(session) = self.sessions.find(word)
        {
            // A token that was taken away ends its sessions.
            let bearer = self.tokens.by_session(&session.token).map_err(unreadable)?;
            if let Some(bearer) = bearer {
                let by = Proof::Session {
                    word: word.into(),
                    token: session.token.into(),
                };
                return Ok(Some(Caller::of(bearer, Some(session.csrf), by)));
            }
        }
        Ok((!self.asks(headers)).then_some(Caller {
            name: None,
            role: Role::Admin,
            csrf: None,
            by: Proof::Here,
        }))
    }

    /// Why somebody who was let in before would not be let in now.
    pub(crate) fn is_over(&self, proof: &Proof) -> Option<&'static str> {
        let lasts = |token: &str| matches!(self.tokens.still(token), Ok(Some(_)));
        match proof {
            Proof::Here => {
                let asks = self.asks(&HeaderMap::new());
                asks.then_some("a token is asked for now; log in")
            }
            Proof::Token(token) => {
                (!lasts(token)).then_some("the token was taken away; log in with another one")
            }
            Proof::Session { word, token } => {
                let goes_on = self.sessions.find(word).is_some() && lasts(token);
                (!goes_on).then_some("the session is over; log in again")
            }
        }
    }

    /// Whose `token` is. After several that are nobody's, the address waits.
    pub(crate) fn bearer(&self, token: &str, address: IpAddr) -> Result<Bearer, Problem> {
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

    fn admit(&self, asked: &Asked) -> Result<Option<Caller>, Problem> {
        self.host(&asked.headers)?;
        self.attempts.take(asked.address.ip()).map_err(|seconds| {
            Problem::too_many("too many requests came from this address", seconds)
        })?;
        not_embedded(&asked.method, &asked.headers)?;
        let changes = !asked.method.is_safe();
        if changes || asked.headers.contains_key(header::UPGRADE) {
            same_origin(&asked.headers)?;
        }
        let caller = match &asked.needs {
            Err(allowed) => return Err(Problem::not_allowed(allowed.clone())),
            // What there is none of is told to everybody alike.
            Ok(Needs::Nothing) => return Ok(None),
            Ok(Needs::Role(needed)) => {
                let caller = self.caller(&asked.headers, asked.address.ip())?;
                let caller = caller.ok_or_else(|| {
                    Problem::unauthorized("log in, or send a token: `Authorization: Bearer …`")
                })?;
                if caller.role < *needed {
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

impl Caller {
    fn of(bearer: Bearer, csrf: Option<Arc<str>>, by: Proof) -> Self {
        Self {
            name: Some(bearer.name.into()),
            role: bearer.role,
            csrf,
            by,
        }
    }
}

/// What is looked at before a request is let by.
struct Asked {
    /// What its route needs; or, where nothing can be done in this way, in which it can.
    needs: Result<Needs, String>,
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
        None => Ok(Needs::Nothing),
        Some(path) => {
            let needs = guard.rights.of(request.method(), path.as_str());
            needs.ok_or_else(|| guard.rights.allowed(path.as_str()))
        }
    };
    let peer = request.extensions().get::<Peer>().cloned();
    let Some(Peer {
        address,
        connection,
    }) = peer
    else {
        return Problem::internal().into_response();
    };
    let asked = Asked {
        needs,
        method: request.method().clone(),
        headers: request.headers().clone(),
        address,
    };
    let shown_path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    let what = format!("{} {shown_path}", request.method());
    // A plan changes nothing, and is asked for with every key that somebody presses; so is what a
    // model sees in a picture.
    let is_planned = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|part| part == "plan=true"));
    let is_question = path.is_some_and(|path| {
        let is_one_of = |ends: &[&str]| ends.iter().any(|end| path.as_str().ends_with(end));
        is_one_of(&QUESTIONS) || (is_planned && is_one_of(&PLANNED))
    });
    let is_file = path.is_some_and(|path| path.as_str().ends_with(SENT_FILE));
    let longest = if is_file {
        LONGEST_SENDING
    } else {
        LONGEST_REQUEST
    };
    let is_change = !request.method().is_safe() && !is_question;
    let caller = match admitted(&guard.gate, asked).await {
        Ok(caller) => caller,
        Err(problem) => {
            // Whoever is not known must not be able to wash away what those did who are.
            if is_change {
                tracing::warn!(what, from = %address.ip(), status = problem.status(), "refused");
            }
            return problem.into_response();
        }
    };
    if caller.is_some() {
        connection.is_known_now();
    }
    if let Some(caller) = &caller {
        request.extensions_mut().insert(caller.clone());
    }
    let response = match timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::too_slow().into_response(),
    };
    if is_change {
        let status = response.status().as_u16();
        note(&guard.gate, caller, what, address, status).await;
    }
    response
}

/// Usually nothing has to be read for it; only where the tokens have changed is it a matter for
/// threads that may wait.
async fn admitted(gate: &Arc<Gate>, asked: Asked) -> Result<Option<Caller>, Problem> {
    if gate.tokens.is_current() {
        return gate.admit(&asked);
    }
    let gate = Arc::clone(gate);
    let admitted = spawn_blocking(move || gate.admit(&asked)).await;
    admitted.unwrap_or_else(|_| Err(Problem::internal()))
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
