//! A camera: connected, watched, lost, tried again, until shutdown.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use retina::client::SessionGroup;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::backoff::Backoff;
use super::clock::{ArrivalClock, CaptureClock};
use super::progress::Progress;
use super::rtsp::{self, Connection, Loss};
use super::wait::{EventLoop, wait};
use super::{FrameSink, SourceConfig, SourceError, SourceEvent};

/// How long shutdown waits for the camera to confirm that it may forget us. A camera that is
/// not told goes on sending, and counts us among its viewers, for a minute.
const TEARDOWN_LIMIT: Duration = Duration::from_secs(2);

pub(super) fn run(
    config: &SourceConfig,
    sink: &mut dyn FrameSink,
    shutdown: &CancellationToken,
) -> Result<(), SourceError> {
    let address = Address::new(config)?;
    let event_loop = EventLoop::new()?;
    event_loop.block_on(watch(config, &address, sink, shutdown));
    Ok(())
}

async fn watch(
    config: &SourceConfig,
    address: &Address,
    sink: &mut dyn FrameSink,
    shutdown: &CancellationToken,
) {
    let group = Arc::new(SessionGroup::default().named(config.camera.clone()));
    let mut progress = Progress::new(config.fps, sink);
    let mut capture = CaptureClock::default();
    let mut backoff = Backoff::default();
    let arrival = ArrivalClock::new();
    while !shutdown.is_cancelled() {
        progress.connecting();
        capture.reconnected();
        let mut connection = Connection {
            config,
            address,
            group: &group,
            progress: &mut progress,
            capture: &mut capture,
            arrival: &arrival,
            live_since: None,
        };
        // Dropping the attempt on shutdown drops its session, which sends the TEARDOWN.
        let loss = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            loss = rtsp::run_once(&mut connection) => loss,
        };
        let live_for = connection.live_for();
        let retry_in = match &loss {
            Loss::Refused(_) => backoff.refused(),
            Loss::Failed(_) => backoff.lost(live_for),
        };
        let reason = loss.to_string();
        progress.report();
        let mut nudged = pin!(config.nudge.next());
        // Whoever hears that it is lost may nudge it.
        nudged.as_mut().enable();
        progress.event(SourceEvent::Lost { reason, retry_in });
        tokio::select! {
            biased;
            waited = wait(retry_in, shutdown) => if !waited { break },
            () = nudged => {}
        }
    }
    match timeout(TEARDOWN_LIMIT, group.await_teardown()).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => {
            tracing::debug!(camera = %config.camera, "the camera did not confirm the TEARDOWN");
        }
    }
    progress.report();
}
