//! What EC2 is asked to make and to change, and its lists of zones and regions.

use aws_simulator::world::ec2::{Command, Reply, RunInstances};
use aws_simulator::world::{MetadataChange, Page};

use crate::bed::{A_WHILE, Bed, STOP};
use crate::machine_bed::filter;

#[test]
fn tags_are_put_found_and_taken_away_but_for_awss_own() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let id = bed.only();
    let own = "aws:autoscaling:groupName";
    let tags = |bed: &mut Bed, filters| {
        let command = Command::DescribeTags { filters, page: Page::default() };
        let Reply::Tags { tags, .. } = bed.ec2(command) else { panic!("another reply") };
        tags.into_iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect::<Vec<_>>()
    };
    let put = |key: &str| Command::CreateTags {
        ids: vec![id.clone()],
        tags: [(key.to_owned(), "v".to_owned())].into(),
    };
    let take = |key: &str, value: Option<&str>| Command::DeleteTags {
        ids: vec![id.clone()],
        tags: [(key.to_owned(), value.map(str::to_owned))].into(),
    };
    bed.ec2(put("a"));
    bed.ec2(put("b"));
    let group = format!("{own}=g");
    assert_eq!(tags(&mut bed, Vec::new()), ["a=v", &group, "b=v"]);
    for (name, value, expected) in [
        ("key", "b", vec!["b=v"]),
        ("value", "v", vec!["a=v", "b=v"]),
        ("tag:a", "v", vec!["a=v"]),
        ("tag:a", "w", vec![]),
        ("resource-type", "volume", vec![]),
        ("resource-id", &id, vec!["a=v", &group, "b=v"]),
    ] {
        assert_eq!(tags(&mut bed, vec![filter(name, &[value])]), expected, "{name}");
    }
    bed.ec2(take("a", Some("other")));
    assert_eq!(tags(&mut bed, vec![filter("key", &["a"])]), ["a=v"]);
    bed.ec2(take("a", None));
    assert_eq!(tags(&mut bed, Vec::new()), [group.as_str(), "b=v"]);
    for command in [put("aws:x"), take(own, None), put(&"k".repeat(129))] {
        assert_eq!(bed.code(command), "InvalidParameterValue");
    }
    let many = (0..50).map(|n| (n.to_string(), String::new())).collect();
    assert_eq!(bed.code(Command::CreateTags { ids: vec![id.clone()], tags: many }), "TagLimitExceeded");
    bed.ec2(Command::DeleteTags { ids: vec![id], tags: [].into() });
    assert_eq!(tags(&mut bed, Vec::new()), [group]);
}

#[test]
fn the_same_client_token_runs_nothing_twice() {
    let mut bed = Bed::new();
    let request = |token: &str| RunInstances {
        min: 1,
        max: 2,
        client_token: Some(token.into()),
        ..RunInstances::default()
    };
    let first = bed.run_many(request("a"));
    assert_eq!(bed.run_many(request("a")), first);
    assert_eq!(bed.ids().len(), 2);
    assert_ne!(bed.run_many(request("b")), first);
    assert_eq!(bed.ids().len(), 4);
}

#[test]
fn a_launch_that_makes_no_sense_is_refused() {
    let mut bed = Bed::new();
    let good = RunInstances { min: 1, max: 1, image: Some("ami-1".into()), ..RunInstances::default() };
    for (request, code) in [
        (RunInstances { min: 0, ..good.clone() }, "InvalidParameterValue"),
        (RunInstances { min: 2, ..good.clone() }, "InvalidParameterValue"),
        (RunInstances { max: 5001, ..good.clone() }, "InstanceLimitExceeded"),
        (RunInstances { image: None, ..good.clone() }, "MissingParameter"),
        (RunInstances { zone: Some("mars-1a".into()), ..good.clone() }, "InvalidParameterValue"),
    ] {
        assert_eq!(bed.code(Command::Run(request)), code);
    }
    assert!(bed.ids().is_empty());
}

#[test]
fn the_options_of_a_metadata_service_change_one_by_one() {
    let mut bed = Bed::new();
    let id = bed.run_one();
    let change = MetadataChange { tokens_required: Some(false), ..MetadataChange::default() };
    let Reply::Metadata { options, .. } = bed.ec2(Command::ChangeMetadata { id: id.clone(), change }) else {
        panic!("another reply")
    };
    assert!(!options.tokens_required && options.enabled);
    assert_eq!(bed.world.machine(&id).expect("a machine").metadata.options, options);
    bed.terminate(&id);
    bed.pass(STOP);
    assert_eq!(bed.code(Command::ChangeMetadata { id, change }), "IncorrectInstanceState");
}

#[test]
fn zones_and_regions_are_listed_by_name_and_filter() {
    let mut bed = Bed::new();
    let zones = |bed: &mut Bed, names: &[&str], filters| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let Reply::Zones(zones) = bed.ec2(Command::DescribeZones { names, filters }) else {
            panic!("another reply")
        };
        zones.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(zones(&mut bed, &[], Vec::new()).len(), 6);
    assert_eq!(zones(&mut bed, &["us-east-1b"], Vec::new()), ["us-east-1b"]);
    assert_eq!(zones(&mut bed, &[], vec![filter("zone-name", &["*c"])]), ["us-east-1c"]);
    let names = vec!["mars-1a".to_owned()];
    assert_eq!(
        bed.code(Command::DescribeZones { names: names.clone(), filters: Vec::new() }),
        "InvalidParameterValue"
    );
    assert_eq!(bed.ec2(Command::DescribeRegions { names: Vec::new() }), Reply::Regions(vec!["us-east-1"]));
    assert_eq!(bed.code(Command::DescribeRegions { names }), "InvalidParameterValue");
}
