//! What a delivery has to survive: a receiver that is killed, started again and frozen, and an
//! Agave that is killed in between.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::backlog::{Arrivals, Backlog};
use crate::{Signal, Summary};

/// So long one Agave lives at most before it is killed.
const LONGEST_LIFE: Duration = Duration::from_millis(1500);
/// So long a receiver is frozen: longer than the tests let one attempt take.
const FROZEN: Duration = Duration::from_millis(1200);
/// Until everything has arrived, once nothing happens any more.
const PATIENCE: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);
/// With each process that is killed or frozen, so many may have arrived that nobody could note.
const MOST_UNNOTED: usize = 500;

/// An alert that a receiver has taken.
pub struct Taken {
    /// Its idempotency key.
    pub key: String,
    /// What was sent.
    pub body: String,
}

/// A receiver that can be taken away.
pub trait Counterpart {
    /// The next alert that it has taken; none when there is none within `within`, or it is gone.
    ///
    /// # Errors
    /// When it says what cannot be understood.
    fn next(&mut self, within: Duration) -> Result<Option<Taken>>;

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it cannot be sent.
    fn signal(&self, signal: Signal) -> Result<()>;

    /// Starts it again where it was, after it was killed.
    ///
    /// # Errors
    /// When it does not start.
    fn come_back(&mut self) -> Result<()>;
}

/// Delivers all of `backlog`, with Agave killed so many times and the receiver killed or frozen
/// every other time before that. Gives what has arrived, which is everything, and the last
/// process's summary.
///
/// # Errors
/// When something does not arrive, arrives out of its camera's order, or is another alert than
/// its key says.
pub fn undergo(
    backlog: &Backlog,
    receiver: &mut impl Counterpart,
    mut arrivals: Arrivals,
    kills: usize,
) -> Result<(Arrivals, Summary)> {
    let (mut restarts, mut freezes) = (0, 0);
    for kill in 1..=kills {
        let agave = backlog.run()?;
        let goal = arrivals.len() * kill / (kills + 1);
        see(receiver, &mut arrivals, goal, LONGEST_LIFE)?;
        match kill % 4 {
            1 => {
                restarts += 1;
                receiver.signal(Signal::KILL)?;
                see_the_rest(receiver, &mut arrivals)?;
                receiver.come_back()?;
            }
            3 => {
                freezes += 1;
                receiver.signal(Signal::STOP)?;
                thread::sleep(FROZEN);
                receiver.signal(Signal::CONT)?;
            }
            _ => {}
        }
        agave.kill()?;
    }
    let agave = backlog.run()?;
    let all = arrivals.len();
    see(receiver, &mut arrivals, all, PATIENCE)?;
    ensure!(
        arrivals.is_complete(),
        "{} of {all} alerts have arrived",
        arrivals.taken()
    );
    agave.signal(Signal::TERM)?;
    let outcome = agave.finish(STOP_LIMIT)?;
    see_the_rest(receiver, &mut arrivals)?;
    let repeated = arrivals.repeated();
    ensure!(
        repeated <= MOST_UNNOTED * (kills + restarts + freezes),
        "{repeated} alerts arrived again"
    );
    eprintln!(
        "{all} alerts, Agave killed {kills} times, the receiver {restarts} times and frozen {freezes} times: {repeated} arrived again"
    );
    Ok((arrivals, outcome.summary))
}

/// Takes in what arrives until so many alerts are there or the time is over.
fn see(
    receiver: &mut impl Counterpart,
    arrivals: &mut Arrivals,
    goal: usize,
    within: Duration,
) -> Result<()> {
    let deadline = Instant::now() + within;
    while arrivals.taken() < goal && Instant::now() < deadline {
        if let Some(taken) = receiver.next(POLL)? {
            arrivals.take(&taken.key, &taken.body)?;
        }
    }
    Ok(())
}

/// Takes in what has arrived already.
fn see_the_rest(receiver: &mut impl Counterpart, arrivals: &mut Arrivals) -> Result<()> {
    while let Some(taken) = receiver.next(POLL)? {
        arrivals.take(&taken.key, &taken.body)?;
    }
    Ok(())
}
