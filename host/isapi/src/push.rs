//! Posts events to the hosts that were registered. Each has a queue of its own with a limit, so
//! that one that is away holds up no other; what it does not take in a few attempts is dropped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::AbortHandle;

use crate::hosts::HttpHost;
use crate::parts;
use crate::post::Poster;
use crate::report::{Count, Counts};
use crate::settings::Limits;

const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Only so many that wait have their pictures: the rest is text.
const MOST_PICTURES: usize = 8;

/// One event to be posted.
pub(crate) struct Push {
    /// The type of the event, which its part is named after.
    pub(crate) name: &'static str,
    pub(crate) picture_name: &'static str,
    pub(crate) xml: String,
    pub(crate) jpeg: Option<Bytes>,
}

impl Push {
    /// As devices post it. The XML says itself whether there is a picture.
    fn body(&self) -> Bytes {
        let disposition = format!("form-data; name=\"{}\"", self.name);
        let mut body = parts::part(parts::XML, Some(&disposition), self.xml.as_bytes()).to_vec();
        if let Some(jpeg) = &self.jpeg {
            let name = self.picture_name;
            let disposition = format!("form-data; name=\"{name}\"; filename=\"{name}.jpg\"");
            body.extend_from_slice(&parts::picture(&disposition, jpeg));
        }
        body.extend_from_slice(b"--boundary--\r\n");
        body.into()
    }
}

/// All hosts, with what waits for them.
pub(crate) struct Pusher {
    runtime: Handle,
    poster: Poster,
    limits: Limits,
    counts: Arc<Counts>,
    lines: Mutex<Vec<Line>>,
}

/// A host, and what waits for it.
struct Line {
    host: HttpHost,
    sender: Sender<Bytes>,
    waiting: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Pusher {
    pub(crate) fn new(
        runtime: Handle,
        limits: Limits,
        counts: Arc<Counts>,
    ) -> Result<Self, String> {
        Ok(Self {
            runtime,
            poster: Poster::new()?,
            limits,
            counts,
            lines: Mutex::default(),
        })
    }

    /// The hosts as they are now.
    pub(crate) fn hosts(&self) -> Vec<HttpHost> {
        self.lock().iter().map(|line| line.host.clone()).collect()
    }

    /// From now on these. What waits for one that stays goes on to wait.
    pub(crate) fn set(&self, hosts: Vec<HttpHost>) {
        let mut lines = self.lock();
        let before = std::mem::take(&mut *lines);
        let (stay, go): (Vec<Line>, Vec<Line>) = before
            .into_iter()
            .partition(|line| hosts.contains(&line.host));
        go.iter().for_each(|line| self.end(line));
        *lines = stay;
        for host in hosts {
            if !lines.iter().any(|line| line.host == host) {
                lines.push(self.line(host));
            }
        }
        lines.sort_by_key(|line| line.host.id);
    }

    /// Whether anybody wants a push.
    pub(crate) fn has_hosts(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Lets it wait for each host.
    pub(crate) fn push(&self, mut push: Push) {
        let lines = self.lock();
        let whole = push.body();
        push.jpeg = None;
        let text = push.body();
        for line in lines.iter() {
            let waiting = line.waiting.fetch_add(1, Ordering::Relaxed);
            let body = if waiting < MOST_PICTURES {
                &whole
            } else {
                &text
            };
            if line.sender.try_send(body.clone()).is_err() {
                line.waiting.fetch_sub(1, Ordering::Relaxed);
                self.counts.add(Count::HostQueueFull, 1);
            }
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        let lines = self.lock();
        let waiting = lines
            .iter()
            .map(|line| line.waiting.load(Ordering::Relaxed));
        waiting.sum()
    }

    fn line(&self, host: HttpHost) -> Line {
        let (sender, receiver) = mpsc::channel(self.limits.host_queue.max(1));
        let waiting = Arc::new(AtomicUsize::new(0));
        let courier = Courier {
            poster: self.poster.clone(),
            host: host.clone(),
            attempts: self.limits.host_attempts.max(1),
            wait: self.limits.host_wait,
            counts: Arc::clone(&self.counts),
            waiting: Arc::clone(&waiting),
        };
        let task = self.runtime.spawn(courier.run(receiver)).abort_handle();
        Line {
            host,
            sender,
            waiting,
            task,
        }
    }

    fn end(&self, line: &Line) {
        line.task.abort();
        let left = line.waiting.load(Ordering::Relaxed);
        self.counts.add(Count::HostGone, left as u64);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Empties the queue of one host.
struct Courier {
    poster: Poster,
    host: HttpHost,
    attempts: u32,
    wait: Duration,
    counts: Arc<Counts>,
    waiting: Arc<AtomicUsize>,
}

impl Courier {
    async fn run(self, mut receiver: Receiver<Bytes>) {
        while let Some(body) = receiver.recv().await {
            let outcome = self.deliver(body).await;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.counts.add(outcome, 1);
        }
    }

    async fn deliver(&self, body: Bytes) -> Count {
        let mut longest = self.wait;
        for attempt in 1..=self.attempts {
            match self.poster.post(&self.host, body.clone()).await {
                Ok(200..=299) => return Count::Pushed,
                // It will never take it.
                Ok(status @ (300..=407 | 409..=428 | 430..=499)) => {
                    tracing::warn!(host = %self.host, status, "a host refused a push");
                    return Count::HostRefused;
                }
                Ok(status) => tracing::debug!(host = %self.host, status, attempt, "a push failed"),
                Err(error) => {
                    tracing::debug!(host = %self.host, %error, attempt, "a push failed");
                }
            }
            if attempt < self.attempts {
                tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
                longest = (longest * 2).min(LONGEST_WAIT);
            }
        }
        tracing::warn!(host = %self.host, attempts = self.attempts, "a push was given up");
        Count::HostUnreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_has_its_event_and_its_picture_as_devices_name_them() {
        let push = Push {
            name: "linedetection",
            picture_name: "lineCrossImage",
            xml: "<x/>\r\n".to_owned(),
            jpeg: Some(Bytes::from_static(b"JPEG")),
        };
        assert_eq!(
            push.body(),
            "--boundary\r\nContent-Disposition: form-data; name=\"linedetection\"\r\n\
             Content-Type: application/xml; charset=\"UTF-8\"\r\nContent-Length: 6\r\n\r\n<x/>\r\n\
             --boundary\r\nContent-Disposition: form-data; name=\"lineCrossImage\"; \
             filename=\"lineCrossImage.jpg\"\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\
             \r\nJPEG\r\n--boundary--\r\n"
        );
    }
}
