use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use lifecycle::api::InstanceDetail;

use super::*;
use crate::aws::HookNames;
use crate::decide::jobs::Patience;
use crate::drain::{Blocker, Reason};
use crate::intent::{self, Destination, Intent};
use crate::world::{Hook, Sweep};

const HOUR: Duration = Duration::from_secs(3600);

fn rules() -> Rules {
    let patience = Patience { warm_up: HOUR, node: HOUR, leak: HOUR };
    let names = HookNames { termination: "node-gate-termination".into(), launch: "node-gate-launch".into() };
    Rules { names, patience, dry_run: false }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn world(now: Instant, state: &str) -> World {
    let hook = Hook { heartbeat_timeout: Duration::from_secs(60), global_timeout: HOUR };
    let mut world = World::default();
    let sweep = Sweep {
        scope: Some(BTreeSet::from(["g".into()])),
        groups: BTreeMap::from([("g".into(), Group { termination: Some(hook), launch: Some(hook) })]),
        listed: vec![InstanceDetail { id: "i-1".into(), group: "g".into(), state: state.into() }],
        pools_read: BTreeSet::new(),
    };
    world.apply_sweep(now, now, at(1000), sweep);
    world
}

fn nodes(now: Instant, annotations: &[(&str, String)]) -> Nodes {
    let annotations = annotations.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
    let node = Node {
        metadata: ObjectMeta {
            name: Some("n".into()),
            annotations: Some(annotations.collect()),
            ..ObjectMeta::default()
        },
        spec: Some(NodeSpec { provider_id: Some("aws:///z/i-1".into()), ..NodeSpec::default() }),
        ..Node::default()
    };
    let view = NodeView::new(&node, None, now);
    Nodes { synced: true, by_name: BTreeMap::from([("n".to_owned(), view)]) }
}

fn intent(since: i64, completed: Option<Timestamp>) -> (&'static str, String) {
    let mut intent = Intent::new("g", "node-gate-termination", Destination::Terminated, at(since));
    intent.completed = completed;
    (intent::ANNOTATION, intent.to_text())
}

fn see(world: &World, nodes: &Nodes, drain: Option<&Progress>) -> InstanceStatus {
    let status = snapshot(world, nodes, &Memory::default(), &rules(), |_| drain.cloned());
    status.instances["i-1"].clone()
}

#[test]
fn a_blocked_drain_is_told_with_its_action_its_deadline_and_its_blockers() {
    let now = Instant::now();
    let progress = Progress {
        first_eviction: Some(at(1001)),
        deadline: Some(at(1901)),
        forced: 0,
        pods_left: 1,
        drained: false,
        blockers: vec![Blocker { pod: "shop/web".into(), reason: Reason::Budget { name: "pdb".into() } }],
    };
    let status = see(&world(now, "Terminating:Wait"), &nodes(now, &[]), Some(&progress));
    assert_eq!((status.state.as_str(), status.phase), ("Terminating:Wait", "leaving"));
    assert_eq!((status.since, status.node.as_deref()), (at(1000), Some("n")));
    let action = status.action.unwrap();
    assert_eq!((action.hook.as_str(), action.completed), ("node-gate-termination", false));
    assert_eq!(action.ends, at(4600));
    let drain = status.drain.unwrap();
    assert_eq!((drain.first_eviction, drain.deadline), (Some(at(1001)), Some(at(1901))));
    assert_eq!((drain.pods_left, drain.blockers[0].kind), (1, "budget"));
    assert!(drain.blockers[0].reason.contains("pdb"), "{:?}", drain.blockers);
}

#[test]
fn after_a_take_over_the_action_ends_when_it_would_have_ended_before() {
    let now = Instant::now();
    let status = see(&world(now, "Terminating:Wait"), &nodes(now, &[intent(400, None)]), None);
    assert_eq!(status.action.unwrap().ends, at(4000));
}

#[test]
fn an_action_that_another_leader_completed_is_told_as_completed() {
    let now = Instant::now();
    let status = see(&world(now, "Terminating:Wait"), &nodes(now, &[intent(1000, Some(at(1100)))]), None);
    assert!(status.action.unwrap().completed);
}

#[test]
fn nothing_is_open_and_nothing_drains_on_an_instance_in_service() {
    let now = Instant::now();
    let status = see(&world(now, "InService"), &nodes(now, &[]), None);
    assert_eq!((status.phase, status.action, status.drain), ("in_service", None, None));
    assert!(!status.ignored);
}

#[test]
fn a_node_that_its_owner_keeps_from_us_is_told_as_ignored() {
    let now = Instant::now();
    let nodes = nodes(now, &[("node-gate.io/ignore", "true".into())]);
    assert!(see(&world(now, "InService"), &nodes, None).ignored);
}

#[test]
fn an_instance_in_service_tells_since_when_it_lacks_a_node() {
    let now = Instant::now();
    let (world, mut memory) = (world(now, "InService"), Memory::default());
    let look = |memory: &Memory, nodes: &Nodes| {
        snapshot(&world, nodes, memory, &rules(), |_| None).instances["i-1"].unjoined_since
    };
    let without = Nodes { synced: true, ..Nodes::default() };
    memory.look(now + Duration::from_secs(5), &world, &without);
    memory.look(now + Duration::from_secs(9), &world, &without);
    assert_eq!(look(&memory, &without), Some(at(1005)));
    let with = nodes(now, &[]);
    memory.look(now + Duration::from_secs(10), &world, &with);
    assert_eq!(look(&memory, &with), None);
}

#[test]
fn a_node_in_the_pool_is_a_leak_unless_its_instance_has_served_or_it_is_not_our_business() {
    let now = Instant::now();
    let leaked = |state: &str, annotations: &[(&str, String)]| {
        see(&world(now, state), &nodes(now, annotations), None).leaked
    };
    assert!(leaked("Warmed:Running", &[]));
    assert!(leaked("Warmed:Stopped", &[]), "dead, and still there");
    assert!(!leaked("InService", &[]));
    assert!(!leaked("Warmed:Running", &[("node-gate.io/served", "true".into())]), "it came back");
    assert!(!leaked("Warmed:Running", &[("node-gate.io/ignore", "true".into())]));
    let without = see(&world(now, "Warmed:Running"), &Nodes { synced: true, ..Nodes::default() }, None);
    assert!(!without.leaked);
}

#[test]
fn a_dry_run_sees_and_leads_nothing() {
    let now = Instant::now();
    let rules = Rules { dry_run: true, ..rules() };
    let status = snapshot(&world(now, "InService"), &nodes(now, &[]), &Memory::default(), &rules, |_| None);
    assert!(!status.leading && status.swept);
    assert_eq!(status.instances.len(), 1);
}
