//! Pools that hibernate, and machines that cannot.

use std::collections::BTreeMap;

use aws_simulator::world::{MadeChange, PoolState, Power, Process};

use crate::bed::{A_WHILE, Bed};
use crate::life_bed::{attach, suspend};

impl Bed {
    /// Says whether a group's machines can hibernate.
    fn make(&mut self, group: &str, hibernation: bool) -> bool {
        let change = MadeChange { hibernation: Some(hibernation), ..MadeChange::default() };
        self.world.set_machines(self.now, group, change).is_some()
    }
}

/// A group `g` with a pool of one in this state.
fn pool(state: PoolState, is_possible: bool) -> (Bed, String) {
    let mut bed = Bed::new();
    bed.group(0);
    assert!(bed.make("g", is_possible));
    bed.pool(1, state, true);
    bed.pass(A_WHILE);
    let id = bed.only();
    (bed, id)
}

/// Has the pool want one more than there is, and nothing launched for it.
fn leave_room(bed: &mut Bed) {
    bed.run(suspend(&[Process::Launch]));
    bed.pool(1, PoolState::Hibernated, true);
}

#[test]
fn a_machine_that_cannot_hibernate_is_stopped_instead_on_its_way_in_and_back() {
    for (is_possible, state, power) in
        [(true, "Warmed:Hibernated", Power::Hibernated), (false, "Warmed:Stopped", Power::Off)]
    {
        let (mut bed, id) = pool(PoolState::Hibernated, is_possible);
        assert_eq!((bed.state(&id).as_str(), bed.power(&id)), (state, power));
        assert_eq!(bed.target(&id), Some(state));
        bed.desire(1);
        bed.pool(0, PoolState::Hibernated, true);
        bed.pass(A_WHILE);
        assert_eq!(bed.state(&id), "InService");
        leave_room(&mut bed);
        bed.desire(0);
        bed.pass(A_WHILE);
        assert_eq!((bed.state(&id).as_str(), bed.power(&id)), (state, power));
    }
}

#[test]
fn the_other_pools_do_not_care() {
    for (pool_state, state) in
        [(PoolState::Running, "Warmed:Running"), (PoolState::Stopped, "Warmed:Stopped")]
    {
        let (bed, id) = pool(pool_state, false);
        assert_eq!(bed.state(&id), state);
    }
}

#[test]
fn what_a_machine_can_is_decided_when_it_is_launched() {
    let (mut bed, first) = pool(PoolState::Hibernated, true);
    assert!(bed.make("g", false));
    assert!(!bed.make("other", false));
    bed.pool(2, PoolState::Hibernated, true);
    bed.pass(A_WHILE);
    assert_eq!(bed.states(), ["Warmed:Hibernated", "Warmed:Stopped"]);
    assert_eq!(bed.state(&first), "Warmed:Hibernated");
}

#[test]
fn an_attached_machine_that_was_made_without_hibernation_comes_into_the_pool_stopped() {
    let mut bed = Bed::new();
    bed.group(0);
    let id = bed.world.add_machine(bed.now, "us-east-1a", BTreeMap::new());
    bed.pass(A_WHILE);
    bed.run(attach(&[&id]));
    bed.pass(A_WHILE);
    leave_room(&mut bed);
    bed.desire(0);
    bed.pass(A_WHILE);
    assert_eq!((bed.state(&id).as_str(), bed.power(&id)), ("Warmed:Stopped", Power::Off));
}
