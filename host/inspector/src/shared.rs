//! What every route works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::access::Gate;
use crate::api::Sockets;
use crate::problem::Problem;
use crate::system::{Refusal, RunningFlow, System};
use crate::view::Status;

/// For so long a status serves everybody who asks: numbers that are looked at by many pages are
/// gathered once.
const STATUS_IS_FRESH: Duration = Duration::from_millis(250);

/// A status, and the same as the text that pages get.
pub(crate) struct Gathered {
    pub(crate) status: Status,
    pub(crate) text: Arc<str>,
    at: Instant,
}

pub(crate) struct Shared {
    pub(crate) system: Arc<dyn System>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) sockets: Sockets,
    statuses: Mutex<HashMap<String, Arc<Gathered>>>,
}

impl Shared {
    /// Ends everything that is looked at when it is `stopping`.
    pub(crate) fn new(
        system: Arc<dyn System>,
        gate: Arc<Gate>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            system,
            gate,
            sockets: Sockets::until(stopping),
            statuses: Mutex::default(),
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

    /// How `flow` is, or was a moment ago. It may take its time.
    pub(crate) fn status(&self, flow: &dyn RunningFlow) -> Arc<Gathered> {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gathered) = statuses.get(flow.name())
            && gathered.at.elapsed() < STATUS_IS_FRESH
        {
            return Arc::clone(gathered);
        }
        let status = flow.status();
        let text = serde_json::json!({ "status": status }).to_string();
        let gathered = Arc::new(Gathered {
            status,
            text: text.into(),
            at: Instant::now(),
        });
        statuses.insert(flow.name().to_owned(), Arc::clone(&gathered));
        gathered
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
            Refusal::Unavailable(said) => Self::new(StatusCode::SERVICE_UNAVAILABLE, said),
        }
    }
}
