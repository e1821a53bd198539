use lifecycle::Place;

use super::*;
use crate::queue::message::Told;

const SWEEP: Duration = Duration::from_secs(15);

struct Bed {
    world: World,
    start: Instant,
}

impl Bed {
    fn new() -> Self {
        Bed { world: World::default(), start: Instant::now() }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn sweep(&mut self, seconds: u64, listed: &[(&str, &str)]) {
        let hook =
            Hook { heartbeat_timeout: Duration::from_secs(60), global_timeout: Duration::from_secs(6000) };
        let group = Group { termination: Some(hook), launch: None };
        let sweep = Sweep {
            scope: Some(BTreeSet::from(["g".to_owned()])),
            groups: BTreeMap::from([("g".to_owned(), group)]),
            listed: listed.iter().map(|(id, state)| detail(id, "g", state)).collect(),
            pools_read: BTreeSet::new(),
        };
        self.world.apply_sweep(self.at(seconds), self.at(seconds), Timestamp::UNIX_EPOCH, sweep);
    }

    fn lookup(&mut self, seconds: u64, asked: &[&str], answers: &[InstanceDetail]) {
        let asked: Vec<String> = asked.iter().map(|id| (*id).to_owned()).collect();
        self.world.apply_lookup(self.at(seconds), self.at(seconds), Timestamp::UNIX_EPOCH, &asked, answers);
    }

    fn due(&self, seconds: u64, nodes: &[&str]) -> Vec<String> {
        let ready = Ready::new(true, self.start);
        self.world.due_lookups(self.at(seconds), SWEEP, nodes.iter().map(|id| (*id, &ready)))
    }

    fn tell(&mut self, seconds: u64, told: &Told) {
        self.world.tell(self.at(seconds), "i-1", told.clone(), &names());
    }

    fn told(&self) -> Option<&str> {
        self.instance("i-1").told.as_ref()?.token.as_deref()
    }

    /// The hooks and tokens that a probe would try, in their order.
    fn guesses(&self, id: &str) -> Vec<(String, Option<String>)> {
        let due = self.world.due_probes(self.at(3600), &names());
        let doubt = due.into_iter().find(|doubt| doubt.instance == id);
        let guesses = doubt.into_iter().flat_map(|doubt| doubt.guesses);
        guesses.map(|(action, _)| (action.hook, action.token)).collect()
    }

    fn instance(&self, id: &str) -> &Instance {
        &self.world.instances[id]
    }
}

fn names() -> HookNames {
    HookNames { termination: "t".to_owned(), launch: "l".to_owned() }
}

/// What a message claims of a termination into the pool or, with another place, elsewhere.
fn told(token: &str, second: i64, destination: Place) -> Told {
    Told {
        group: "g".to_owned(),
        hook: "t".to_owned(),
        token: Some(token.to_owned()),
        terminating: true,
        origin: Some(Place::AutoScalingGroup),
        destination: Some(destination),
        at: Timestamp::from_second(second).ok(),
    }
}

fn detail(id: &str, group: &str, state: &str) -> InstanceDetail {
    InstanceDetail { id: id.to_owned(), group: group.to_owned(), state: state.into() }
}

#[test]
fn an_instance_at_rest_is_never_looked_up() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    assert_eq!(bed.due(600, &["i-1"]), Vec::<String>::new());
}

#[test]
fn a_node_of_an_unknown_instance_is_asked_for_at_once_and_a_foreign_one_rarely() {
    let mut bed = Bed::new();
    bed.sweep(0, &[]);
    assert_eq!(bed.due(0, &["i-9"]), ["i-9"]);
    bed.lookup(0, &["i-9"], &[detail("i-9", "other", "InService")]);
    assert_eq!(bed.world.standing("i-9"), Standing::Foreign);
    assert!(bed.due(299, &["i-9"]).is_empty());
    assert_eq!(bed.due(300, &["i-9"]), ["i-9"]);
}

#[test]
fn missing_from_a_sweep_is_doubted_but_not_gone() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.sweep(15, &[]);
    assert_eq!(bed.due(15, &[]), ["i-1"]);
    assert!(matches!(bed.world.standing("i-1"), Standing::Ours(_)));
    bed.lookup(15, &["i-1"], &[]);
    assert!(bed.due(20, &[]).is_empty(), "asked again only when the answer can count");
    assert_eq!(bed.due(25, &[]), ["i-1"]);
    bed.lookup(25, &["i-1"], &[]);
    assert!(matches!(bed.world.standing("i-1"), Standing::Gone(_)));
}

#[test]
fn a_stale_empty_answer_is_forgiven() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.lookup(1, &["i-1"], &[]);
    bed.lookup(11, &["i-1"], &[detail("i-1", "g", "InService")]);
    bed.lookup(12, &["i-1"], &[]);
    assert!(matches!(bed.world.standing("i-1"), Standing::Ours(_)), "the count began anew");
}

#[test]
fn a_sweep_with_a_failed_call_removes_nothing() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.world.apply_sweep(bed.at(15), bed.at(15), Timestamp::UNIX_EPOCH, Sweep::default());
    assert!(bed.due(15, &[]).is_empty());
    assert!(bed.world.groups.contains_key("g"));
}

#[test]
fn two_states_for_one_id_are_settled_by_asking() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.sweep(15, &[("i-1", "InService"), ("i-1", "Warmed:Pending")]);
    assert_eq!(bed.instance("i-1").state, LifecycleState::InService);
    assert_eq!(bed.due(15, &[]), ["i-1"]);
}

#[test]
fn an_instance_that_left_its_group_for_the_pool_is_returning() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.lookup(15, &["i-1"], &[detail("i-1", "g", "Warmed:Pending")]);
    assert_eq!(bed.instance("i-1").phase(), Phase::Leaving);
    bed.lookup(17, &["i-1"], &[detail("i-1", "g", "Warmed:Pending:Wait")]);
    assert_eq!(bed.instance("i-1").direction, Some(Direction::Returning));
    assert!(bed.world.due_probes(bed.at(17), &names()).is_empty(), "known without a probe");
    bed.lookup(19, &["i-1"], &[detail("i-1", "g", "Warmed:Stopped")]);
    assert_eq!((bed.instance("i-1").direction, bed.instance("i-1").phase()), (None, Phase::Warm));
}

#[test]
fn an_instance_first_seen_at_the_pools_door_is_probed_until_answered() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Warmed:Pending:Wait")]);
    assert_eq!(bed.guesses("i-1"), [("t".to_owned(), None)], "the group has no launch hook");
    assert_eq!(bed.instance("i-1").phase(), Phase::Warm);
    bed.world.apply_probe(bed.at(0), "i-1", Probe::Failed);
    assert!(bed.world.due_probes(bed.at(1), &names()).is_empty());
    assert_eq!(bed.world.due_probes(bed.at(2), &names()).len(), 1);
    bed.world.apply_probe(bed.at(2), "i-1", Probe::Returning);
    assert_eq!(bed.instance("i-1").phase(), Phase::Leaving);
    assert!(bed.world.due_probes(bed.at(60), &names()).is_empty());
}

#[test]
fn silence_means_entering_only_when_heard_twice() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Warmed:Pending:Wait")]);
    bed.world.apply_probe(bed.at(0), "i-1", Probe::Silent);
    assert_eq!(bed.instance("i-1").direction, None, "once may be a stale answer");
    assert_eq!(bed.world.due_probes(bed.at(2), &names()).len(), 1);
    bed.world.apply_probe(bed.at(5), "i-1", Probe::Silent);
    assert_eq!(bed.instance("i-1").direction, Some(Direction::Entering));
    assert_eq!(bed.instance("i-1").phase(), Phase::Warm);
}

#[test]
fn an_action_of_the_launch_hook_means_entering_at_once() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Warmed:Pending:Wait")]);
    bed.world.apply_probe(bed.at(0), "i-1", Probe::Entering);
    assert_eq!(bed.instance("i-1").direction, Some(Direction::Entering));
}

#[test]
fn a_pool_member_whose_node_turns_ready_is_asked_for_as_if_it_were_joining() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Warmed:Running")]);
    let due = |bed: &Bed, at: u64, ready: &Ready| {
        bed.world.due_lookups(bed.at(at), SWEEP, std::iter::once(("i-1", ready)))
    };
    let (joined, ready) = (Ready::new(false, bed.at(1)), Ready::new(true, bed.at(1)));
    assert!(due(&bed, 1, &Ready::new(true, bed.at(0))).is_empty(), "nothing new");
    assert_eq!(due(&bed, 1, &joined), ["i-1"], "outdated at once");
    assert_eq!(due(&bed, 1, &ready), ["i-1"], "outdated at once");
    assert!(bed.instance("i-1").is_outdated(&ready));
    bed.lookup(2, &["i-1"], &[detail("i-1", "g", "Warmed:Running")]);
    assert!(!bed.instance("i-1").is_outdated(&ready));
    assert!(due(&bed, 3, &ready).is_empty());
    assert_eq!(due(&bed, 4, &ready), ["i-1"]);
    assert!(due(&bed, 14, &joined).is_empty(), "not Ready, so not serving");
    bed.lookup(400, &["i-1"], &[detail("i-1", "g", "Warmed:Running")]);
    assert!(due(&bed, 414, &ready).is_empty(), "a leak of long standing costs little");
}

#[test]
fn an_instance_of_a_group_whose_hooks_could_not_be_read_is_ours_all_the_same() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.world.groups.clear();
    bed.lookup(1, &["i-1"], &[detail("i-1", "g", "Terminating")]);
    assert!(matches!(bed.world.standing("i-1"), Standing::Ours(_)));
}

#[test]
fn joining_instances_are_looked_up_often_for_five_minutes_and_then_by_the_sweep() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Pending")]);
    assert!(bed.due(1, &[]).is_empty());
    assert_eq!(bed.due(2, &[]), ["i-1"]);
    bed.lookup(2, &["i-1"], &[detail("i-1", "g", "Pending:Wait")]);
    assert_eq!(bed.instance("i-1").joining_since, Some(bed.at(0)), "one way in, one clock");
    bed.lookup(299, &["i-1"], &[detail("i-1", "g", "Pending:Wait")]);
    assert!(bed.due(302, &[]).is_empty());
    assert_eq!(bed.due(314, &[]), ["i-1"]);
}

#[test]
fn a_state_seen_again_keeps_its_first_sight() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Terminating:Wait")]);
    bed.sweep(15, &[("i-1", "Terminating:Wait")]);
    assert_eq!(bed.instance("i-1").since, bed.at(0));
}

#[test]
fn an_answer_to_an_older_question_does_not_undo_what_a_younger_one_told() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.lookup(6, &["i-1"], &[detail("i-1", "g", "Terminating:Wait")]);
    let sweep = |listed: Vec<InstanceDetail>| Sweep {
        scope: Some(BTreeSet::from(["g".to_owned()])),
        listed,
        ..Sweep::default()
    };
    let (began, ended) = (bed.at(5), bed.at(7));
    let old = sweep(vec![detail("i-1", "g", "InService")]);
    bed.world.apply_sweep(began, ended, Timestamp::UNIX_EPOCH, old);
    assert_eq!(bed.instance("i-1").state, LifecycleState::TerminatingWait);
    assert_eq!(bed.instance("i-1").since, bed.at(6));
    assert_eq!(bed.due(7, &[]), ["i-1"], "a third answer tells");
    bed.lookup(8, &["i-1"], &[detail("i-1", "g", "Terminating:Wait")]);
    let asked = ["i-1".to_owned()];
    bed.world.apply_lookup(began, bed.at(9), Timestamp::UNIX_EPOCH, &asked, &[]);
    bed.world.apply_sweep(began, bed.at(9), Timestamp::UNIX_EPOCH, sweep(Vec::new()));
    assert!(bed.due(9, &[]).is_empty(), "what an older question did not list is not missing");
}

#[test]
fn a_message_is_kept_only_if_hook_and_group_are_ours() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Terminating:Wait")]);
    let right = told("a", 10, Place::Ec2);
    bed.tell(0, &Told { hook: "other".to_owned(), ..right.clone() });
    bed.tell(0, &Told { group: "other".to_owned(), ..right.clone() });
    bed.tell(0, &Told { terminating: false, ..right.clone() });
    assert_eq!(bed.told(), None);
    bed.tell(0, &right);
    assert_eq!(bed.told(), Some("a"));
    bed.world.tell(bed.at(0), "i-2", right, &names());
    assert!(!bed.world.instances.contains_key("i-2"), "a message makes nothing ours");
}

#[test]
fn a_message_fits_only_the_state_that_it_tells_of() {
    let mut bed = Bed::new();
    let fits_at = |bed: &mut Bed, state: &str, told: &Told| {
        bed.sweep(0, &[("i-1", state)]);
        fits(told, bed.instance("i-1"))
    };
    let ends = told("a", 10, Place::Ec2);
    assert!(fits_at(&mut bed, "Terminating:Wait", &ends));
    for state in
        ["InService", "Terminating", "Terminating:Proceed", "Warmed:Terminating:Wait", "Pending:Wait"]
    {
        assert!(!fits_at(&mut bed, state, &ends), "{state}");
    }
    let returns = told("a", 10, Place::WarmPool);
    assert!(!fits_at(&mut bed, "Terminating:Wait", &returns));
    assert!(fits_at(
        &mut bed,
        "Terminating:Wait",
        &Told { origin: None, destination: None, ..returns.clone() }
    ));
    let mut bed = Bed::new();
    assert!(!fits_at(&mut bed, "Warmed:Pending:Wait", &returns), "the direction is not known yet");
    bed.world.apply_probe(bed.at(1), "i-1", Probe::Returning);
    assert!(fits(&returns, bed.instance("i-1")));
    bed.world.apply_probe(bed.at(1), "i-1", Probe::Entering);
    assert!(!fits(&returns, bed.instance("i-1")));
}

#[test]
fn messages_out_of_order_leave_the_youngest() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Terminating:Wait")]);
    bed.tell(0, &told("young", 20, Place::Ec2));
    bed.tell(1, &told("old", 10, Place::Ec2));
    assert_eq!(bed.told(), Some("young"));
    bed.tell(2, &told("younger", 30, Place::Ec2));
    assert_eq!(bed.told(), Some("younger"));
    bed.tell(3, &told("late", 20, Place::WarmPool));
    assert_eq!(bed.told(), Some("younger"), "one that does not fit is worth no more");
}

#[test]
fn a_message_of_the_last_cycle_is_forgotten_when_the_cycle_ends() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.tell(0, &told("a", 10, Place::WarmPool));
    bed.lookup(2, &["i-1"], &[detail("i-1", "g", "Warmed:Pending:Wait")]);
    assert_eq!(bed.told(), Some("a"), "it came before the state that it tells of");
    bed.lookup(4, &["i-1"], &[detail("i-1", "g", "Warmed:Stopped")]);
    assert_eq!(bed.told(), None);
}

#[test]
fn what_a_message_tells_and_the_api_does_not_show_yet_is_looked_up_again_for_a_while() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "InService")]);
    bed.tell(0, &told("a", 10, Place::Ec2));
    assert!(bed.due(1, &[]).is_empty());
    assert_eq!(bed.due(2, &[]), ["i-1"]);
    assert!(bed.due(30, &[]).is_empty(), "not for ever");
    bed.lookup(10, &["i-1"], &[detail("i-1", "g", "Terminating")]);
    assert_eq!(bed.due(12, &[]), ["i-1"], "on its way");
    bed.lookup(29, &["i-1"], &[detail("i-1", "g", "Terminating:Wait")]);
    assert!(bed.due(31, &[]).is_empty(), "it shows");
}

#[test]
fn a_claimed_direction_is_only_the_first_guess_of_a_probe() {
    let mut bed = Bed::new();
    bed.sweep(0, &[("i-1", "Warmed:Pending:Wait")]);
    bed.tell(0, &told("a", 10, Place::WarmPool));
    assert_eq!(bed.instance("i-1").direction, None, "a message is not believed");
    assert_eq!(bed.guesses("i-1"), [("t".to_owned(), Some("a".to_owned())), ("t".to_owned(), None)]);
}
