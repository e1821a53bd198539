//! Machines that belong to no group.

use std::collections::BTreeMap;

use aws_simulator::world::{Command, DescribeGroups, Page, Power, Reply};

use crate::bed::{A_WHILE, Bed};

#[test]
fn a_machine_without_a_group_runs_and_has_no_lifecycle() {
    let mut bed = Bed::new();
    bed.group(1);
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let id = bed.world.add_machine(bed.now, "us-east-1b", tags.clone());
    bed.pass(A_WHILE);
    let machine = bed.world.machine(&id).expect("a machine");
    assert_eq!((machine.power, machine.target, machine.tags), (Power::On, None, tags));
    assert_eq!((machine.view.group.as_str(), machine.view.state.as_str()), ("", ""));
    assert_eq!(bed.ids().last(), Some(&id));
    assert!(bed.world.next_deadline().is_none());
}

#[test]
fn auto_scaling_does_not_know_a_machine_without_a_group() {
    let mut bed = Bed::new();
    bed.group(1);
    let id = bed.world.add_machine(bed.now, "us-east-1b", BTreeMap::new());
    let Reply::Instances { instances, .. } =
        bed.run(Command::DescribeInstances { ids: Vec::new(), page: Page::default() })
    else {
        panic!("not instances")
    };
    assert_eq!(instances.len(), 1);
    assert_ne!(instances[0].id, id);
    let all = DescribeGroups { include_instances: true, ..DescribeGroups::default() };
    let Reply::Groups { groups, .. } = bed.run(Command::DescribeGroups(all)) else { panic!("not groups") };
    assert_eq!(groups[0].instances.len(), 1);
    let error = bed.refused(Command::TerminateInstance { id, decrement: false });
    assert!(error.message.contains("not found"), "{error:?}");
}
