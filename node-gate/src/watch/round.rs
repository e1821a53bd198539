//! The loop of the watch: look, decide, act, until the program is told to end.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior};
use tracing::info;

use super::decide::{Policy, Step, decide};
use super::memory::Memory;
use super::systemctl::Systemctl;
use super::tell::Teller;
use crate::autoscaling::AutoScaling;
use crate::gate::Answer;
use crate::hold::Signals;
use crate::imds::{Look, Metadata};
use crate::sleep::{Asleep, Sleep};

/// What the loop works with.
#[derive(Debug)]
pub struct Watcher {
    /// The policy.
    pub policy: Policy,
    /// From the beginning of one look at IMDS to the beginning of the next.
    pub interval: Duration,
    /// What is known at the start.
    pub memory: Memory,
    /// IMDS.
    pub imds: Metadata,
    /// Auto Scaling.
    pub autoscaling: AutoScaling,
    /// systemd.
    pub systemctl: Systemctl,
    /// The clock of hibernation.
    pub asleep: Asleep,
}

type Question = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Watcher {
    /// Watches until a signal comes.
    pub async fn watch(self, mut signals: Signals) {
        let Watcher { policy, interval, mut memory, mut imds, mut autoscaling, systemctl, asleep } = self;
        let mut sleep = Sleep::new(asleep);
        let mut teller = Teller::default();
        let mut question: Option<Question> = None;
        let mut ticks = tokio::time::interval(interval);
        // After a slow look: one look now, none to catch up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Teller::begins(&policy);
        loop {
            let event = tokio::select! {
                biased;
                _ = signals.terminate.recv() => Event::Signal("SIGTERM"),
                _ = signals.interrupt.recv() => Event::Signal("SIGINT"),
                answer = answered(&mut question) => Event::Answer(answer),
                event = next_look(&mut ticks, &mut imds, &mut sleep) => event,
            };
            let now = Instant::now();
            match event {
                Event::Signal(name) => {
                    Teller::ends(name);
                    return;
                }
                Event::Answer(answer) => {
                    question = None;
                    memory.heard(answer);
                    // Nothing is done on an old look: the target may have turned back while the API was asked.
                    ticks.reset_immediately();
                    continue;
                }
                Event::Woke(slept) => {
                    info!("awake after {}: looking anew", whole_seconds(slept));
                    imds.renew();
                    autoscaling.renew();
                    memory.woke(now);
                    question = None;
                    ticks.reset_immediately();
                    continue;
                }
                Event::Look(look) => memory.saw(look.imds, now),
            }
            let Some(seen) = memory.seen(now) else { continue };
            match decide(&seen, &policy) {
                Step::Look(wait) => {
                    // What is being asked is about a turn that has ended, if anything.
                    question = None;
                    teller.waits(&wait, false, now);
                }
                Step::Ask(wait) => {
                    if question.is_none() && memory.may_ask(now, fastrand::f64()) {
                        if let Some(id) = imds.instance() {
                            let asked = autoscaling.clone().ask(id.to_owned(), imds.endpoint().clone());
                            question = Some(Box::pin(asked));
                        } else {
                            let problem = "IMDS does not answer what instance this is".into();
                            memory.heard(Answer::NoAccess(problem));
                        }
                    }
                    teller.waits(&wait, true, now);
                }
                Step::Rehold(why) => match systemctl.restart_gate().await {
                    Ok(()) => {
                        memory.reheld();
                        teller.reheld(&why);
                    }
                    Err(problem) => teller.failed(&why, problem),
                },
            }
        }
    }
}

enum Event {
    Signal(&'static str),
    Answer(Answer),
    Woke(Duration),
    Look(Look),
}

async fn answered(question: &mut Option<Question>) -> Answer {
    match question {
        Some(question) => question.await,
        None => std::future::pending().await,
    }
}

async fn next_look(ticks: &mut Interval, imds: &mut Metadata, sleep: &mut Sleep) -> Event {
    ticks.tick().await;
    match sleep.ended() {
        Some(slept) => Event::Woke(slept),
        None => Event::Look(imds.look().await),
    }
}

fn whole_seconds(time: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(time.as_secs()))
}
