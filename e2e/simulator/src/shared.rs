//! What the API, the metadata services, the clock and the handles share: one mutex, never held across an await.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use tokio::sync::{Notify, broadcast, watch};

use crate::call_log::CallLog;
use crate::clock::Clock;
use crate::imds::{Imds, ImdsFleet};
use crate::options::Options;
use crate::past::Past;
use crate::rules::Rules;
use crate::simulator::{CompletionRequest, InstanceInfo};
use crate::world::{Event, Machine, World};

/// So many events a slow subscriber may lag behind.
const EVENTS_KEPT: usize = 8192;

/// So many things that are due happen at most before the lock is let go. What is left waits its turn, so that a simulator
/// that has more to do than time to do it still answers: its time falls behind, and catches up when it can.
const MOST_DUE: usize = 256;
/// How long the clock lets others go first while there is more to do. The lock is not fair.
const PAUSE: Duration = Duration::from_millis(1);

/// What a test has awaited before each completion.
pub(crate) type Observer = Arc<dyn Fn(CompletionRequest) -> BoxFuture<'static, ()> + Send + Sync>;

/// The shared part of a simulator.
pub(crate) struct Shared {
    me: Weak<Shared>,
    pub(crate) clock: Clock,
    pub(crate) events: broadcast::Sender<Event>,
    /// Counts what can be seen from outside, events and calls: wakes those who wait for a condition.
    pub(crate) changes: watch::Sender<u64>,
    /// Counts what may give a waiting reader of a queue something.
    pub(crate) arrivals: watch::Sender<u64>,
    /// What clients reach it by, `http://127.0.0.1:1234`.
    pub(crate) endpoint: String,
    /// Wakes the clock task: something else may be due next.
    wake_clock: Notify,
    inner: Mutex<Inner>,
}

/// What the mutex protects.
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) imds: ImdsFleet,
    pub(crate) calls: CallLog,
    pub(crate) faults: Rules,
    pub(crate) past: Past,
    pub(crate) observer: Option<Observer>,
    /// When the clock wakes by itself.
    pub(crate) alarm: Option<SystemTime>,
    pub(crate) random: fastrand::Rng,
}

impl Shared {
    pub(crate) fn new(options: &Options, endpoint: String) -> Arc<Self> {
        let clock = Clock::start(options.speed);
        let mut world = World::new(options.settings(), clock.now());
        world.at_most(MOST_DUE);
        Arc::new_cyclic(|me| Shared {
            me: me.clone(),
            clock,
            events: broadcast::Sender::new(EVENTS_KEPT),
            changes: watch::Sender::new(0),
            arrivals: watch::Sender::new(0),
            endpoint,
            wake_clock: Notify::new(),
            inner: Mutex::new(Inner {
                world,
                imds: ImdsFleet::default(),
                calls: CallLog::new(options.calls_kept),
                faults: Rules::default(),
                past: Past::default(),
                observer: None,
                alarm: None,
                random: fastrand::Rng::with_seed(options.seed),
            }),
        })
    }

    /// The inside. A panic of one request must not take the simulator down: the world is only changed by code that
    /// runs to its end.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the clock shows; the world may be behind.
    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Whether something is due that has not happened yet.
    pub(crate) fn is_behind(&self, inner: &Inner) -> bool {
        inner.world.next_deadline().is_some_and(|next| next <= self.now())
    }

    /// Lets others have the lock while the world is behind.
    pub(crate) async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }

    /// Lets the world come up to now, or as near as it comes in one go, then the metadata services follow, then everybody learns
    /// of it: whoever hears that
    /// an instance was switched on finds its metadata service open.
    pub(crate) fn settle(&self, inner: &mut Inner) {
        let events = inner.world.advance(self.now());
        let changes = inner.world.queues().changes();
        self.arrivals.send_if_modified(|seen| std::mem::replace(seen, changes) != changes);
        // Not everything that is to come follows from an event.
        let next = inner.world.next_deadline();
        if next.is_some_and(|next| inner.alarm.is_none_or(|alarm| next < alarm)) {
            self.wake_clock.notify_one();
        }
        if events.is_empty() {
            return inner.let_depart();
        }
        inner.past.note(&events);
        inner.keep_past();
        // Before anybody new gets a port, so that they are for those who live, however much happened at once.
        inner.let_depart();
        let ended: BTreeSet<_> = inner.world.departed().ended.iter().cloned().collect();
        for event in &events {
            if let Event::PowerChanged { id, power, .. } = event {
                if ended.contains(id) && inner.imds.get(id).is_none() {
                    // It came and went meanwhile: nobody was told where it would listen.
                    continue;
                }
                match inner.imds.of(id) {
                    Ok(imds) => imds.follow(id, *power, &self.me),
                    Err(error) => tracing::error!(%error, id, "reserving the port of a metadata service"),
                }
            }
        }
        for event in events {
            tracing::debug!(?event);
            // Nobody may be listening.
            let _ = self.events.send(event);
        }
        self.wake_clock.notify_one();
        self.changed();
    }

    /// Has the clock look anew what is due next, where something was set going that is no event yet.
    pub(crate) fn reschedule(&self) {
        self.wake_clock.notify_one();
    }

    /// Wakes everybody who waits for a condition.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Makes the metadata service of an instance follow a changed fault.
    pub(crate) fn follow(&self, inner: &mut Inner, id: &str) {
        if let (Some(machine), Some(imds)) = (inner.world.machine(id), inner.imds.get_mut(id)) {
            imds.follow(id, machine.power, &self.me);
        }
    }

    /// All instances, as of now.
    pub(crate) fn instances(&self) -> Vec<InstanceInfo> {
        let mut inner = self.lock();
        self.settle(&mut inner);
        inner.world.machines().map(|machine| inner.info(machine)).collect()
    }
}

impl Inner {
    pub(crate) fn info(&self, machine: Machine) -> InstanceInfo {
        InstanceInfo {
            imds_endpoint: self.imds.get(&machine.view.id).map(Imds::endpoint).unwrap_or_default(),
            id: machine.view.id,
            group: machine.view.group,
            lifecycle_state: machine.view.state,
            power: machine.power,
            zone: machine.view.zone,
        }
    }

    /// Lets go of what terminated instances do not need, and of all that is left of those that are forgotten.
    fn let_depart(&mut self) {
        let departed = self.world.departed();
        for id in &departed.ended {
            self.imds.end(id);
        }
        for id in &departed.forgotten {
            self.imds.forget(id);
            self.past.forget(id);
        }
    }

    /// Something hard to guess: a token of the metadata service.
    pub(crate) fn secret(&mut self) -> String {
        std::iter::repeat_with(|| self.random.alphanumeric()).take(54).chain("==".chars()).collect()
    }

    /// The id of a request.
    pub(crate) fn request_id(&mut self) -> String {
        let (high, low) = (self.random.u64(..), self.random.u64(..));
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

/// The one task that lets time pass: sleeps until the next thing is due, or until something happens before.
pub(crate) async fn run_clock(shared: Arc<Shared>) {
    loop {
        let (deadline, is_behind) = {
            let mut inner = shared.lock();
            shared.settle(&mut inner);
            inner.alarm = inner.world.next_deadline();
            (inner.alarm, shared.is_behind(&inner))
        };
        if is_behind {
            shared.pause().await;
            continue;
        }
        let due = async {
            match deadline {
                Some(moment) => tokio::time::sleep_until(shared.clock.real(moment)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = shared.wake_clock.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests;
