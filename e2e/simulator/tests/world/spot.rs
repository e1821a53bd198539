//! Spot instances: who is one, who is warned, and what becomes of a warning.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::ec2::{self, Find, MachineView};
use aws_simulator::world::{
    Command, CreateGroup, GroupSettings, MadeChange, MaintenanceCode, NotWarned, PoolState, Power, Process,
    SpotAction, Tree, Warnings,
};

use crate::bed::{A_WHILE, Bed, STOP};
use crate::life_bed::suspend;

const NOTICE: Duration = Duration::from_mins(2);

impl Bed {
    /// Makes a machine a Spot instance.
    pub(crate) fn make_spot(&mut self, id: &str) {
        let spot = MadeChange { spot: Some(true), ..MadeChange::default() };
        assert!(self.world.set_machine(self.now, id, spot).is_some());
    }

    /// A Spot instance that runs and belongs to no group.
    fn spot(&mut self) -> String {
        let id = self.run_one();
        self.make_spot(&id);
        self.pass(A_WHILE);
        id
    }

    fn view(&mut self, id: &str) -> MachineView {
        let find = Find { ids: vec![id.to_owned()], ..Find::default() };
        let ec2::Reply::Machines { mut machines, .. } = self.ec2(ec2::Command::Describe(find)) else {
            panic!("another reply")
        };
        machines.remove(0)
    }

    fn warnings(&self, id: &str) -> Warnings {
        self.world.machine(id).expect("a machine").warnings
    }

    /// How many Spot instances there are, and how many on demand; both views of a machine agree.
    fn spots(&mut self) -> (usize, usize) {
        let mut counts = (0, 0);
        for id in self.ids() {
            let is_spot = self.view(&id).spot;
            assert_eq!(self.world.machine(&id).map(|machine| machine.metadata.is_spot), Some(is_spot));
            if is_spot { counts.0 += 1 } else { counts.1 += 1 }
        }
        counts
    }
}

/// A policy with a distribution.
fn policy(base: &str, percent: &str) -> GroupSettings {
    let text = |text: &str| Tree::Text(text.to_owned());
    let distribution = BTreeMap::from([
        ("OnDemandBaseCapacity".to_owned(), text(base)),
        ("OnDemandPercentageAboveBaseCapacity".to_owned(), text(percent)),
    ]);
    let policy = BTreeMap::from([("InstancesDistribution".to_owned(), Tree::Fields(distribution))]);
    GroupSettings {
        repeated: BTreeMap::from([("MixedInstancesPolicy", Tree::Fields(policy))]),
        ..GroupSettings::default()
    }
}

#[test]
fn a_mixed_instances_policy_says_how_many_are_on_demand() {
    for (base, percent, expected) in
        [("0", "100", (0, 5)), ("0", "0", (5, 0)), ("2", "0", (3, 2)), ("1", "50", (2, 3))]
    {
        let mut bed = Bed::new();
        let settings = policy(base, percent);
        let group =
            CreateGroup { name: "g".into(), max: 9, desired: Some(5), settings, ..Default::default() };
        bed.run(Command::CreateGroup(group));
        bed.pass(A_WHILE);
        assert_eq!(bed.spots(), expected, "{base} {percent}");
    }
}

#[test]
fn what_a_group_was_told_holds_for_its_launches_from_then_on_and_never_for_its_pool() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    assert_eq!(bed.spots(), (0, 1), "on demand unless something says otherwise");
    let change = MadeChange { spot: Some(true), role: Some(Some("node".into())), ..MadeChange::default() };
    let made = bed.world.set_machines(bed.now, "g", change.clone()).expect("a group");
    assert_eq!((made.spot, made.hibernation, made.role.as_deref()), (Some(true), None, Some("node")));
    assert_eq!(bed.world.set_machines(bed.now, "other", change), None);
    bed.desire(3);
    bed.pass(A_WHILE);
    assert_eq!(bed.spots(), (2, 1));
    let roles: Vec<_> = bed.world.machines().filter_map(|machine| machine.metadata.role).collect();
    assert_eq!(roles, ["node", "node"]);
    bed.pool(2, PoolState::Running, false);
    bed.pass(A_WHILE);
    assert_eq!(bed.spots(), (2, 3));
}

#[test]
fn only_a_spot_instance_that_runs_is_warned() {
    let mut bed = Bed::new();
    let id = bed.run_one();
    bed.pass(A_WHILE);
    for action in [SpotAction::Terminate, SpotAction::Stop, SpotAction::Hibernate] {
        assert_eq!(bed.world.interrupt_spot(bed.now, &id, action), Err(NotWarned::OnDemand));
    }
    assert_eq!(bed.world.recommend_rebalance(bed.now, &id), Err(NotWarned::OnDemand));
    bed.make_spot(&id);
    assert_eq!(bed.world.recommend_rebalance(bed.now, &id), Ok(()));
    bed.ec2(ec2::Command::Stop { ids: vec![id.clone()], hibernate: false });
    assert_eq!(bed.world.recommend_rebalance(bed.now, &id), Err(NotWarned::NotRunning));
    bed.pass(STOP);
    assert_eq!(bed.world.interrupt_spot(bed.now, &id, SpotAction::Terminate), Err(NotWarned::NotRunning));
    bed.terminate(&id);
    assert_eq!(bed.world.interrupt_spot(bed.now, &id, SpotAction::Stop), Err(NotWarned::NoInstance));
}

#[test]
fn an_interruption_is_carried_out_at_its_time_and_its_warning_ends_with_the_power() {
    for (action, power, code) in [
        (SpotAction::Terminate, Power::Off, "Server.SpotInstanceTermination"),
        (SpotAction::Stop, Power::Off, "Server.SpotInstanceShutdown"),
        (SpotAction::Hibernate, Power::Hibernated, "Server.SpotInstanceShutdown"),
    ] {
        let mut bed = Bed::new();
        let id = bed.spot();
        let able = MadeChange { hibernation: Some(true), ..MadeChange::default() };
        bed.world.set_machine(bed.now, &id, able);
        bed.world.recommend_rebalance(bed.now, &id).expect("warned");
        bed.world.interrupt_spot(bed.now, &id, action).expect("warned");
        let notice = if action == SpotAction::Hibernate { Duration::ZERO } else { NOTICE };
        bed.pass(notice.saturating_sub(Duration::from_secs(1)));
        assert_eq!(bed.power(&id), Power::On);
        assert!(bed.warnings(&id).spot.is_some() && bed.warnings(&id).rebalance.is_some());
        bed.pass(STOP + Duration::from_secs(1));
        assert_eq!((bed.power(&id), bed.warnings(&id)), (power, Warnings::default()), "{action:?}");
        let view = bed.view(&id);
        assert_eq!(view.state_reason().map(|(code, _)| code), Some(code));
        assert!(view.reason().starts_with("Service initiated ("), "{}", view.reason());
    }
}

#[test]
fn a_machine_that_cannot_hibernate_is_not_made_to() {
    let mut bed = Bed::new();
    let id = bed.spot();
    let refused = bed.world.interrupt_spot(bed.now, &id, SpotAction::Hibernate);
    assert_eq!(refused, Err(NotWarned::CannotHibernate));
    bed.pass(NOTICE);
    assert_eq!((bed.power(&id), bed.warnings(&id)), (Power::On, Warnings::default()));
}

#[test]
fn a_warning_of_a_former_run_hits_nobody() {
    let mut bed = Bed::new();
    let id = bed.spot();
    bed.world.interrupt_spot(bed.now, &id, SpotAction::Terminate).expect("warned");
    bed.ec2(ec2::Command::Stop { ids: vec![id.clone()], hibernate: false });
    bed.pass(STOP);
    bed.ec2(ec2::Command::Start { ids: vec![id.clone()] });
    assert_eq!(bed.warnings(&id), Warnings::default());
    bed.pass(NOTICE * 2);
    assert_eq!((bed.power(&id), bed.view(&id).state_reason()), (Power::On, None));
}

#[test]
fn one_that_is_made_on_demand_again_is_not_interrupted() {
    let mut bed = Bed::new();
    let id = bed.spot();
    bed.world.interrupt_spot(bed.now, &id, SpotAction::Terminate).expect("warned");
    bed.world.set_machine(bed.now, &id, MadeChange { spot: Some(false), ..MadeChange::default() });
    bed.pass(NOTICE * 2);
    assert_eq!((bed.power(&id), bed.spots()), (Power::On, (0, 1)));
}

#[test]
fn planned_maintenance_is_completed_at_its_end_or_canceled_by_a_stop_and_forgotten_after_a_week() {
    let (hour, week) = (Duration::from_hours(1), Duration::from_hours(7 * 24));
    for (stops, mark, state) in [(false, "[Completed] ", "completed"), (true, "[Canceled] ", "canceled")] {
        let mut bed = Bed::new();
        bed.group(1);
        bed.run(suspend(&[Process::HealthCheck]));
        bed.pass(A_WHILE);
        let id = bed.only();
        let (window, code) = ((bed.now + hour, bed.now + hour * 2), MaintenanceCode::SystemReboot);
        assert!(bed.world.schedule_maintenance(bed.now, &id, code, window));
        assert_eq!((bed.view(&id).planned[0].state(), bed.view(&id).planned.len()), ("active", 1));
        if stops {
            bed.ec2(ec2::Command::Stop { ids: vec![id.clone()], hibernate: false });
            bed.pass(STOP);
        } else {
            bed.pass((hour * 2).saturating_sub(Duration::from_secs(1)));
            assert_eq!(bed.view(&id).planned[0].state(), "active");
            bed.pass(Duration::from_secs(1));
        }
        let told = bed.view(&id).planned.remove(0);
        assert_eq!((told.state(), told.description()), (state, format!("{mark}{}", code.description())));
        bed.pass(week.saturating_sub(Duration::from_secs(1)));
        assert_eq!(bed.warnings(&id).maintenance.len(), 1);
        bed.pass(Duration::from_secs(1));
        assert_eq!(bed.warnings(&id).maintenance, []);
    }
}

#[test]
fn of_very_much_maintenance_the_newest_is_told() {
    let mut bed = Bed::new();
    let id = bed.run_one();
    let hour = Duration::from_hours(1);
    for number in 1..=150 {
        let window = (bed.now + hour * number, bed.now + hour * (number + 1));
        assert!(bed.world.schedule_maintenance(bed.now, &id, MaintenanceCode::InstanceStop, window));
    }
    let planned = bed.warnings(&id).maintenance;
    assert_eq!((planned.len(), planned[0].not_before), (100, bed.now + hour * 51));
}
