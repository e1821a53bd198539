//! The policy of a drain: what to ask for next, given the pods, what was answered so far, and the time.
//!
//! Synchronous and free of I/O, randomness and clocks. The loop in `run` tells it what was seen, sent and answered; a
//! [`Plan::step`] then says what to do. Stepping twice at the same time gives the same step.
//!
//! ```text
//! pod:  waiting ──evict──► asked ──accepted──► terminating ──► gone
//!          ▲                 │ refused: waits for its blocker's turn (backoff)
//!          └─────────────────┘        past force_at: delete with the remaining grace
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::backoff::{Key, Ledger, Refusal, Turn};
use super::deadline::{Began, Window};
use super::evict::Answer;
use super::filter::PodView;
use super::{Blocker, Context, OnDeadline, Policy, Progress, Reason};

/// Requests on their way at a time, for one node. Enough to be quick, few enough for a node's drain to go unnoticed.
const IN_FLIGHT: usize = 10;
/// A node that was not Ready for this long does not finish its pods any more,
const UNREADY: Duration = Duration::from_mins(1);
/// so pods are not waited for this long after their grace period.
const OVERDUE: Duration = Duration::from_secs(30);
/// A finished pod's kubelet needs a moment: finalizers are named as the blocker only after it.
const FINALIZERS_AFTER: Duration = Duration::from_secs(3);
/// The node has to stay empty for this long, so that what replaces its last pod is seen.
const EMPTY_FOR: Duration = Duration::from_millis(250);
/// Pace of deletions that are refused.
const DELETE_RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Both clocks, read at the same time: ours for waiting, the wall's for what the API server wrote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) mono: Instant,
    pub(super) wall: Timestamp,
}

impl Now {
    /// How long ago a time of the wall clock was; zero if it is still to come.
    fn since(&self, time: Timestamp) -> Duration {
        past(time, self.wall)
    }

    /// A time of the wall clock on ours; one that has passed is now.
    fn instant(&self, time: Timestamp) -> Instant {
        self.mono + Duration::try_from(time.duration_since(self.wall)).unwrap_or_default()
    }
}

/// What to ask the API server for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Evict the pod.
    Evict { uid: String },
    /// Delete the pod past its budgets, with this grace.
    Delete { uid: String, grace: Duration },
}

impl Action {
    pub(super) fn uid(&self) -> &str {
        match self {
            Self::Evict { uid } | Self::Delete { uid, .. } => uid,
        }
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Do these (perhaps nothing), and step again when something changes, at the latest at `wake`.
    Act { actions: Vec<Action>, wake: Option<Instant> },
    /// The node is empty and stayed so, and no pod has turned up for a while.
    Done,
    /// The deadline has passed, and the policy is to end there.
    Abandon,
}

#[derive(Clone, Debug)]
struct Entry {
    view: PodView,
    asked: u32,
    in_flight: bool,
    /// When the grace of an accepted eviction or deletion ends.
    ends: Option<Instant>,
    /// Who refused it last, the API server as a whole left aside.
    blocker: Option<Key>,
    /// What was said last.
    reason: Option<Reason>,
    /// Earliest next deletion, and the delay that led there.
    delete_after: Option<(Instant, Duration)>,
}

/// One drain.
#[derive(Debug)]
pub(super) struct Plan {
    policy: Policy,
    /// By UID, so that equal situations give equal steps.
    pods: BTreeMap<String, Entry>,
    ledger: Ledger,
    /// Which budget refused pods of this owner: its other pods need not ask in vain to learn the same.
    budgets_of: HashMap<String, Key>,
    /// Known to be gone although the watch may not have said so yet. UIDs never come back.
    gone: HashSet<String>,
    listed: bool,
    began: Option<Began>,
    first_eviction: Option<Timestamp>,
    /// The moment of `began`, on both clocks.
    anchor: Now,
    forced: usize,
    deadline_now: Option<Instant>,
    /// Since when no pod that has to go is left.
    empty_since: Option<Instant>,
    /// Since when none has turned up, the first list included.
    calm_since: Option<Instant>,
    /// The situation, and when it was told.
    context: (Context, Instant),
}

impl Plan {
    /// A drain that begins now; `first_eviction` if an earlier run of it began then.
    pub(super) fn new(policy: Policy, first_eviction: Option<Timestamp>, context: Context, now: Now) -> Self {
        let began = first_eviction.map(|first| Began::Earlier { run: now.mono, elapsed: now.since(first) });
        Self {
            policy,
            pods: BTreeMap::new(),
            ledger: Ledger::default(),
            budgets_of: HashMap::new(),
            gone: HashSet::new(),
            listed: false,
            began,
            first_eviction,
            anchor: now,
            forced: 0,
            deadline_now: None,
            empty_since: None,
            calm_since: None,
            context: (context, now.mono),
        }
    }

    /// The situation changed.
    pub(super) fn situation(&mut self, context: Context, now: Now) {
        self.context = (context, now.mono);
    }

    /// A pod is there, in this shape.
    pub(super) fn seen(&mut self, view: PodView, now: Now) {
        if self.gone.contains(&view.uid) {
            return;
        }
        if let Some(entry) = self.pods.get_mut(&view.uid) {
            entry.view = view;
            return;
        }
        let uid = view.uid.clone();
        let entry = Entry {
            view,
            asked: 0,
            in_flight: false,
            ends: None,
            blocker: None,
            reason: None,
            delete_after: None,
        };
        self.pods.insert(uid, entry);
        self.calm_since = Some(now.mono);
    }

    /// A pod is no more, or no longer one that has to go.
    pub(super) fn departed(&mut self, uid: &str, now: Now) {
        let Some(key) = self.pods.get(uid).map(|entry| self.key(entry)) else { return };
        self.pods.remove(uid);
        self.ledger.reset(&key, now.mono);
    }

    /// These are all the pods there are.
    pub(super) fn listed(&mut self, views: Vec<PodView>, now: Now) {
        let there: HashSet<&str> = views.iter().map(|view| view.uid.as_str()).collect();
        let missing: Vec<String> =
            self.pods.keys().filter(|uid| !there.contains(uid.as_str())).cloned().collect();
        for uid in missing {
            self.departed(&uid, now);
        }
        for view in views {
            self.seen(view, now);
        }
        self.calm_since.get_or_insert(now.mono);
        self.listed = true;
    }

    /// An action was sent.
    pub(super) fn sent(&mut self, action: &Action) {
        let uid = action.uid();
        let Some(key) = self.pods.get(uid).map(|entry| self.key(entry)) else { return };
        if let Some(entry) = self.pods.get_mut(uid) {
            entry.asked += 1;
            entry.in_flight = true;
        }
        if let Action::Evict { .. } = action {
            self.ledger.sent(&key, uid);
        }
        self.ledger.sent(&Key::Server, uid);
    }

    /// An action was answered; `jitter` in 0..1 spreads the next attempt.
    pub(super) fn answered(&mut self, action: &Action, answer: Answer, now: Now, jitter: f64) {
        let uid = action.uid();
        let Some(mut entry) = self.pods.remove(uid) else {
            // Departed meanwhile: whatever was said, its blockers are free to be asked.
            self.ledger.release(uid);
            return;
        };
        entry.in_flight = false;
        let key = self.key(&entry);
        let grace = match action {
            Action::Evict { .. } => entry.view.grace,
            Action::Delete { grace, .. } => *grace,
        };
        let is_gone = answer == Answer::Gone;
        match Refusal::of(answer, &entry.view) {
            None if is_gone => {
                self.ledger.accepted(&key, uid, now.mono);
                self.gone.insert(uid.to_owned());
                return;
            }
            None => {
                self.ledger.accepted(&key, uid, now.mono);
                self.forced += usize::from(matches!(action, Action::Delete { .. }));
                (entry.blocker, entry.reason) = (None, None);
                let ends = now.mono + grace;
                entry.ends = Some(entry.ends.map_or(ends, |earlier| earlier.min(ends)));
            }
            Some(refusal) => {
                let is_delete = matches!(action, Action::Delete { .. });
                if is_delete {
                    let (first, most) = DELETE_RETRY;
                    let delay = entry.delete_after.map_or(first, |(_, delay)| (delay * 2).min(most));
                    entry.delete_after = Some((now.mono + delay, delay));
                }
                if is_delete && refusal.key != Key::Server {
                    self.ledger.release(uid);
                } else {
                    self.ledger.refused(&refusal, uid, now.mono, jitter);
                }
                if let (Key::Budget { .. }, Some(owner)) = (&refusal.key, &entry.view.owner) {
                    self.budgets_of.insert(owner.clone(), refusal.key.clone());
                }
                entry.reason = Some(refusal.reason);
                if refusal.key != Key::Server {
                    entry.blocker = Some(refusal.key);
                }
            }
        }
        self.pods.insert(uid.to_owned(), entry);
    }

    /// What to do now.
    pub(super) fn step(&mut self, now: Now) -> Step {
        let deadline_now = self.context.0.deadline_now;
        self.deadline_now = deadline_now.then(|| self.deadline_now.unwrap_or(now.mono));
        let empty = self.blocking(now).next().is_none();
        if !self.listed || !empty {
            self.empty_since = None;
        } else if self.empty_since.is_none() {
            self.empty_since = Some(now.mono);
        }
        if !empty && self.began.is_none() {
            // Where all pods are on their way already there is nothing to ask for, but patience has begun all the same.
            self.began = Some(Began::Here { first: now.mono });
            self.first_eviction = Some(now.wall);
            self.anchor = now;
        }
        self.decide(now)
    }

    fn decide(&self, now: Now) -> Step {
        let settled = self.empty_since.zip(self.calm_since);
        let settled = settled.map(|(empty, calm)| (empty + EMPTY_FOR).max(calm + self.policy.settle));
        if settled.is_some_and(|settled| settled <= now.mono) {
            return Step::Done;
        }
        let mut wake = Wake { now: now.mono, at: None };
        wake.maybe(settled);
        let window = self.window();
        if let (Some(window), OnDeadline::Abandon, None) = (&window, self.policy.on_deadline, settled) {
            if window.until <= now.mono {
                return Step::Abandon;
            }
            wake.at(window.until);
        }
        let actions = self.actions(now, window.filter(|_| self.forces()), &mut wake);
        self.blocking(now).filter_map(|entry| self.next_change(entry, now)).for_each(|at| wake.at(at));
        Step::Act { actions, wake: wake.at }
    }

    /// What can be asked for now, soonest needed first; what has to wait sets the alarm.
    fn actions(&self, now: Now, forced: Option<Window>, wake: &mut Wake) -> Vec<Action> {
        let mut slots = IN_FLIGHT.saturating_sub(self.pods.values().filter(|entry| entry.in_flight).count());
        let (mut actions, mut asked) = (Vec::new(), BTreeSet::new());
        let critical_closed = self.blocking(now).any(|entry| !entry.view.critical)
            && forced.is_none_or(|window| now.mono < window.critical_opens());
        for entry in self.in_order() {
            let force_at = forced.map(|window| window.force_at(entry.view.grace));
            if let Some(at) = force_at.filter(|at| *at > now.mono) {
                wake.at(at);
            }
            let action = match (force_at, forced) {
                (Some(at), Some(window)) if at <= now.mono => {
                    self.deletion(entry, window, &mut asked, now, wake)
                }
                _ if entry.view.critical && critical_closed => {
                    wake.maybe(forced.map(|window| window.critical_opens()));
                    None
                }
                _ => self.eviction(entry, &mut asked, now, wake),
            };
            if let Some(action) = action.filter(|_| slots > 0) {
                slots -= 1;
                actions.push(action);
            }
        }
        actions
    }

    fn eviction(
        &self,
        entry: &Entry,
        asked: &mut BTreeSet<Key>,
        now: Now,
        wake: &mut Wake,
    ) -> Option<Action> {
        let view = &entry.view;
        let is_waste = view.finished && entry.asked > 0;
        if entry.in_flight || view.terminating.is_some() || entry.ends.is_some() || is_waste {
            return None;
        }
        let keys = [self.key(entry), Key::Server];
        self.take_turns(keys, asked, now, wake).then(|| Action::Evict { uid: view.uid.clone() })
    }

    /// Whether all these blockers may be asked now; if so they are `asked`, else the alarm is set.
    fn take_turns<const N: usize>(
        &self,
        keys: [Key; N],
        asked: &mut BTreeSet<Key>,
        now: Now,
        wake: &mut Wake,
    ) -> bool {
        for key in &keys {
            match self.ledger.turn(key, now.mono) {
                Turn::Now if !asked.contains(key) => {}
                Turn::Now | Turn::Asked => return false,
                Turn::At(at) => {
                    wake.at(at);
                    return false;
                }
            }
        }
        // One probe a known blocker; pods that nobody has refused yet go side by side.
        asked.extend(keys.into_iter().filter(|key| self.ledger.knows(key)));
        true
    }

    fn deletion(
        &self,
        entry: &Entry,
        window: Window,
        asked: &mut BTreeSet<Key>,
        now: Now,
        wake: &mut Wake,
    ) -> Option<Action> {
        let view = &entry.view;
        let grace = window.remaining_grace(view.grace, now.mono);
        // A deletion that ends in time needs no second one; a second of slack, since the server counts in seconds.
        let ends = view.terminating.map(|until| now.instant(until)).into_iter().chain(entry.ends).min();
        let in_time =
            ends.is_some_and(|ends| ends <= window.until.max(now.mono + grace) + Duration::from_secs(1));
        if entry.in_flight || view.finished || in_time {
            return None;
        }
        let refused = entry.delete_after.map(|(at, _)| at).filter(|at| *at > now.mono);
        if refused.is_some() {
            wake.maybe(refused);
            return None;
        }
        // Budgets are not asked any more; a server in trouble still gets one request at a time.
        self.take_turns([Key::Server], asked, now, wake)
            .then(|| Action::Delete { uid: view.uid.clone(), grace })
    }

    /// Running before finished, ordinary before critical, and those that asked least first: one that another blocker
    /// holds must not stand in the way of the rest of its budget.
    fn in_order(&self) -> Vec<&Entry> {
        let mut order: Vec<&Entry> = self.pods.values().collect();
        order.sort_by_key(|entry| (entry.view.finished, entry.view.critical, entry.asked));
        order
    }

    /// The pods that have to be gone before the drain is done.
    fn blocking(&self, now: Now) -> impl Iterator<Item = &Entry> {
        self.pods.values().filter(move |entry| !entry.view.finished && !self.is_lost(entry, now))
    }

    fn is_lost(&self, entry: &Entry, now: Now) -> bool {
        let (context, told) = &self.context;
        let later = now.mono.saturating_duration_since(*told);
        let unready = context.node_unready_for.map(|dur| dur + later);
        is_lost(&entry.view, &Context { node_unready_for: unready, ..context.clone() }, now.wall)
    }

    /// When time alone changes something about this pod: it is lost, or its finalizers are to blame.
    fn next_change(&self, entry: &Entry, now: Now) -> Option<Instant> {
        let until = now.instant(entry.view.terminating?);
        let (context, told) = &self.context;
        let dead = context.node_unready_for.map(|dur| *told + UNREADY.saturating_sub(dur));
        let second = Duration::from_secs(1);
        let overdue = now.mono
            + (OVERDUE + second).saturating_sub(now.since(entry.view.terminating?))
            + until.saturating_duration_since(now.mono);
        let lost = dead.map(|dead| dead.max(overdue));
        let blamed = (!entry.view.finalizers.is_empty()).then_some(until + FINALIZERS_AFTER + second);
        [lost, blamed].into_iter().flatten().filter(|at| *at > now.mono).min()
    }

    /// The blocker whose turn this pod waits for.
    fn key(&self, entry: &Entry) -> Key {
        let learnt = entry.view.owner.as_ref().and_then(|owner| self.budgets_of.get(owner));
        let own = || Key::Pod { uid: entry.view.uid.clone() };
        entry.blocker.as_ref().or(learnt).cloned().unwrap_or_else(own)
    }

    fn window(&self) -> Option<Window> {
        let hook = self.context.0.hook_expires;
        self.began.map(|began| Window::new(began, self.policy.deadline, hook, self.deadline_now))
    }

    fn forces(&self) -> bool {
        match self.policy.on_deadline {
            OnDeadline::Force => true,
            // The break-glass of the one node: else it would do nothing under this policy.
            OnDeadline::Wait => self.deadline_now.is_some(),
            OnDeadline::Abandon => false,
        }
    }

    /// How far the drain is.
    pub(super) fn progress(&self, now: Now) -> Progress {
        let mut blockers: Vec<Blocker> = self
            .blocking(now)
            .map(|entry| Blocker { pod: entry.view.full_name(), reason: self.reason(entry, now) })
            .collect();
        blockers.sort_by(|one, other| one.pod.cmp(&other.pod));
        Progress {
            first_eviction: self.first_eviction,
            deadline: self.deadline(),
            forced: self.forced,
            pods_left: blockers.len(),
            drained: false,
            blockers,
        }
    }

    /// The end of the window on the wall clock, always the same for the same window.
    fn deadline(&self) -> Option<Timestamp> {
        let acts = self.forces() || self.policy.on_deadline == OnDeadline::Abandon;
        let window = self.window().filter(|_| acts)?;
        self.anchor.wall.checked_add(window.until.saturating_duration_since(self.anchor.mono)).ok()
    }

    fn reason(&self, entry: &Entry, now: Now) -> Reason {
        let finalizers = &entry.view.finalizers;
        match (entry.view.terminating, &entry.reason, self.key(entry)) {
            (Some(until), ..) if !finalizers.is_empty() && now.since(until) > FINALIZERS_AFTER => {
                Reason::Finalizer { names: finalizers.clone() }
            }
            (Some(until), ..) => Reason::Terminating { until },
            (None, Some(reason), _) => reason.clone(),
            (None, None, Key::Budget { name, .. }) if entry.ends.is_none() => Reason::Budget { name },
            (None, None, _) => Reason::Evicting,
        }
    }

    /// A pod by UID.
    pub(super) fn view(&self, uid: &str) -> Option<&PodView> {
        self.pods.get(uid).map(|entry| &entry.view)
    }
}

/// Whether nobody will report the end of this pod: its node is dead, and its instance will be.
pub(super) fn is_lost(view: &PodView, context: &Context, now: Timestamp) -> bool {
    let overdue = view.terminating.is_some_and(|until| past(until, now) > OVERDUE);
    let dead = context.node_unready_for.is_some_and(|dur| dur >= UNREADY);
    context.instance_will_terminate && overdue && dead
}

/// How long ago `time` was; zero if it is still to come.
fn past(time: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(time)).unwrap_or_default()
}

/// The earliest time at which to step again.
struct Wake {
    now: Instant,
    at: Option<Instant>,
}

impl Wake {
    fn at(&mut self, at: Instant) {
        // What is due already waits for an event, not for time.
        if at > self.now {
            self.at = Some(self.at.map_or(at, |earlier| earlier.min(at)));
        }
    }

    fn maybe(&mut self, at: Option<Instant>) {
        if let Some(at) = at {
            self.at(at);
        }
    }
}
