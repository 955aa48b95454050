//! Those who look on: how many may, and when they have to stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::access::Proof;
use crate::problem::Problem;
use crate::shared::{Shared, get};
use crate::system::RunningFlow;

/// So many sockets at the same time.
const MOST: u32 = 256;
/// Of these, so many with the same token.
const MOST_BY_TOKEN: usize = 64;
/// How often is looked whether somebody may go on looking.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// So long a word of farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// RFC 6455: the server goes away. RFC 6455 leaves those from 4000 on to us; this is 401.
const GOING_AWAY: u16 = 1001;
const NOT_ALLOWED: u16 = 4401;

/// All who look on.
pub(crate) struct Audience {
    places: Arc<Semaphore>,
    by_token: Mutex<HashMap<Arc<str>, usize>>,
    stopping: CancellationToken,
}

/// Somebody who looks at a flow, with a place in the audience until this is dropped.
pub(super) struct Watching {
    shared: Arc<Shared>,
    flow: Arc<dyn RunningFlow>,
    proof: Proof,
    _place: OwnedSemaphorePermit,
}

/// Why a socket ends.
pub(super) enum End {
    /// Whoever looked has gone, or does not read.
    Gone,
    /// There is no more to see.
    NoMore(&'static str),
    /// Whoever looks may not any more.
    NotAllowed(&'static str),
}

impl Audience {
    pub(crate) fn until(stopping: CancellationToken) -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST as usize)),
            by_token: Mutex::default(),
            stopping,
        }
    }

    /// Waits until nobody looks on any more.
    pub(crate) async fn has_left(&self) {
        // It is never closed.
        let _ = self.places.acquire_many(MOST).await;
    }

    fn by_token(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watching {
    /// A place for whoever was let in by `proof`.
    pub(super) fn of(
        shared: &Arc<Shared>,
        flow: Arc<dyn RunningFlow>,
        proof: Proof,
    ) -> Result<Self, Problem> {
        let audience = &shared.audience;
        let full = |said: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, said);
        let place = Arc::clone(&audience.places).try_acquire_owned();
        let place = place.map_err(|_| full(format!("{MOST} others look on already")))?;
        if let Some(token) = proof.token() {
            let mut by_token = audience.by_token();
            let count = by_token.entry(Arc::clone(token)).or_default();
            if *count >= MOST_BY_TOKEN {
                return Err(full(format!(
                    "{MOST_BY_TOKEN} look on with this token already"
                )));
            }
            *count += 1;
        }
        Ok(Self {
            shared: Arc::clone(shared),
            flow,
            proof,
            _place: place,
        })
    }

    /// Shows something on `socket` until it ends, and says why it does.
    pub(super) async fn show(
        self,
        mut socket: WebSocket,
        show: impl AsyncFnOnce(&mut WebSocket) -> End,
    ) {
        let end = tokio::select! {
            end = self.has_to_end() => end,
            end = show(&mut socket) => end,
        };
        let (code, reason) = match end {
            End::Gone => return,
            End::NoMore(reason) => (GOING_AWAY, reason),
            End::NotAllowed(reason) => (NOT_ALLOWED, reason),
        };
        let farewell = Message::Close(Some(CloseFrame {
            code,
            reason: reason.into(),
        }));
        // Who does not hear it sees the connection end.
        let _ = timeout(FAREWELL, socket.send(farewell)).await;
    }

    async fn has_to_end(&self) -> End {
        let mut due = interval(ASKED_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.shared.audience.stopping.cancelled() => {
                    return End::NoMore("Agave ends");
                }
                _ = due.tick() => {}
            }
            if self.flow.has_ended() {
                return End::NoMore("the flow has ended");
            }
            if let Some(reason) = self.is_over().await {
                return End::NotAllowed(reason);
            }
        }
    }

    async fn is_over(&self) -> Option<&'static str> {
        let gate = Arc::clone(&self.shared.gate);
        if gate.tokens.is_current() {
            return gate.is_over(&self.proof);
        }
        let proof = self.proof.clone();
        get(move || gate.is_over(&proof)).await.ok().flatten()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let Some(token) = self.proof.token() else {
            return;
        };
        let mut by_token = self.shared.audience.by_token();
        if let Some(count) = by_token.get_mut(token) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                by_token.remove(token);
            }
        }
    }
}
