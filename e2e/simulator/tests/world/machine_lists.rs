//! Finding machines and their tags: ids, filters, pages, and the refusals.

use aws_simulator::world::ec2::{Command, Filter, Find, Reply, RunInstances};
use aws_simulator::world::{MetadataChange, Page};

use crate::bed::{A_WHILE, BOOT, Bed, STOP};

fn filter(name: &str, values: &[&str]) -> Filter {
    Filter { name: name.into(), values: values.iter().map(|value| (*value).to_owned()).collect() }
}

impl Bed {
    fn find(&mut self, filters: Vec<Filter>) -> Vec<String> {
        let find = Find { filters, ..Find::default() };
        let Reply::Machines { machines, next } = self.ec2(Command::Describe(find)) else {
            panic!("another reply")
        };
        assert_eq!(next, None);
        machines.into_iter().map(|machine| machine.id).collect()
    }

    fn run_many(&mut self, request: RunInstances) -> Vec<String> {
        let request = RunInstances { image: Some("ami-1".into()), ..request };
        let Reply::Ran(ran) = self.ec2(Command::Run(request)) else { panic!("another reply") };
        ran.into_iter().map(|machine| machine.id).collect()
    }

    fn code(&mut self, command: Command) -> String {
        self.try_ec2(command).expect_err("a refusal").code
    }
}

#[test]
fn every_filter_finds_the_one_it_means() {
    let mut bed = Bed::new();
    bed.group(1);
    bed.pass(A_WHILE);
    let member = bed.only();
    let special = RunInstances {
        min: 1,
        max: 1,
        kind: Some("m5.large".into()),
        key: Some("mine".into()),
        zone: Some("us-east-1b".into()),
        subnet: Some("subnet-1".into()),
        client_token: Some("once".into()),
        spot: true,
        tags: [("colour".to_owned(), "red".to_owned())].into(),
        ..RunInstances::default()
    };
    let loose = bed.run_many(special)[0].clone();
    let address = bed.world.machine(&loose).expect("a machine").metadata.address.to_string();
    let dns = format!("ip-{}.ec2.internal", address.replace('.', "-"));
    let reservation = loose.replacen("i-", "r-", 1);
    for (name, value) in [
        ("instance-id", loose.as_str()),
        ("instance-state-name", "pending"),
        ("instance-state-code", "0"),
        ("instance-type", "m5.*"),
        ("key-name", "mine"),
        ("availability-zone", "us-east-1b"),
        ("subnet-id", "subnet-1"),
        ("client-token", "once"),
        ("instance-lifecycle", "spot"),
        ("image-id", "ami-1"),
        ("private-dns-name", &dns),
        ("private-ip-address", &address),
        ("network-interface.addresses.private-ip-address", &address),
        ("reservation-id", &reservation),
        ("tag:colour", "r?d"),
        ("tag-key", "colour"),
        ("tag-value", "red"),
    ] {
        assert_eq!(bed.find(vec![filter(name, &[value])]), std::slice::from_ref(&loose), "{name}");
        assert!(bed.find(vec![filter(name, &["another"])]).is_empty(), "{name}");
    }
    for (name, value) in [
        ("vpc-id", "vpc-*"),
        ("owner-id", "000000000000"),
        ("architecture", "x86_64"),
        ("hypervisor", "xen"),
        ("tenancy", "default"),
        ("instance.group-name", "default"),
    ] {
        assert_eq!(bed.find(vec![filter(name, &[value])]).len(), 2, "{name}");
    }
    assert_eq!(
        bed.find(vec![filter("tag:aws:autoscaling:groupName", &["g"])]),
        std::slice::from_ref(&member)
    );
    assert_eq!(bed.find(vec![filter("instance-state-name", &["pending", "running"])]).len(), 2);
    let both = vec![filter("instance-state-name", &["running"]), filter("instance-type", &["m5.large"])];
    assert!(bed.find(both).is_empty(), "all filters have to let it through");
    bed.pass(BOOT);
    bed.ec2(Command::Stop { ids: vec![loose.clone()], hibernate: false });
    bed.pass(STOP);
    assert_eq!(
        bed.find(vec![filter("state-reason-code", &["Client.UserInitiatedShutdown"])]),
        std::slice::from_ref(&loose)
    );
    assert_eq!(bed.find(vec![filter("reason", &["User initiated (*)"])]), [loose]);
    let unknown = Find { filters: vec![filter("shoe-size", &["42"])], ..Find::default() };
    assert_eq!(bed.code(Command::Describe(unknown)), "InvalidParameterValue");
}

#[test]
fn a_terminated_machine_has_no_network_to_be_found_by() {
    let mut bed = Bed::new();
    let id = bed.run_one();
    assert_eq!(bed.find(vec![filter("vpc-id", &["vpc-*"])]), std::slice::from_ref(&id));
    bed.terminate(&id);
    bed.pass(STOP);
    assert!(bed.find(vec![filter("vpc-id", &["vpc-*"])]).is_empty());
    assert_eq!(bed.find(vec![filter("instance-state-name", &["terminated"])]), [id]);
}

#[test]
fn pages_are_cut_by_id_and_every_machine_is_on_one() {
    let mut bed = Bed::new();
    let mut all = bed.run_many(RunInstances { min: 12, max: 12, ..RunInstances::default() });
    all.sort();
    let mut seen = Vec::new();
    let mut token = None;
    for expected in [5, 5, 2] {
        let page = Page { max: Some(5), token: token.take() };
        let Reply::Machines { machines, next } = bed.ec2(Command::Describe(Find { page, ..Find::default() }))
        else {
            panic!("another reply")
        };
        assert_eq!(machines.len(), expected);
        seen.extend(machines.into_iter().map(|machine| machine.id));
        token = next;
    }
    assert_eq!((seen, token), (all.clone(), None));
    for (page, code) in [
        (Page { max: Some(4), token: None }, "InvalidParameterValue"),
        (Page { max: None, token: Some("guess".into()) }, "InvalidNextToken"),
    ] {
        assert_eq!(bed.code(Command::Describe(Find { page, ..Find::default() })), code);
    }
    let page = Page { max: Some(5), token: None };
    let both = Find { ids: vec![all[0].clone()], page, ..Find::default() };
    assert_eq!(bed.code(Command::Describe(both)), "InvalidParameterCombination");
}

#[test]
fn ids_that_are_none_and_ids_of_no_machine_are_told_apart() {
    let mut bed = Bed::new();
    let there = bed.run_one();
    let (one, two) = ("i-00000000000000001", "i-00000002");
    for (ids, code, message) in [
        (
            vec!["server"],
            "InvalidInstanceID.Malformed",
            "Invalid id: \"server\" (expecting \"i-...\")".to_owned(),
        ),
        (vec!["i-1"], "InvalidInstanceID.Malformed", "Invalid id: \"i-1\"".to_owned()),
        (vec![one, "i-x"], "InvalidInstanceID.Malformed", "Invalid id: \"i-x\"".to_owned()),
        (vec![&there, one], "InvalidInstanceID.NotFound", format!("The instance ID '{one}' does not exist")),
        (
            vec![one, two],
            "InvalidInstanceID.NotFound",
            format!("The instance IDs '{one}, {two}' do not exist"),
        ),
    ] {
        let ids: Vec<_> = ids.into_iter().map(str::to_owned).collect();
        for command in [
            Command::Describe(Find { ids: ids.clone(), ..Find::default() }),
            Command::Terminate { ids: ids.clone() },
            Command::CreateTags { ids: ids.clone(), tags: [("k".to_owned(), "v".to_owned())].into() },
        ] {
            let error = bed.try_ec2(command).expect_err("a refusal");
            assert_eq!((error.code.as_str(), &error.message), (code, &message));
        }
    }
}

#[test]
fn status_is_told_of_the_running_unless_all_are_asked_for() {
    let mut bed = Bed::new();
    let (stopped, running) = (bed.run_one(), bed.run_one());
    bed.pass(BOOT);
    bed.ec2(Command::Stop { ids: vec![stopped.clone()], hibernate: false });
    bed.pass(STOP);
    for (all, expected) in [(false, 1), (true, 2)] {
        let command = Command::Status { find: Find::default(), all };
        let Reply::Statuses { machines, .. } = bed.ec2(command) else { panic!("another reply") };
        assert_eq!(machines.len(), expected);
        let shown = machines.iter().find(|machine| machine.id == running).expect("the running one");
        assert!(shown.initializing);
    }
    bed.pass(BOOT);
    let Reply::Statuses { machines, .. } = bed.ec2(Command::Status { find: Find::default(), all: false })
    else {
        panic!("another reply")
    };
    assert!(!machines[0].initializing);
    bed.ec2(Command::Reboot { ids: vec![running] });
    let Reply::Statuses { machines, .. } = bed.ec2(Command::Status { find: Find::default(), all: false })
    else {
        panic!("another reply")
    };
    assert!(machines[0].initializing);
}

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
