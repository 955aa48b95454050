//! What every route works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::access::Gate;
use crate::api::Audience;
use crate::changes::Changes;
use crate::problem::Problem;
use crate::system::{Refusal, RunningFlow, System};
use crate::view::Status;

/// For so long a status serves everybody who asks: numbers that are looked at by many pages are
/// gathered once.
const STATUS_IS_FRESH: Duration = Duration::from_millis(450);
/// So many pictures are encoded at the same time.
const MOST_PICTURES: usize = 2;
/// So many receivers are tested at the same time.
const MOST_TESTS: usize = 4;
/// So many pictures of somebody's are in memory: one is looked at, the others wait or are sent.
const MOST_IMAGES: usize = 4;

/// A status, and the same as the text that pages get.
pub(crate) struct Gathered {
    pub(crate) status: Status,
    pub(crate) text: Arc<str>,
    at: Instant,
}

/// The status of one flow, which one gathers while the others wait for it.
type Latest = Arc<tokio::sync::Mutex<Option<Arc<Gathered>>>>;

pub(crate) struct Shared {
    pub(crate) system: Arc<dyn System>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) audience: Audience,
    statuses: Mutex<HashMap<String, Latest>>,
    pictures: Arc<Semaphore>,
    changes: Changes,
    images: Arc<Semaphore>,
    /// One picture of somebody's is looked at after the other.
    pub(crate) looks: Arc<Semaphore>,
    tests: Arc<Semaphore>,
    /// One model is received after the other.
    pub(crate) receipts: Arc<Semaphore>,
}

impl Shared {
    /// Ends everything that is looked at when it is `stopping`.
    pub(crate) fn new(
        system: Arc<dyn System>,
        gate: Arc<Gate>,
        stopping: CancellationToken,
        changes: Changes,
    ) -> Self {
        Self {
            system,
            gate,
            audience: Audience::until(stopping),
            statuses: Mutex::default(),
            pictures: Arc::new(Semaphore::new(MOST_PICTURES)),
            changes,
            images: Arc::new(Semaphore::new(MOST_IMAGES)),
            looks: Arc::new(Semaphore::new(1)),
            tests: Arc::new(Semaphore::new(MOST_TESTS)),
            receipts: Arc::new(Semaphore::new(1)),
        }
    }

    /// The flow of this name.
    pub(crate) fn flow(&self, name: &str) -> Result<Arc<dyn RunningFlow>, Problem> {
        let flows = self.system.flows();
        let found = flows.iter().find(|flow| flow.name() == name);
        found.map(Arc::clone).ok_or_else(|| {
            let names: Vec<&str> = flows.iter().map(|flow| flow.name()).collect();
            let there_are = names.join(", ");
            Problem::not_found(format!("there is no flow '{name}'; there is: {there_are}"))
        })
    }

    /// The flow, where there is one only.
    pub(crate) fn only_flow(&self) -> Result<Arc<dyn RunningFlow>, Problem> {
        let flows = self.system.flows();
        match flows.as_slice() {
            [only] => Ok(Arc::clone(only)),
            several => {
                let names: Vec<&str> = several.iter().map(|flow| flow.name()).collect();
                let said = format!("name one of the flows with `flow`: {}", names.join(", "));
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, said))
            }
        }
    }

    /// How `flow` is, or was a moment ago.
    pub(crate) async fn status(
        &self,
        flow: &Arc<dyn RunningFlow>,
    ) -> Result<Arc<Gathered>, Problem> {
        let latest = {
            let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(statuses.entry(flow.name().to_owned()).or_default())
        };
        let mut latest = latest.lock().await;
        if let Some(gathered) = latest.as_ref()
            && gathered.at.elapsed() < STATUS_IS_FRESH
        {
            return Ok(Arc::clone(gathered));
        }
        let flow = Arc::clone(flow);
        let gathered = get(move || gather(flow.as_ref())).await?;
        *latest = Some(Arc::clone(&gathered));
        Ok(gathered)
    }

    /// How all flows are.
    pub(crate) async fn statuses(&self) -> Result<Vec<Arc<Gathered>>, Problem> {
        let mut all = Vec::new();
        for flow in self.system.flows() {
            all.push(self.status(&flow).await?);
        }
        Ok(all)
    }

    /// Asks for a picture, when it is its turn.
    pub(crate) async fn draw<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        // It is never closed.
        let turn = Arc::clone(&self.pictures).acquire_owned().await;
        ask(in_turn(turn, question)).await
    }

    /// Tests a receiver, when it is its turn: it may wait for long, and threads are few.
    pub(crate) async fn test<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        // It is never closed.
        let turn = Arc::clone(&self.tests).acquire_owned().await;
        ask(in_turn(turn, question)).await
    }

    /// Room for somebody's picture, where there is any.
    pub(crate) fn room_for_an_image(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.images).try_acquire_owned().ok()
    }

    /// Asks for something that reads flow files, and may compile plugins, when it is its turn.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        self.changes.make(question).await.map_err(Problem::from)
    }
}

fn gather(flow: &dyn RunningFlow) -> Arc<Gathered> {
    let status = flow.status();
    let text = serde_json::json!({ "status": status }).to_string();
    Arc::new(Gathered {
        status,
        text: text.into(),
        at: Instant::now(),
    })
}

/// The turn is over when the work is done, which may be after whoever asked has gone.
pub(crate) fn in_turn<T, U>(turn: T, work: impl FnOnce() -> U) -> impl FnOnce() -> U {
    move || {
        let done = work();
        drop(turn);
        done
    }
}

/// Asks something that may take its time, away from the network's threads.
pub(crate) async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    match spawn_blocking(question).await {
        Ok(answer) => answer.map_err(Problem::from),
        Err(_) => Err(Problem::internal()),
    }
}

/// The same where nothing can be refused.
pub(crate) async fn get<T: Send + 'static>(
    question: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    spawn_blocking(question)
        .await
        .map_err(|_| Problem::internal())
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(said) => Self::not_found(said),
            Refusal::Stale(said) => Self::new(StatusCode::PRECONDITION_FAILED, said),
            Refusal::Invalid { said, problems } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, said).with_problems(problems)
            }
            Refusal::Flawed { field, said } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, said).about(field)
            }
            Refusal::TooLarge(said) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, said),
            Refusal::Conflict(said) => Self::new(StatusCode::CONFLICT, said),
            Refusal::Unavailable(said) => Self::new(StatusCode::SERVICE_UNAVAILABLE, said),
        }
    }
}
