//! What a delivery has to survive: a receiver that is killed, started again and frozen, and an
//! Agave that is killed in between, also while the receiver is frozen.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{Agave, Alert, Arrivals, Backlog, OutboxStatus, Signal, Summary};

/// So long one Agave lives at most before it is killed.
const LONGEST_LIFE: Duration = Duration::from_millis(1500);
/// Until an attempt at a frozen receiver has failed; none may take longer.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(30);
/// The tests let none end sooner than that where nobody answers.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(1);
/// Until everything has arrived, once nothing happens any more. A login that a server in trouble did
/// not judge waits for a minute, and then for two.
const PATIENCE: Duration = Duration::from_secs(300);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);
/// So many that were delivered may not be noted when Agave is killed, with the one whose answer was
/// on its way (`docs/architecture.md`).
const MOST_UNNOTED: usize = 250;

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

/// What has happened so far.
#[derive(Debug, Default)]
pub struct Ordeal {
    kills: usize,
    restarts: usize,
    freezes: usize,
    /// In all of them, how many attempts the receiver can have found when it went on.
    attempts_while_frozen: usize,
}

impl Ordeal {
    /// Kills `agave`. Before that, each time something else happens to the receiver: it is killed
    /// and comes back, or it is frozen until its `outbox` says that an attempt came to nothing;
    /// or Agave is killed while it is frozen. What arrives meanwhile is for `take`. Gives the
    /// alerts that Agave has told.
    ///
    /// # Errors
    /// When any of that cannot be done.
    pub fn end_a_life(
        &mut self,
        agave: Agave,
        receiver: &mut impl Counterpart,
        take: &mut impl FnMut(Taken) -> Result<()>,
        outbox: impl Fn(&Agave) -> Result<Option<OutboxStatus>>,
    ) -> Result<Vec<Alert>> {
        self.kills += 1;
        match self.kills % 8 {
            1 | 5 => {
                self.restarts += 1;
                receiver.signal(Signal::KILL)?;
                while let Some(taken) = receiver.next(POLL)? {
                    take(taken)?;
                }
                receiver.come_back()?;
            }
            3 => {
                let began = Instant::now();
                receiver.signal(Signal::STOP)?;
                while outbox(&agave)?.is_none_or(|status| status.trouble.is_none()) {
                    ensure!(began.elapsed() < LONGEST_ATTEMPT, "no attempt fails");
                }
                self.note_freeze(began.elapsed());
                receiver.signal(Signal::CONT)?;
            }
            7 => {
                receiver.signal(Signal::STOP)?;
                self.note_freeze(Duration::ZERO);
                let told = agave.kill();
                receiver.signal(Signal::CONT)?;
                return told;
            }
            _ => {}
        }
        agave.kill()
    }

    fn note_freeze(&mut self, frozen: Duration) {
        self.freezes += 1;
        let attempts = frozen.as_secs_f64() / SHORTEST_ATTEMPT.as_secs_f64();
        self.attempts_while_frozen += attempts as usize + 1;
    }

    /// No more than this can have arrived again: what an Agave that was killed had not noted, the
    /// one whose answer a receiver that was killed did not give, and all that lay at the door of a
    /// frozen one.
    #[must_use]
    pub fn most_repeated(&self) -> usize {
        self.kills * MOST_UNNOTED + self.restarts + self.attempts_while_frozen
    }

    /// Says what happened, and sees that no more than that has `repeated` itself.
    ///
    /// # Errors
    /// When more has.
    pub fn judge(&self, alerts: usize, repeated: usize) -> Result<()> {
        let Self {
            kills,
            restarts,
            freezes,
            ..
        } = self;
        let most = self.most_repeated();
        eprintln!(
            "{alerts} alerts, Agave killed {kills} times, the receiver {restarts} times and frozen {freezes} times: {repeated} arrived again, and at most {most} may"
        );
        ensure!(repeated <= most, "that is more than {most}");
        Ok(())
    }
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
    let began = Instant::now();
    let mut ordeal = Ordeal::default();
    for kill in 1..=kills {
        let agave = backlog.run()?;
        let goal = arrivals.len() * kill / (kills + 1);
        see(receiver, &mut arrivals, goal, LONGEST_LIFE)?;
        let mut take = |taken: Taken| arrivals.take(&taken.key, &taken.body);
        ordeal.end_a_life(agave, receiver, &mut take, |agave| backlog.outbox(agave))?;
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
    while let Some(taken) = receiver.next(POLL)? {
        arrivals.take(&taken.key, &taken.body)?;
    }
    eprintln!("it took {:.1?}", began.elapsed());
    ordeal.judge(all, arrivals.repeated())?;
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
