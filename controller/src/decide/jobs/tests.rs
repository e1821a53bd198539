use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeCondition, NodeSpec, NodeStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use lifecycle::api::InstanceDetail;

use super::*;
use crate::intent::Destination;
use crate::world::{Probe, Sweep};

fn rules() -> Rules {
    let patience = Patience {
        warm_up: Duration::from_secs(180),
        node: Duration::from_secs(120),
        leak: Duration::from_secs(900),
    };
    let names = HookNames { termination: "node-gate-termination".into(), launch: "node-gate-launch".into() };
    Rules { names, patience, dry_run: false }
}

struct Bed {
    start: Instant,
    world: World,
    nodes: Nodes,
    memory: Memory,
}

impl Bed {
    fn new() -> Self {
        Bed {
            start: Instant::now(),
            world: World::default(),
            nodes: Nodes { synced: true, ..Nodes::default() },
            memory: Memory::default(),
        }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn state(&mut self, seconds: u64, state: &str) {
        let hook =
            Hook { heartbeat_timeout: Duration::from_secs(60), global_timeout: Duration::from_secs(6000) };
        let sweep = Sweep {
            scope: Some(BTreeSet::from(["g".into()])),
            groups: BTreeMap::from([("g".into(), Group { termination: Some(hook), launch: Some(hook) })]),
            listed: vec![InstanceDetail { id: "i-1".into(), group: "g".into(), state: state.into() }],
            pools_read: BTreeSet::new(),
        };
        self.world.apply_sweep(self.at(seconds), self.at(seconds), Timestamp::UNIX_EPOCH, sweep);
        self.memory.look(self.at(seconds), &self.world, &self.nodes);
    }

    fn without_termination_hook(&mut self) {
        for group in self.world.groups.values_mut() {
            group.termination = None;
        }
    }

    fn node(&mut self, seconds: u64, ready: bool, annotations: &[(&str, String)], provider_id: &str) {
        let condition = NodeCondition {
            type_: "Ready".into(),
            status: if ready { "True" } else { "False" }.into(),
            ..NodeCondition::default()
        };
        let node = Node {
            metadata: ObjectMeta {
                name: Some("n".into()),
                annotations: Some(
                    annotations.iter().map(|(key, value)| ((*key).into(), value.clone())).collect(),
                ),
                ..ObjectMeta::default()
            },
            spec: Some(NodeSpec { provider_id: Some(provider_id.into()), ..NodeSpec::default() }),
            status: Some(NodeStatus { conditions: Some(vec![condition]), ..NodeStatus::default() }),
        };
        let view = NodeView::new(&node, self.nodes.by_name.get("n"), self.at(seconds));
        self.nodes.by_name.insert("n".into(), view);
        self.memory.look(self.at(seconds), &self.world, &self.nodes);
    }

    fn intent(destination: Destination) -> (&'static str, String) {
        let intent = Intent::new("g", "node-gate-termination", destination, Timestamp::UNIX_EPOCH);
        (intent::ANNOTATION, intent.to_text())
    }

    fn finish(&mut self, seconds: u64) {
        let job = self.job(seconds).expect("a job to finish");
        self.memory.done("i-1", &job, crate::job::Ended::Completed);
    }

    fn work(&self, seconds: u64) -> Option<Work> {
        self.job(seconds).map(|job| job.work)
    }

    fn job(&self, seconds: u64) -> Option<Job> {
        jobs(self.at(seconds), &self.world, &self.nodes, &self.memory, &rules()).remove("i-1")
    }

    fn open(&self) -> Vec<String> {
        open_actions(&self.world, &self.nodes, &self.memory, &rules())
            .into_iter()
            .map(|open| open.action.hook)
            .collect()
    }
}

const OURS: &str = "aws:///z/i-1";

#[test]
fn a_leaving_node_is_drained_once_its_intent_is_durable_and_not_before() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    bed.node(0, true, &[], OURS);
    assert_eq!(bed.work(0), None);
    assert_eq!(bed.open(), ["node-gate-termination"], "kept alive already");
    bed.node(1, true, &[Bed::intent(Destination::Terminated)], OURS);
    assert!(matches!(bed.work(1), Some(Work::Terminate { nodes, .. }) if nodes == ["n"]));
}

#[test]
fn a_completed_action_is_neither_repeated_nor_kept_alive_while_another_hook_holds() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    bed.node(0, true, &[Bed::intent(Destination::Terminated)], OURS);
    bed.finish(0);
    assert_eq!(bed.work(600), None);
    assert!(bed.open().is_empty());
}

#[test]
fn a_record_of_an_earlier_action_starts_nothing() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    bed.node(0, true, &[Bed::intent(Destination::WarmPool)], OURS);
    assert_eq!(bed.work(0), None, "another destination");
    let record = |seconds_ago: u64| {
        let since = Timestamp::UNIX_EPOCH - Duration::from_secs(seconds_ago);
        let intent = Intent::new("g", "node-gate-termination", Destination::Terminated, since);
        (intent::ANNOTATION, intent.to_text())
    };
    bed.node(0, true, &[record(7000)], OURS);
    assert_eq!(bed.work(0), None, "older than the hook's global timeout");
    bed.node(0, true, &[record(700)], OURS);
    assert!(bed.work(0).is_some(), "an earlier leader began");
    bed.state(1, "InService");
    bed.state(2, "Terminating:Wait");
    assert_eq!(bed.work(2), None, "we saw this action begin later than that");
}

#[test]
fn nothing_is_known_to_have_ended_before_its_group_was_read() {
    let mut bed = Bed::new();
    let of = |group: &str| Action {
        group: group.into(),
        hook: "node-gate-termination".into(),
        instance: "i-1".into(),
        token: None,
    };
    assert!(!has_ended(&bed.world, &of("g")));
    bed.state(0, "InService");
    assert!(has_ended(&bed.world, &of("g")));
    assert!(has_ended(&bed.world, &of("left-our-scope")));
    bed.world.groups.clear();
    assert!(!has_ended(&bed.world, &of("g")), "its hooks could not be read");
}

#[test]
fn an_instance_without_a_node_is_completed_only_after_patience() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    assert_eq!(bed.work(119), None);
    assert_eq!(bed.open(), ["node-gate-termination"]);
    assert!(matches!(bed.work(120), Some(Work::CompleteNodeless { .. })));
}

#[test]
fn a_node_that_lacks_a_provider_id_may_be_anybodys_so_nothing_is_completed() {
    let mut bed = Bed::new();
    bed.node(0, true, &[], "");
    bed.state(0, "Terminating:Wait");
    assert_eq!(bed.work(6000), None);
}

#[test]
fn nothing_is_completed_while_the_node_watch_is_not_synced() {
    let mut bed = Bed::new();
    bed.nodes.synced = false;
    bed.state(0, "Terminating:Wait");
    assert_eq!(bed.work(6000), None);
}

#[test]
fn a_node_that_vanished_is_waited_for_by_name() {
    let mut bed = Bed::new();
    bed.state(0, "InService");
    bed.node(0, true, &[], OURS);
    bed.nodes.by_name.clear();
    bed.state(10, "Terminating:Wait");
    assert!(matches!(bed.work(10), Some(Work::Terminate { nodes, .. }) if nodes == ["n"]));
}

#[test]
fn a_node_that_vanished_is_known_although_another_lacks_its_provider_id() {
    let mut bed = Bed::new();
    bed.state(0, "InService");
    bed.node(0, true, &[], OURS);
    bed.node(5, true, &[], "");
    bed.state(10, "Terminating:Wait");
    assert!(matches!(bed.work(10), Some(Work::Terminate { .. })));
}

#[test]
fn a_pool_member_that_dies_is_completed_at_once_unless_it_leaked_a_node() {
    let mut bed = Bed::new();
    bed.state(0, "Warmed:Terminating:Wait");
    assert!(matches!(bed.work(0), Some(Work::Complete { .. })));
    bed.node(0, true, &[Bed::intent(Destination::Terminated)], OURS);
    assert!(matches!(bed.work(0), Some(Work::Terminate { .. })));
}

#[test]
fn a_group_without_our_hook_is_left_alone() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    bed.node(0, true, &[Bed::intent(Destination::Terminated)], OURS);
    bed.without_termination_hook();
    assert_eq!(bed.work(6000), None);
    assert!(bed.open().is_empty());
}

#[test]
fn an_entering_instance_gets_its_warm_up_time() {
    let mut bed = Bed::new();
    bed.state(0, "Warmed:Pending:Wait");
    bed.world.apply_probe(bed.at(0), "i-1", Probe::Entering);
    assert_eq!(bed.open(), ["node-gate-launch"]);
    assert_eq!(bed.work(179), None);
    assert!(
        matches!(bed.work(180), Some(Work::Complete { action, .. }) if action.hook == "node-gate-launch")
    );
}

#[test]
fn nothing_is_launched_while_the_direction_is_unknown() {
    let mut bed = Bed::new();
    bed.state(0, "Warmed:Pending:Wait");
    assert_eq!(bed.work(6000), None);
    assert!(bed.open().is_empty(), "the probe beats for it");
    bed.without_termination_hook();
    assert!(bed.work(6000).is_some(), "without a termination hook there is only one way");
}

#[test]
fn a_leaked_node_is_emptied_before_the_launch_hook_is_completed() {
    let mut bed = Bed::new();
    bed.node(0, true, &[], OURS);
    bed.state(0, "Warmed:Pending:Wait");
    bed.world.apply_probe(bed.at(0), "i-1", Probe::Entering);
    assert!(matches!(bed.work(200), Some(Work::EmptyLeak { .. })));
    assert!(matches!(bed.work(180 + 900), Some(Work::Complete { .. })), "but not for ever");
    bed.finish(200);
    assert_eq!(bed.work(10), None, "not warmed up");
    assert!(matches!(bed.work(200), Some(Work::Complete { .. })));
}

#[test]
fn a_returning_instance_is_drained_for_the_termination_hook() {
    let mut bed = Bed::new();
    bed.state(0, "InService");
    bed.node(0, true, &[Bed::intent(Destination::WarmPool)], OURS);
    bed.state(10, "Warmed:Pending:Wait");
    assert_eq!(bed.open(), ["node-gate-termination"]);
    assert!(
        matches!(bed.work(600), Some(Work::Terminate { action, .. }) if action.hook == "node-gate-termination")
    );
}

#[test]
fn a_launch_is_completed_when_ready_was_reported_after_pending_was_seen() {
    let mut bed = Bed::new();
    bed.node(0, true, &[], OURS);
    bed.state(10, "Pending:Wait");
    assert_eq!(bed.work(10), None, "an old Ready of a stopped machine");
    bed.node(11, false, &[], OURS);
    assert_eq!(bed.work(11), None);
    bed.node(12, true, &[], OURS);
    assert!(matches!(bed.work(12), Some(Work::Complete { .. })));
}

#[test]
fn a_launch_out_of_a_stopped_pool_is_completed_when_ready_was_reported_since_the_instance_was_off() {
    let mut bed = Bed::new();
    bed.node(0, true, &[], OURS);
    bed.state(5, "Warmed:Stopped");
    bed.state(10, "Pending:Wait");
    assert_eq!(bed.work(10), None, "it was off since the Node said so");
    bed.state(20, "Warmed:Stopped");
    bed.node(21, false, &[], OURS);
    bed.node(22, true, &[], OURS);
    bed.state(30, "Pending");
    bed.state(31, "Pending:Wait");
    assert!(matches!(bed.work(31), Some(Work::Complete { .. })), "quicker than our look");
}

#[test]
fn a_launch_out_of_a_running_pool_needs_no_new_report() {
    let mut bed = Bed::new();
    bed.node(0, true, &[], OURS);
    bed.state(5, "Warmed:Running");
    bed.state(10, "Pending");
    bed.state(11, "Pending:Wait");
    assert!(matches!(bed.work(11), Some(Work::Complete { .. })));
}

#[test]
fn the_node_of_an_instance_launched_since_all_were_read_has_no_earlier_life() {
    let mut bed = Bed::new();
    let sweep = Sweep { scope: Some(BTreeSet::from(["g".into()])), ..Sweep::default() };
    bed.world.apply_sweep(bed.at(1), bed.at(1), Timestamp::UNIX_EPOCH, sweep);
    bed.node(2, true, &[], OURS);
    bed.state(3, "Pending:Wait");
    assert!(matches!(bed.work(3), Some(Work::Complete { .. })));
}

#[test]
fn a_ready_node_is_believed_after_the_time_in_which_a_dead_kubelet_is_found_out() {
    let mut bed = Bed::new();
    bed.node(0, true, &[], OURS);
    bed.state(1, "Pending:Wait");
    assert_eq!(bed.work(60), None);
    assert!(matches!(bed.work(61), Some(Work::Complete { .. })));
}

#[test]
fn a_leaked_node_is_emptied_while_its_machine_runs_and_left_when_it_is_off() {
    let mut bed = Bed::new();
    bed.state(0, "Warmed:Running");
    bed.node(1, true, &[], OURS);
    assert_eq!(bed.work(1), None, "Ready since we last looked: it may serve by now");
    bed.state(2, "Warmed:Running");
    assert!(matches!(bed.work(2), Some(Work::EmptyLeak { .. })));
    bed.state(3, "Warmed:Stopped");
    assert_eq!(bed.work(3), None);
    bed.state(4, "Warmed:Dreaming");
    assert_eq!(bed.work(4), None, "an unknown state evicts nothing");
}

#[test]
fn a_node_whose_owner_says_ignore_is_left_alone_and_its_action_may_time_out() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    bed.node(0, true, &[Bed::intent(Destination::Terminated), ("node-gate.io/ignore", "true".into())], OURS);
    assert_eq!(bed.work(6000), None);
    assert!(bed.open().is_empty());
}

#[test]
fn done_work_is_forgotten_when_the_state_moves_on() {
    let mut bed = Bed::new();
    bed.state(0, "Warmed:Terminating:Wait");
    bed.finish(0);
    assert_eq!(bed.work(0), None);
    bed.state(1, "Warmed:Terminating:Retained");
    bed.state(2, "Warmed:Terminating:Wait");
    assert!(bed.work(2).is_some(), "a new action");
}

#[test]
fn the_same_work_in_another_state_is_another_job() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    let first = bed.job(120).unwrap();
    assert!(bed.job(120).unwrap().is_same_as(&first));
    bed.state(121, "InService");
    bed.state(122, "Terminating:Wait");
    assert!(!bed.job(300).unwrap().is_same_as(&first));
}

#[test]
fn a_dry_run_plans_without_a_durable_intent() {
    let mut bed = Bed::new();
    bed.state(0, "Terminating:Wait");
    bed.node(0, true, &[], OURS);
    let rules = Rules { dry_run: true, ..rules() };
    assert_eq!(jobs(bed.at(0), &bed.world, &bed.nodes, &bed.memory, &rules).len(), 1);
}
