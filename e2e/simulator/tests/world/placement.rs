//! Where instances are launched, and that everybody tells the same of it for as long as they live.

use aws_simulator::world::ec2::{Command as Ec2, Find, MachineView, Reply as Machines};
use aws_simulator::world::{
    Command, CreateGroup, DescribeActivities, DescribeGroups, PoolState, Reply, UpdateGroup,
};

use crate::bed::{A_WHILE, Bed};
use crate::life_bed::{attach, detach, health};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The group `g` with these zones and subnets.
fn spread(zones: &[&str], subnets: Option<&str>, desired: u32) -> CreateGroup {
    CreateGroup {
        name: "g".into(),
        max: 20,
        desired: Some(desired),
        zones: names(zones),
        subnets: subnets.map(str::to_owned),
        ..CreateGroup::default()
    }
}

fn change(zones: &[&str], subnets: Option<&str>) -> Command {
    Command::UpdateGroup(UpdateGroup {
        name: "g".into(),
        zones: names(zones),
        subnets: subnets.map(str::to_owned),
        ..UpdateGroup::default()
    })
}

/// Id, zone and subnet of all machines as EC2 tells them, by zone and subnet.
fn told_by_ec2(bed: &mut Bed) -> Vec<(String, String, String)> {
    let Machines::Machines { machines, .. } = bed.ec2(Ec2::Describe(Find::default())) else {
        panic!("not machines")
    };
    let mut told: Vec<_> = machines
        .into_iter()
        .filter(MachineView::has_network)
        .map(|machine| (machine.zone, machine.subnet, machine.id))
        .collect();
    told.sort();
    told.into_iter().map(|(zone, subnet, id)| (id, zone, subnet)).collect()
}

/// The zone and subnet that the latest activity of an instance tells.
fn told_by_activity(bed: &mut Bed, id: &str) -> (String, String) {
    let request = DescribeActivities { group: Some("g".into()), ..DescribeActivities::default() };
    let Reply::Activities { activities, .. } = bed.run(Command::DescribeActivities(request)) else {
        panic!("not activities")
    };
    let latest = activities.into_iter().find(|activity| activity.instance == id).expect("an activity");
    let details = latest.details();
    let text = |name| details[name].as_str().expect("a text").to_owned();
    (text("Availability Zone"), text("Subnet ID"))
}

fn zones_of_group(bed: &mut Bed) -> Vec<String> {
    let Reply::Groups { groups, .. } = bed.run(Command::DescribeGroups(DescribeGroups::default())) else {
        panic!("not groups")
    };
    groups[0].zones.clone()
}

fn usual(letter: char) -> (String, String) {
    (format!("us-east-1{letter}"), format!("subnet-0{:016x}", u32::from(letter)))
}

fn of(zone: &str, subnet: &str) -> (String, String) {
    (zone.to_owned(), subnet.to_owned())
}

#[test]
fn zone_and_subnet_are_told_alike_everywhere_and_stay_whatever_becomes_of_group_and_instance() {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(spread(&[], Some("subnet-1, subnet-2"), 2)));
    bed.pass(A_WHILE);
    let before = told_by_ec2(&mut bed);
    let sites: Vec<_> = before.iter().map(|(_, zone, subnet)| of(zone, subnet)).collect();
    assert_eq!(sites, [of("us-east-1a", "subnet-1"), of("us-east-1b", "subnet-2")]);
    for ((id, ..), site) in before.iter().zip(&sites) {
        assert_eq!(told_by_activity(&mut bed, id), *site);
        assert_eq!(bed.world.machine(id).expect("a machine").view.zone, site.0);
    }

    bed.run(change(&[], Some("subnet-9")));
    assert_eq!(told_by_ec2(&mut bed), before, "another subnet is for new instances");
    bed.run(detach(&[&before[0].0], true));
    assert_eq!(told_by_activity(&mut bed, &before[0].0), sites[0]);
    bed.pass(A_WHILE);
    assert_eq!(told_by_ec2(&mut bed), before, "detached");
    bed.run(attach(&[&before[0].0]));
    bed.pass(A_WHILE);
    assert_eq!(told_by_ec2(&mut bed), before, "attached");
    assert_eq!(told_by_activity(&mut bed, &before[0].0), sites[0]);
}

#[test]
fn where_no_subnet_is_named_each_zone_has_its_own() {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(spread(&["us-east-1c", "us-east-1f"], None, 2)));
    let told = told_by_ec2(&mut bed);
    let sites: Vec<_> = told.iter().map(|(_, zone, subnet)| of(zone, subnet)).collect();
    assert_eq!(sites, [usual('c'), usual('f')]);
    assert_eq!(told_by_activity(&mut bed, &told[0].0), usual('c'));
}

#[test]
fn a_launch_goes_to_the_zone_with_the_fewest_and_there_to_the_emptiest_subnet() {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(spread(&["us-east-1a", "us-east-1b"], Some("s-1,s-2,s-3"), 8)));
    bed.pass(A_WHILE);
    let count =
        |bed: &mut Bed, subnet: &str| told_by_ec2(bed).iter().filter(|(.., told)| told == subnet).count();
    assert_eq!(["s-1", "s-2", "s-3"].map(|subnet| count(&mut bed, subnet)), [2, 4, 2]);

    // Those of one zone leave, and those that come in their place go there.
    let first: Vec<_> = told_by_ec2(&mut bed)
        .into_iter()
        .filter(|(_, zone, _)| zone == "us-east-1b")
        .map(|(id, ..)| id)
        .collect();
    for id in &first[..2] {
        bed.run(Command::TerminateInstance { id: id.clone(), decrement: false });
    }
    bed.pass(A_WHILE);
    assert_eq!(["s-1", "s-2", "s-3"].map(|subnet| count(&mut bed, subnet)), [2, 4, 2]);
}

#[test]
fn the_replacement_of_an_unhealthy_member_goes_where_it_was() {
    let mut bed = Bed::new();
    bed.group(3);
    bed.pass(A_WHILE);
    for _ in 0..3 {
        let second = told_by_ec2(&mut bed)[1].clone();
        bed.run(health(&second.0, false));
        bed.pass(A_WHILE);
        let zones: Vec<_> = told_by_ec2(&mut bed).into_iter().map(|(_, zone, _)| zone).collect();
        assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"]);
    }
}

#[test]
fn a_warm_pool_is_spread_for_itself() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pool(3, PoolState::Stopped, false);
    let mut zones: Vec<_> = bed
        .world
        .machines()
        .filter(|machine| machine.view.state.starts_with("Warmed"))
        .map(|machine| machine.view.zone)
        .collect();
    zones.sort();
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"]);
}

#[test]
fn zones_that_are_none_of_this_region_are_refused_and_change_nothing() {
    let mut bed = Bed::new();
    for zone in ["us-west-2a", "us-east-1g", "us-east-1", "US-EAST-1A", ""] {
        let refused = bed.refused(Command::CreateGroup(spread(&["us-east-1a", zone], None, 1)));
        assert_eq!(refused.code, "ValidationError", "{zone}");
        assert!(refused.message.contains(&format!("[{zone}]")), "{}", refused.message);
    }
    bed.run(Command::CreateGroup(spread(&["us-east-1a"], None, 1)));
    let error = bed.refused(change(&["us-west-2a"], None));
    assert!(error.message.contains("us-west-2a"), "{}", error.message);
    assert_eq!(zones_of_group(&mut bed), ["us-east-1a"]);
    bed.run(change(&["us-east-1f"], None));
    assert_eq!(zones_of_group(&mut bed), ["us-east-1f"]);
}

#[test]
fn zones_and_subnets_have_to_match() {
    let (of_b, of_f) = (usual('b').1, usual('f').1);
    for (zones, subnets) in [
        (vec!["us-east-1a"], of_b.clone()),
        (vec!["us-east-1a", "us-east-1b"], "subnet-1".to_owned()),
        (vec!["us-east-1b"], format!("{of_b},{of_f}")),
    ] {
        let error = Bed::new().refused(Command::CreateGroup(spread(&zones, Some(&subnets), 1)));
        assert!(error.message.contains("do not match"), "{zones:?} {subnets}: {}", error.message);
    }
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(spread(&["us-east-1f", "us-east-1b"], Some(&format!("{of_b},{of_f}")), 2)));
    let sites: Vec<_> = told_by_ec2(&mut bed).into_iter().map(|(_, zone, subnet)| (zone, subnet)).collect();
    assert_eq!(sites, [usual('b'), usual('f')], "a subnet is in one zone only");
    // Subnets without zones bring theirs.
    bed.run(change(&[], Some("subnet-7,subnet-8")));
    assert_eq!(zones_of_group(&mut bed), ["us-east-1a", "us-east-1b"]);
    let error = bed.refused(change(&["us-east-1c"], Some(&of_b)));
    assert!(error.message.contains("do not match"), "{}", error.message);
    assert_eq!(zones_of_group(&mut bed), ["us-east-1a", "us-east-1b"]);
}
