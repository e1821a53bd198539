//! What EC2 announces stays with the machine.

use std::time::Duration;

use aws_simulator::world::{MaintenanceCode, NotWarned, SpotAction, SpotNotice, Warnings};

use crate::bed::Bed;

#[test]
fn a_machine_has_no_warnings_until_they_are_announced() {
    let mut bed = Bed::new();
    bed.group(2);
    let ids = bed.ids();
    let warnings = |bed: &Bed, id: &str| bed.world.machine(id).expect("a machine").warnings;
    assert_eq!(warnings(&bed, &ids[0]), Warnings::default());

    bed.make_spot(&ids[0]);
    assert!(bed.world.recommend_rebalance(bed.now, &ids[0]).is_ok());
    assert!(bed.world.interrupt_spot(bed.now, &ids[0], SpotAction::Terminate).is_ok());
    let hours = |count| bed.now + Duration::from_hours(count);
    let window = (hours(1), hours(2));
    assert!(bed.world.schedule_maintenance(bed.now, &ids[0], MaintenanceCode::SystemReboot, window));
    let told = warnings(&bed, &ids[0]);
    assert_eq!(told.rebalance, Some(bed.now));
    let time = bed.now + Duration::from_mins(2);
    assert_eq!(told.spot, Some(SpotNotice { action: SpotAction::Terminate, time }));
    let planned = &told.maintenance[0];
    assert_eq!(
        (planned.not_before, planned.not_after, planned.code.as_str()),
        (window.0, window.1, "system-reboot")
    );
    assert!(planned.event_id.starts_with("instance-event-0") && planned.event_id.len() == 32, "{planned:?}");
    assert_eq!(warnings(&bed, &ids[1]), Warnings::default(), "nobody else is meant");
}

#[test]
fn nothing_is_announced_for_a_machine_that_is_not_there() {
    let mut bed = Bed::new();
    let nobody = Err(NotWarned::NoInstance);
    assert_eq!(bed.world.recommend_rebalance(bed.now, "i-0"), nobody);
    assert_eq!(bed.world.interrupt_spot(bed.now, "i-0", SpotAction::Stop), nobody);
    let loose = bed.world.add_machine(bed.now, "us-east-1a", std::collections::BTreeMap::new());
    bed.make_spot(&loose);
    assert!(bed.world.recommend_rebalance(bed.now, &loose).is_ok(), "one without a group is there");
}
