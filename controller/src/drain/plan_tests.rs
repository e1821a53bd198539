//! The policy on tables, and as invariants over a small simulated cluster.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::evict::Answer;
use super::filter::PodView;
use super::plan::{Action, Now, Plan, Step};
use super::run_tests::view;
use super::{Context, OnDeadline, Policy, Reason};

const MINUTE: Duration = Duration::from_mins(1);

/// Both clocks, moved by hand.
#[derive(Clone, Copy)]
struct Clock {
    start: (Instant, Timestamp),
    passed: Duration,
}

impl Clock {
    fn new() -> Self {
        Self {
            start: (Instant::now(), Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1)),
            passed: Duration::ZERO,
        }
    }

    fn now(&self) -> Now {
        self.at(self.passed)
    }

    fn at(&self, passed: Duration) -> Now {
        let wall = self.start.1 + SignedDuration::try_from(passed).unwrap();
        Now { mono: self.start.0 + passed, wall }
    }
}

/// A plan and its clock.
struct Desk {
    clock: Clock,
    plan: Plan,
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn policy(on_deadline: OnDeadline) -> Policy {
    Policy { deadline: 15 * MINUTE, on_deadline, settle: secs(1) }
}

fn desk(policy: Policy, pods: Vec<PodView>) -> Desk {
    let clock = Clock::new();
    let mut plan = Plan::new(policy, None, Context::default(), clock.now());
    plan.listed(pods, clock.now());
    Desk { clock, plan }
}

impl Desk {
    fn step(&mut self) -> Step {
        let step = self.plan.step(self.clock.now());
        assert_eq!(step, self.plan.step(self.clock.now()), "deciding twice gives the same");
        step
    }

    fn actions(&mut self) -> Vec<Action> {
        match self.step() {
            Step::Act { actions, .. } => actions,
            other @ (Step::Done | Step::Abandon) => panic!("{other:?}"),
        }
    }

    fn wake(&mut self) -> Option<Duration> {
        let start = self.clock.start.0;
        match self.step() {
            Step::Act { wake, .. } => wake.map(|at| at - start),
            other @ (Step::Done | Step::Abandon) => panic!("{other:?}"),
        }
    }

    /// Sends what there is to do and gives each this answer.
    fn answer_all(&mut self, answer: &Answer) -> Vec<Action> {
        let actions = self.actions();
        for action in &actions {
            self.plan.sent(action);
        }
        for action in &actions {
            self.plan.answered(action, answer.clone(), self.clock.now(), 0.5);
        }
        actions
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        self.clock.passed += time;
        self
    }

    fn context(&mut self, context: Context) {
        self.plan.situation(context, self.clock.now());
    }

    fn reasons(&self) -> Vec<Reason> {
        self.plan.progress(self.clock.now()).blockers.into_iter().map(|blocker| blocker.reason).collect()
    }
}

fn evict(uid: &str) -> Action {
    Action::Evict { uid: uid.into() }
}

fn delete(uid: &str, grace: u64) -> Action {
    Action::Delete { uid: uid.into(), grace: secs(grace) }
}

fn budget(name: &str) -> Answer {
    Answer::Budget { name: Some(name.into()) }
}

fn critical(uid: &str) -> PodView {
    PodView { critical: true, ..view(uid, uid) }
}

fn terminating(uid: &str, until: Timestamp) -> PodView {
    PodView { terminating: Some(until), ..view(uid, uid) }
}

#[test]
fn nothing_is_done_before_the_first_list() {
    let clock = Clock::new();
    let mut plan = Plan::new(policy(OnDeadline::Force), None, Context::default(), clock.now());
    for passed in [Duration::ZERO, 60 * MINUTE] {
        assert_eq!(plan.step(clock.at(passed)), Step::Act { actions: vec![], wake: None });
    }
}

#[test]
fn an_empty_node_is_done_after_the_settle_time_and_not_before() {
    let mut desk = desk(policy(OnDeadline::Force), vec![]);
    assert_eq!(desk.wake(), Some(secs(1)));
    assert_eq!(desk.after(Duration::from_millis(999)).actions(), []);
    assert_eq!(desk.after(Duration::from_millis(1)).step(), Step::Done);
}

#[test]
fn the_settle_time_passes_while_pods_leave_but_an_emptied_node_stays_so_for_a_moment() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("web", "web")]);
    desk.answer_all(&Answer::Accepted);
    desk.after(secs(5));
    desk.plan.departed("web", desk.clock.now());
    let moment = Duration::from_millis(250);
    assert_eq!(desk.wake(), Some(secs(5) + moment));
    assert_eq!(desk.after(Duration::from_millis(249)).actions(), []);
    assert_eq!(desk.after(Duration::from_millis(1)).step(), Step::Done);
}

#[test]
fn a_pod_that_turns_up_late_starts_the_settle_time_anew() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("web", "web")]);
    desk.answer_all(&Answer::Accepted);
    desk.after(secs(5));
    desk.plan.seen(view("late", "late"), desk.clock.now());
    desk.plan.departed("web", desk.clock.now());
    assert_eq!(desk.answer_all(&Answer::Accepted), [evict("late")]);
    desk.after(Duration::from_millis(100));
    desk.plan.departed("late", desk.clock.now());
    assert_eq!(desk.wake(), Some(secs(6)));
    assert_eq!(desk.after(Duration::from_millis(899)).actions(), []);
    assert_eq!(desk.after(Duration::from_millis(1)).step(), Step::Done);
}

#[test]
fn critical_pods_go_when_the_others_are_gone() {
    let mut desk = desk(policy(OnDeadline::Force), vec![critical("dns"), view("web", "web")]);
    assert_eq!(desk.answer_all(&Answer::Accepted), [evict("web")]);
    assert_eq!(desk.after(MINUTE).actions(), [], "accepted is not gone");
    desk.plan.departed("web", desk.clock.now());
    assert_eq!(desk.actions(), [evict("dns")]);
}

#[test]
fn critical_pods_get_evictions_before_force_though_others_are_left() {
    let mut desk = desk(policy(OnDeadline::Force), vec![critical("dns"), view("web", "web")]);
    assert_eq!(desk.answer_all(&budget("web")), [evict("web")]);
    desk.after(10 * MINUTE);
    assert!(desk.actions().contains(&evict("dns")));
}

#[test]
fn a_finished_pod_is_asked_once_and_never_waited_for() {
    let done = PodView { finished: true, ..view("job", "job") };
    let failed = Answer::Failed { message: "x".into() };
    let mut desk = desk(policy(OnDeadline::Force), vec![done, view("web", "web")]);
    assert_eq!(desk.answer_all(&failed), [evict("web"), evict("job")]);
    assert_eq!(desk.reasons().len(), 1);
    for _ in 0..5 {
        assert_eq!(desk.after(MINUTE).answer_all(&failed), [evict("web")]);
    }
    desk.plan.departed("web", desk.clock.now());
    desk.step();
    assert_eq!(desk.after(secs(1)).step(), Step::Done);
}

#[test]
fn pods_refused_by_a_budget_share_a_probe_and_others_go_on() {
    let mut pods: Vec<PodView> = (0..5).map(|n| view(&format!("a{n}"), &format!("a{n}"))).collect();
    pods.push(view("other", "other"));
    let mut desk = desk(policy(OnDeadline::Force), pods);
    let first = desk.actions();
    assert_eq!(first.len(), 6);
    for action in &first {
        desk.plan.sent(action);
    }
    for action in &first {
        let answer =
            if action.uid() == "other" { Answer::Failed { message: "x".into() } } else { budget("a") };
        desk.plan.answered(action, answer, desk.clock.now(), 0.5);
    }
    assert_eq!(desk.actions(), []);
    assert_eq!(desk.wake(), Some(Duration::from_millis(250)));
    let probe = desk.after(Duration::from_millis(250)).actions();
    assert_eq!(probe.len(), 1);
    desk.plan.sent(&probe[0]);
    assert_eq!(desk.after(Duration::from_millis(250)).actions(), [evict("other")]);
    assert_eq!(
        desk.reasons().iter().filter(|reason| **reason == Reason::Budget { name: "a".into() }).count(),
        5
    );
}

#[test]
fn pods_of_the_same_owner_need_not_ask_to_know_their_budget() {
    let owned =
        |n: usize| PodView { owner: Some("rs".into()), ..view(&format!("a{n:02}"), &format!("a{n:02}")) };
    let mut desk = desk(policy(OnDeadline::Force), (0..30).map(owned).collect());
    assert_eq!(desk.answer_all(&budget("a")).len(), 10);
    assert_eq!(desk.actions(), [], "the other twenty know");
    assert_eq!(desk.reasons(), vec![Reason::Budget { name: "a".into() }; 30]);
    let probe = desk.after(Duration::from_millis(250)).actions();
    assert_eq!(probe, [evict("a10")], "one that nobody has asked about yet");
}

#[test]
fn a_departing_pod_lets_its_budget_be_asked_at_once() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("a", "a"), view("b", "b")]);
    desk.answer_all(&budget("x"));
    for _ in 0..8 {
        desk.after(secs(11)).answer_all(&budget("x"));
    }
    assert_eq!(desk.actions(), []);
    desk.plan.departed("a", desk.clock.now());
    assert_eq!(desk.actions(), [evict("b")]);
}

#[test]
fn a_server_in_trouble_gets_one_request_at_a_time() {
    let mut desk = desk(policy(OnDeadline::Force), (0..5).map(|n| view("p", &n.to_string())).collect());
    let throttled = Answer::Throttled { after: Some(secs(7)) };
    assert_eq!(desk.answer_all(&throttled).len(), 5);
    assert_eq!(desk.reasons(), vec![Reason::Throttled; 5]);
    assert_eq!(desk.after(secs(6)).actions(), []);
    assert_eq!(desk.after(secs(2)).answer_all(&Answer::Accepted).len(), 1);
    assert_eq!(desk.actions().len(), 4);
}

#[test]
fn trouble_with_the_server_does_not_make_a_pod_forget_its_budget() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("a", "a"), view("b", "b")]);
    desk.answer_all(&budget("x"));
    desk.after(secs(1)).answer_all(&Answer::Unavailable { message: "away".into() });
    assert_eq!(desk.after(secs(1)).answer_all(&budget("x")).len(), 1);
    assert_eq!(desk.after(MINUTE).actions().len(), 1);
}

#[test]
fn missing_rights_are_asked_for_once_a_namespace_and_slowly() {
    let mut desk = desk(policy(OnDeadline::Force), (0..5).map(|n| view("p", &n.to_string())).collect());
    desk.answer_all(&Answer::Rights);
    assert_eq!(desk.reasons(), vec![Reason::Forbidden; 5]);
    assert_eq!(desk.after(secs(4)).actions(), []);
    let mut asked = 0;
    for _ in 0..300 {
        asked += desk.after(secs(1)).answer_all(&Answer::Rights).len();
    }
    assert!((4..=10).contains(&asked), "{asked}");
}

#[test]
fn a_pod_that_is_gone_or_replaced_is_not_asked_again() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("web-0", "u1")]);
    desk.answer_all(&Answer::Gone);
    desk.plan.seen(view("web-0", "u1"), desk.clock.now());
    assert_eq!(desk.after(secs(1)).actions(), [], "an old event of the same pod changes nothing");
    assert_eq!(desk.after(secs(1)).step(), Step::Done);
}

#[test]
fn a_terminating_pod_is_waited_for_and_not_evicted() {
    let clock = Clock::new();
    let until = clock.at(secs(30)).wall;
    let mut desk = desk(policy(OnDeadline::Force), vec![terminating("web", until)]);
    assert_eq!(desk.actions(), []);
    assert_eq!(desk.reasons(), [Reason::Terminating { until }]);
    assert!(desk.plan.progress(desk.clock.now()).first_eviction.is_some());
}

#[test]
fn a_finalizer_is_named_once_the_grace_is_over() {
    let until = Clock::new().at(secs(30)).wall;
    let held = PodView { finalizers: vec!["example.com/x".into()], ..terminating("web", until) };
    let mut desk = desk(policy(OnDeadline::Force), vec![held]);
    desk.step();
    assert_eq!(desk.reasons(), [Reason::Terminating { until }]);
    let wake = desk.wake().unwrap();
    desk.after(wake).step();
    assert_eq!(desk.reasons(), [Reason::Finalizer { names: vec!["example.com/x".into()] }]);
}

#[test]
fn force_begins_in_time_for_the_grace_and_not_before() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("web", "web")]);
    desk.answer_all(&budget("x"));
    let (force_at, just) = (secs(870), Duration::from_millis(400));
    desk.after(secs(869)).after(Duration::from_millis(600));
    assert_eq!(desk.answer_all(&budget("x")), [evict("web")]);
    assert_eq!(desk.wake(), Some(force_at));
    assert_eq!(desk.after(just).answer_all(&Answer::Accepted), [delete("web", 30)]);
    assert_eq!(desk.after(secs(600)).actions(), [], "once");
}

#[test]
fn a_pod_on_its_way_is_forced_only_if_it_would_be_late() {
    let clock = Clock::new();
    let long = terminating("long", clock.at(60 * MINUTE).wall);
    let soon = terminating("soon", clock.at(14 * MINUTE).wall);
    let mut desk = desk(policy(OnDeadline::Force), vec![long, soon]);
    assert_eq!(desk.actions(), []);
    assert_eq!(desk.after(secs(870)).answer_all(&Answer::Accepted), [delete("long", 30)]);
}

#[test]
fn a_refused_deletion_is_tried_again_slowly() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("web", "web")]);
    desk.answer_all(&budget("x"));
    desk.after(15 * MINUTE);
    assert_eq!(desk.answer_all(&Answer::Webhook { message: "no".into() }), [delete("web", 1)]);
    assert_eq!(desk.reasons(), [Reason::Webhook { message: "no".into() }]);
    assert_eq!(desk.actions(), []);
    assert_eq!(desk.after(secs(1)).actions(), [delete("web", 1)]);
}

#[test]
fn wait_never_forces_unless_told_now() {
    let mut desk = desk(policy(OnDeadline::Wait), vec![view("web", "web")]);
    desk.answer_all(&budget("x"));
    assert_eq!(desk.after(60 * MINUTE).answer_all(&budget("x")), [evict("web")]);
    desk.context(Context { deadline_now: true, ..Context::default() });
    assert_eq!(desk.actions(), [delete("web", 1)]);
}

#[test]
fn abandon_ends_at_the_deadline_and_never_forces() {
    let mut desk = desk(policy(OnDeadline::Abandon), vec![view("web", "web")]);
    desk.answer_all(&budget("x"));
    let just = Duration::from_millis(400);
    assert_eq!(
        desk.after(secs(899)).after(Duration::from_millis(600)).answer_all(&budget("x")),
        [evict("web")]
    );
    assert_eq!(desk.wake(), Some(15 * MINUTE));
    assert_eq!(desk.after(just).step(), Step::Abandon);
}

#[test]
fn the_deadline_counts_from_the_first_attempt_not_from_the_start() {
    let mut desk = desk(policy(OnDeadline::Abandon), vec![]);
    desk.plan.listed(vec![], desk.clock.now());
    desk.step();
    desk.after(Duration::from_millis(500));
    desk.plan.seen(view("web", "web"), desk.clock.now());
    desk.answer_all(&budget("x"));
    assert_eq!(desk.after(secs(899)).after(Duration::from_millis(500)).actions(), [evict("web")]);
    assert_eq!(desk.after(Duration::from_millis(500)).step(), Step::Abandon);
}

#[test]
fn progress_tells_the_deadline_and_it_stays_the_same() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("web", "web")]);
    let told = |desk: &Desk| desk.plan.progress(desk.clock.now()).deadline;
    assert_eq!(told(&desk), None, "nothing was tried yet");
    desk.answer_all(&budget("x"));
    let end = Some(desk.clock.at(15 * MINUTE).wall);
    assert_eq!(told(&desk), end);
    desk.after(MINUTE).answer_all(&budget("x"));
    assert_eq!(told(&desk), end);
    let expires = desk.clock.at(3 * MINUTE);
    desk.context(Context { hook_expires: Some(expires.mono), ..Context::default() });
    assert_eq!(told(&desk), Some(expires.wall), "the hook ends sooner");
}

#[test]
fn after_a_take_over_the_deadline_counts_from_the_first_eviction_of_all() {
    let clock = Clock::new();
    let before = clock.now().wall - SignedDuration::from_mins(2);
    let mut plan = Plan::new(policy(OnDeadline::Abandon), Some(before), Context::default(), clock.now());
    plan.listed(vec![view("web", "web")], clock.now());
    assert_eq!(plan.progress(clock.at(MINUTE)).deadline, Some(clock.at(13 * MINUTE).wall));
}

#[test]
fn who_waits_has_no_deadline_until_told_now() {
    let mut desk = desk(policy(OnDeadline::Wait), vec![view("web", "web")]);
    desk.answer_all(&budget("x"));
    assert_eq!(desk.plan.progress(desk.clock.now()).deadline, None);
    desk.after(MINUTE).context(Context { deadline_now: true, ..Context::default() });
    assert_eq!(desk.answer_all(&Answer::Accepted), [delete("web", 1)]);
    let progress = desk.plan.progress(desk.clock.now());
    assert_eq!(progress.deadline, Some(desk.clock.now().wall));
    assert_eq!(progress.forced, 1);
}

#[test]
fn the_hooks_end_is_a_deadline_too() {
    let mut desk = desk(policy(OnDeadline::Force), vec![view("web", "web")]);
    let expires = desk.clock.at(3 * MINUTE).mono;
    desk.context(Context { hook_expires: Some(expires), ..Context::default() });
    desk.answer_all(&budget("x"));
    assert_eq!(desk.after(secs(150)).actions(), [delete("web", 30)]);
}

#[test]
fn after_a_late_take_over_ordinary_evictions_come_first() {
    let clock = Clock::new();
    let long_ago = clock.now().wall - SignedDuration::from_mins(50);
    let mut plan = Plan::new(policy(OnDeadline::Force), Some(long_ago), Context::default(), clock.now());
    plan.listed(vec![view("web", "web")], clock.now());
    let mut desk = Desk { clock, plan };
    desk.answer_all(&budget("x"));
    assert_eq!(desk.after(5 * MINUTE).answer_all(&budget("x")), [evict("web")]);
    assert_eq!(desk.after(150 * secs(1)).actions(), [delete("web", 1)]);
    assert_eq!(desk.plan.progress(desk.clock.now()).first_eviction, Some(long_ago));
}

#[test]
fn a_dead_node_of_a_dying_instance_is_not_waited_for() {
    let until = Clock::new().at(secs(30)).wall;
    let dead = |unready: u64, dies| Context {
        node_unready_for: Some(secs(unready)),
        instance_will_terminate: dies,
        ..Context::default()
    };
    let mut stuck = desk(policy(OnDeadline::Force), vec![terminating("web", until)]);
    stuck.context(dead(0, true));
    assert_eq!(stuck.after(secs(60)).reasons().len(), 1, "not 30 s over its grace");
    assert_eq!(stuck.after(secs(1)).reasons().len(), 0, "and the time of not being Ready counts on");
    let mut ready = desk(policy(OnDeadline::Force), vec![terminating("web", until)]);
    ready.after(secs(600));
    assert_eq!(ready.reasons().len(), 1, "a Ready node will finish it");
    ready.context(dead(600, false));
    assert_eq!(ready.reasons().len(), 1, "an instance that returns may still run it");
    ready.context(dead(59, true));
    assert_eq!(ready.reasons().len(), 1, "not Ready for too short a time");
    assert_eq!(ready.after(secs(1)).reasons().len(), 0);
}

#[test]
fn time_alone_wakes_a_drain_of_a_dead_node() {
    let until = Clock::new().at(secs(30)).wall;
    let mut desk = desk(policy(OnDeadline::Wait), vec![terminating("web", until)]);
    desk.context(Context {
        node_unready_for: Some(secs(50)),
        instance_will_terminate: true,
        ..Context::default()
    });
    for _ in 0..20 {
        match desk.step() {
            Step::Done => return,
            Step::Act { wake, .. } => desk.clock.passed = wake.expect("an alarm") - desk.clock.start.0,
            Step::Abandon => panic!("abandoned"),
        }
    }
    panic!("never done");
}

// === a small cluster ===

/// A pod of the simulated cluster.
#[derive(Clone, Debug)]
struct SimPod {
    budget: Option<u8>,
    critical: bool,
    owned: bool,
    grace: u64,
    /// Odd answers that its requests get before the real ones.
    odd: Vec<u8>,
    arrives: u64,
}

fn pods() -> impl Strategy<Value = Vec<SimPod>> {
    let pod = (
        proptest::option::of(0..3_u8),
        any::<bool>(),
        any::<bool>(),
        0..120_u64,
        proptest::collection::vec(0..8_u8, 0..3),
        prop_oneof![4 => Just(0), 1 => 0..5000_u64],
    );
    let pod = pod.prop_map(|(budget, critical, owned, grace, odd, arrives)| SimPod {
        budget,
        critical,
        owned,
        grace,
        odd,
        arrives,
    });
    proptest::collection::vec(pod, 0..40)
}

fn odd(kind: u8) -> Answer {
    let message = "odd".to_owned();
    match kind {
        0 => Answer::Failed { message },
        1 => Answer::Unavailable { message },
        2 => Answer::Throttled { after: Some(secs(1)) },
        3 => Answer::Webhook { message },
        4 => Answer::Rights,
        5 => Answer::Namespace,
        6 => Answer::ManyBudgets,
        _ => Answer::Budget { name: None },
    }
}

struct Cluster {
    desk: Desk,
    pods: BTreeMap<String, SimPod>,
    /// What each budget still allows; a departed pod gives its share back a while later.
    allowed: [u8; 3],
    /// When something happens, in order.
    agenda: BTreeMap<(Duration, u64), Event>,
    count: u64,
    in_flight: BTreeMap<String, bool>,
    refused: HashSet<String>,
    accepted: HashSet<String>,
    forced: HashSet<String>,
    requests: usize,
}

enum Event {
    Arrive(String),
    Answer(Action),
    End(String),
    Refill(u8),
}

impl Cluster {
    fn new(pods: Vec<SimPod>, allowed: u8, policy: Policy) -> Self {
        let desk = desk(policy, vec![]);
        let pods: BTreeMap<String, SimPod> =
            pods.into_iter().enumerate().map(|(n, pod)| (format!("p{n:02}"), pod)).collect();
        let mut cluster = Self {
            desk,
            pods: pods.clone(),
            allowed: [allowed; 3],
            agenda: BTreeMap::new(),
            count: 0,
            in_flight: BTreeMap::new(),
            refused: HashSet::new(),
            accepted: HashSet::new(),
            forced: HashSet::new(),
            requests: 0,
        };
        for (uid, pod) in pods {
            cluster.later(Duration::from_millis(pod.arrives), Event::Arrive(uid));
        }
        cluster
    }

    fn later(&mut self, delay: Duration, event: Event) {
        self.count += 1;
        self.agenda.insert((self.desk.clock.passed + delay, self.count), event);
    }

    fn view(&self, uid: &str) -> PodView {
        let pod = &self.pods[uid];
        let owner = pod.budget.filter(|_| pod.owned).map(|budget| format!("rs{budget}"));
        PodView { critical: pod.critical, grace: secs(pod.grace), owner, ..view(uid, uid) }
    }

    /// Runs until done; the time it took.
    fn run(&mut self) -> Duration {
        for _ in 0..50_000 {
            // What happens at the same time happens before the next look.
            while self.agenda.first_key_value().is_some_and(|((at, _), _)| *at <= self.desk.clock.passed) {
                if let Some((_, event)) = self.agenda.pop_first() {
                    self.happen(event);
                }
            }
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            match self.desk.step() {
                // Late arrivals may come after a drain was done; that is the lister's business.
                Step::Done => return self.desk.clock.passed,
                Step::Abandon => panic!("abandoned"),
                Step::Act { actions, wake } => {
                    for action in &actions {
                        self.send(action);
                    }
                    if actions.is_empty() {
                        let wake = wake.map(|at| at - self.desk.clock.start.0);
                        let next = wake.into_iter().chain(next).min();
                        self.desk.clock.passed =
                            next.expect("nothing is left to happen, and the drain is not done");
                    }
                }
            }
        }
        panic!("never done: {:?}", self.desk.plan.progress(self.desk.clock.now()));
    }

    fn send(&mut self, action: &Action) {
        let (uid, pod) = (action.uid().to_owned(), &self.pods[action.uid()]);
        let now = self.desk.clock.passed;
        self.requests += 1;
        let probes = |budget| {
            let sharing =
                |uid: &&String| self.refused.contains(*uid) && self.pods[*uid].budget == Some(budget);
            self.in_flight.iter().filter(|(_, evicts)| **evicts).map(|(uid, _)| uid).filter(sharing).count()
        };
        match action {
            Action::Evict { .. } => {
                assert!(!self.accepted.contains(&uid), "{uid} evicted twice");
                if let (Some(budget), true) = (pod.budget, self.refused.contains(&uid)) {
                    assert_eq!(probes(budget), 0, "a second probe of a budget");
                }
                let others = self.desk.plan.progress(self.desk.clock.now()).blockers;
                let others =
                    others.iter().any(|blocker| !self.pods[blocker.pod.trim_start_matches("shop/")].critical);
                assert!(!pod.critical || !others || now >= 10 * MINUTE, "critical {uid} went too early");
            }
            Action::Delete { grace, .. } => {
                let deadline = 15 * MINUTE;
                assert!(now + secs(pod.grace).min(5 * MINUTE) >= deadline, "{uid} forced at {now:?}");
                assert!(*grace >= secs(1) && *grace <= secs(pod.grace.max(1)), "{uid} forced with {grace:?}");
                self.forced.insert(uid.clone());
            }
        }
        assert!(self.in_flight.insert(uid, matches!(action, Action::Evict { .. })).is_none(), "two at once");
        assert!(self.in_flight.len() <= 10);
        self.desk.plan.sent(action);
        let latency = Duration::from_millis(5 + self.count % 40);
        self.later(latency, Event::Answer(action.clone()));
    }

    fn happen(&mut self, event: Event) {
        let now = self.desk.clock.now();
        match event {
            Event::Arrive(uid) => self.desk.plan.seen(self.view(&uid), now),
            Event::Refill(budget) => self.allowed[usize::from(budget)] += 1,
            Event::End(uid) => {
                self.desk.plan.departed(&uid, now);
                if let Some(budget) = self.pods[&uid].budget {
                    self.later(Duration::from_millis(300), Event::Refill(budget));
                }
            }
            Event::Answer(action) => {
                self.in_flight.remove(action.uid());
                let answer = self.answer(&action);
                self.desk.plan.answered(&action, answer, now, 0.5);
            }
        }
    }

    fn answer(&mut self, action: &Action) -> Answer {
        let uid = action.uid().to_owned();
        let pod = self.pods.get_mut(&uid).expect("a pod");
        if let Some(kind) = pod.odd.pop() {
            return odd(kind);
        }
        let grace = match action {
            Action::Evict { .. } => secs(pod.grace),
            Action::Delete { grace, .. } => *grace,
        };
        if let (Action::Evict { .. }, Some(budget)) = (action, pod.budget) {
            let allowed = &mut self.allowed[usize::from(budget)];
            if *allowed == 0 {
                self.refused.insert(uid);
                return Answer::Budget { name: Some(format!("b{budget}")) };
            }
            *allowed -= 1;
        }
        self.refused.remove(&uid);
        if self.accepted.insert(uid.clone()) {
            let until = self.desk.clock.now().wall + SignedDuration::try_from(grace).unwrap();
            let now = self.desk.clock.now();
            self.desk.plan.seen(PodView { terminating: Some(until), ..self.view(&uid) }, now);
            // Most pods need far less than their grace.
            self.later(grace.min(secs(2)) / 2, Event::End(uid));
        }
        Answer::Accepted
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Each finite run with answers that get healthy reaches done, and never breaks a rule on the way: see `send`.
    #[test]
    fn a_drain_ends_and_keeps_the_rules(pods in pods(), allowed in 1..4_u8) {
        let mut cluster = Cluster::new(pods, allowed, policy(OnDeadline::Force));
        let took = cluster.run();
        prop_assert!(took < 14 * MINUTE, "took {took:?}");
        prop_assert!(cluster.forced.is_empty());
    }

    /// Budgets that never allow anything: all is forced, by the deadline and not before its time.
    #[test]
    fn what_budgets_hold_is_forced_at_the_deadline(pods in pods()) {
        let mut cluster = Cluster::new(pods, 0, policy(OnDeadline::Force));
        let held: HashSet<String> =
            cluster.pods.iter().filter(|(_, pod)| pod.budget.is_some()).map(|(uid, _)| uid.clone()).collect();
        cluster.allowed = [0; 3];
        let took = cluster.run();
        if !cluster.forced.is_empty() {
            prop_assert!(took <= 16 * MINUTE, "took {took:?}");
        }
        prop_assert!(cluster.forced.is_subset(&held));
    }
}

#[test]
fn a_budget_of_one_costs_few_requests_a_pod() {
    let pod = SimPod { budget: Some(0), critical: false, owned: true, grace: 0, odd: vec![], arrives: 0 };
    let mut cluster = Cluster::new(vec![pod; 30], 1, policy(OnDeadline::Force));
    let took = cluster.run();
    assert!(cluster.requests <= 30 * 4, "{} requests", cluster.requests);
    // Each pod waits 300 ms for the budget: nine seconds at best.
    assert!(took < secs(20), "{took:?}");
}

#[test]
fn without_anything_in_the_way_each_pod_costs_one_request() {
    let pod = SimPod { budget: None, critical: false, owned: true, grace: 30, odd: vec![], arrives: 0 };
    let mut cluster = Cluster::new(vec![pod; 110], 0, policy(OnDeadline::Force));
    cluster.run();
    assert_eq!(cluster.requests, 110);
}
