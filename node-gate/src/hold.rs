//! The loop: look, decide, act, until the gate opens or the program is told to end.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::signal::unix::Signal;
use tokio::time::{Interval, MissedTickBehavior};
use tracing::info;

use crate::autoscaling::AutoScaling;
use crate::by_hand::Request;
use crate::gate::{Answer, Policy, Step, decide};
use crate::imds::{Look, Metadata};
use crate::memory::Memory;
use crate::reason::{Hold, Open};
use crate::report::Reporter;
use crate::sleep::{Asleep, Sleep};

/// The signals that end the wait without opening.
#[derive(Debug)]
pub struct Signals {
    /// SIGTERM.
    pub terminate: Signal,
    /// SIGINT.
    pub interrupt: Signal,
}

/// What the loop works with.
#[derive(Debug)]
pub struct Holder {
    /// The policy.
    pub policy: Policy,
    /// From the beginning of one look at IMDS to the beginning of the next, while IMDS works.
    pub poll_interval: Duration,
    /// systemd's id of this start.
    pub invocation: Option<String>,
    /// IMDS.
    pub imds: Metadata,
    /// Auto Scaling.
    pub autoscaling: AutoScaling,
    /// Who is told.
    pub reporter: Reporter,
    /// The clock of hibernation.
    pub asleep: Asleep,
}

type Question = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Holder {
    /// Holds until the gate is open, and that is recorded, or until a signal comes; the record alone tells which.
    pub async fn hold(self, mut signals: Signals) {
        let Holder { policy, poll_interval, invocation, mut imds, mut autoscaling, mut reporter, asleep } =
            self;
        let mut sleep = Sleep::new(asleep);
        let mut memory = Memory::default();
        let mut question: Option<Question> = None;
        let mut ticks = tokio::time::interval(poll_interval);
        // After a slow look: one look now, none to catch up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        reporter.holding(&Hold::Starting, Instant::now());
        loop {
            // Neither a signal nor an answer of the API has to wait for a look that hangs, and neither cuts one short
            // that is needed: the next tick begins another.
            let event = tokio::select! {
                biased;
                _ = signals.terminate.recv() => Event::Signal("SIGTERM"),
                _ = signals.interrupt.recv() => Event::Signal("SIGINT"),
                answer = answered(&mut question) => Event::Answer(answer),
                event = next_look(&mut ticks, &mut imds, &mut sleep, &memory) => event,
            };
            let now = Instant::now();
            match event {
                Event::Signal(name) => {
                    reporter.stopped(name, now);
                    return;
                }
                Event::Answer(answer) => {
                    question = None;
                    memory.heard(answer);
                }
                Event::Woke(slept) => {
                    // Sockets, the token, credentials and what the API was asked are as old as the sleep is long.
                    info!("awake after {}: looking anew", humantime::format_duration(whole_seconds(slept)));
                    imds.renew();
                    autoscaling.renew();
                    question = None;
                    memory.woke();
                    ticks.reset_immediately();
                    continue;
                }
                Event::Pause => {}
                Event::Look(look) => {
                    if memory.saw(look, now) {
                        // It was asked about another situation.
                        question = None;
                    }
                    reporter.identify(imds.instance());
                }
            }
            let step = match reporter.request() {
                Some(Request { by, reason, .. }) => {
                    Step::Open(Open::ByHand { by: by.into(), reason: reason.into() })
                }
                None => match memory.observation(now) {
                    Some(seen) => decide(&seen, &policy),
                    None => continue,
                },
            };
            match step {
                Step::Hold(hold) => {
                    question = None;
                    reporter.holding(&hold, now);
                }
                Step::Ask(hold) => {
                    if question.is_none()
                        && let Some(instance) = imds.instance()
                        && memory.may_ask(now, fastrand::f64())
                    {
                        question = Some(Box::pin(
                            autoscaling.clone().ask(instance.to_owned(), imds.endpoint().clone()),
                        ));
                    }
                    reporter.holding(&hold, now);
                }
                Step::Open(open) => match reporter.opened(&open, invocation.as_deref(), now) {
                    Ok(()) => return,
                    // Without its record an opening does not count; the disk may have room again at the next look.
                    Err(err) => reporter.holding(&Hold::Unrecorded { problem: err.to_string() }, now),
                },
            }
        }
    }
}

enum Event {
    Signal(&'static str),
    Answer(Answer),
    Woke(Duration),
    /// IMDS is left alone for now.
    Pause,
    Look(Look),
}

async fn answered(question: &mut Option<Question>) -> Answer {
    match question {
        Some(question) => question.await,
        None => std::future::pending().await,
    }
}

async fn next_look(ticks: &mut Interval, imds: &mut Metadata, sleep: &mut Sleep, memory: &Memory) -> Event {
    ticks.tick().await;
    match sleep.ended() {
        Some(slept) => Event::Woke(slept),
        None if memory.may_look(Instant::now()) => Event::Look(imds.look().await),
        None => Event::Pause,
    }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}
