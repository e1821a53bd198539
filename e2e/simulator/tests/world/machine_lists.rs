//! Finding machines: ids, filters, pages, and the refusals.

use aws_simulator::world::Page;
use aws_simulator::world::ec2::{Command, Find, Reply, RunInstances};

use crate::bed::{A_WHILE, BOOT, Bed, STOP};
use crate::machine_bed::filter;

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
