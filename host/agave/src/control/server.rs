//! The side of the running process. It answers on the network threads, where it can take as long
//! as it likes; the flow's own threads only ever put something into a queue.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::protocol::{Answer, Ask, LONGEST_REQUEST, Request, VERSION};
use super::socket::{Place, Socket, SocketError};
use super::tap::Subscription;
use super::{Controlled, Trigger};

/// So many may ask at the same time.
const MOST_CLIENTS: usize = 16;
/// So long someone who has connected may take to ask.
const LONGEST_ASKING: Duration = Duration::from_secs(5);
/// So long someone who has asked may take to read a line.
const LONGEST_READING: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no more connections.
const NO_CONNECTIONS: Duration = Duration::from_millis(200);

const FAILED: &str = "the running process failed over it; its log says more";

/// Answers for one flow until it is dropped.
pub(crate) struct Server {
    stop: CancellationToken,
    /// Takes the socket away.
    _place: Place,
}

impl Server {
    /// Answers for `controlled` through the socket in `folder`.
    ///
    /// # Errors
    /// When there can be no socket; the flow itself runs without one.
    pub(crate) fn start(
        folder: &Path,
        controlled: Arc<dyn Controlled>,
        runtime: &tokio::runtime::Handle,
    ) -> Result<Self, SocketError> {
        let Socket { listener, place } = Socket::bind(folder)?;
        let of_runtime = |reason: io::Error| SocketError::Make {
            path: folder.to_owned(),
            reason,
        };
        listener.set_nonblocking(true).map_err(of_runtime)?;
        let _entered = runtime.enter();
        let listener = UnixListener::from_std(listener).map_err(of_runtime)?;
        let stop = CancellationToken::new();
        runtime.spawn(accept(listener, controlled, stop.clone()));
        Ok(Self {
            stop,
            _place: place,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(listener: UnixListener, controlled: Arc<dyn Controlled>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MOST_CLIENTS));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(NO_CONNECTIONS).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            refuse_at_once(&stream);
            continue;
        };
        let controlled = Arc::clone(&controlled);
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                // Whoever has hung up needs no answer.
                _ = converse(stream, controlled) => {}
            }
            drop(place);
        });
    }
}

fn refuse_at_once(stream: &UnixStream) {
    let reason = format!("{MOST_CLIENTS} others are asking already");
    // A new connection has room for a line.
    let _ = stream.try_write(line(&Answer::Refused(reason)).as_bytes());
}

/// One request, and its answer.
async fn converse(stream: UnixStream, controlled: Arc<dyn Controlled>) -> io::Result<()> {
    let (mut reader, mut writer) = stream.into_split();
    let asked = timeout(LONGEST_ASKING, request(&mut reader)).await;
    let ask = match asked {
        Ok(Ok(ask)) => ask,
        Ok(Err(reason)) => return send(&mut writer, &Answer::Refused(reason)).await,
        Err(_) => {
            let reason = format!("nothing was asked within {LONGEST_ASKING:?}");
            return send(&mut writer, &Answer::Refused(reason)).await;
        }
    };
    if let Ask::Tap { node } = ask {
        let flow = controlled.name().to_owned();
        let tapped = spawn_blocking(move || controlled.tap(&node)).await;
        return match tapped.unwrap_or_else(|_| Err(FAILED.to_owned())) {
            Ok(subscription) => {
                send(&mut writer, &Answer::Tapping { flow }).await?;
                show(subscription, &mut reader, &mut writer).await
            }
            Err(reason) => send(&mut writer, &Answer::Refused(reason)).await,
        };
    }
    // A reload goes on when whoever asked for it hangs up.
    let answered = spawn_blocking(move || match ask {
        Ask::Reload => Answer::Report(controlled.reload(&Trigger::Command)),
        Ask::Plan { file } => Answer::Report(controlled.plan(file)),
        Ask::DeadLetters { remedy, choice } => match controlled.remedy(remedy, &choice) {
            Ok(done) => Answer::Done(done),
            Err(reason) => Answer::Refused(reason),
        },
        Ask::TestAlert { adapter } => match controlled.test_alert(&adapter) {
            Ok(tested) => Answer::Tested(tested),
            Err(reason) => Answer::Refused(reason.to_string()),
        },
        Ask::Status | Ask::Tap { .. } => Answer::Status(controlled.status()),
    });
    let answer = answered
        .await
        .unwrap_or_else(|_| Answer::Refused(FAILED.to_owned()));
    send(&mut writer, &answer).await
}

/// The line that asks, or what is wrong with it.
async fn request(reader: &mut OwnedReadHalf) -> Result<Ask, String> {
    let longest = LONGEST_REQUEST as u64;
    let mut line = Vec::new();
    let mut reader = BufReader::new(reader.take(longest));
    let read = reader.read_until(b'\n', &mut line).await;
    read.map_err(|error| error.to_string())?;
    if line.len() >= LONGEST_REQUEST {
        return Err(format!("a request has at most {LONGEST_REQUEST} bytes"));
    }
    let value: serde_json::Value =
        serde_json::from_slice(&line).map_err(|error| format!("this is no request: {error}"))?;
    let version = value.get("version").and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(VERSION)) {
        return Err(format!(
            "the running program understands requests of version {VERSION} and not this one; use the agave that runs the flow"
        ));
    }
    let request: Request = serde_json::from_value(value)
        .map_err(|error| format!("the running program does not know this request: {error}"))?;
    Ok(request.ask)
}

/// Hands on what passes until one of the two sides hangs up.
async fn show(
    mut tapped: Subscription,
    reader: &mut OwnedReadHalf,
    writer: &mut OwnedWriteHalf,
) -> io::Result<()> {
    let mut anything = [0; 64];
    loop {
        let passed = tokio::select! {
            passed = tapped.waiting.recv() => passed,
            read = reader.read(&mut anything) => match read? {
                0 => return Ok(()),
                _ => continue,
            },
        };
        let left_out = tapped.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            send(writer, &Answer::LeftOut(left_out)).await?;
        }
        let Some(passed) = passed else {
            return send(writer, &Answer::Refused("the node is gone".to_owned())).await;
        };
        send(writer, &Answer::Passed(passed)).await?;
    }
}

async fn send(writer: &mut OwnedWriteHalf, answer: &Answer) -> io::Result<()> {
    let line = line(answer);
    timeout(LONGEST_READING, writer.write_all(line.as_bytes())).await?
}

fn line(answer: &Answer) -> String {
    let mut line = serde_json::to_string(answer).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
