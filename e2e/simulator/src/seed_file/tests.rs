//! What a seed file may say, and how it is told what it may not.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::options::Options;
use crate::world::{Command, DescribeGroups, Process, Reply};

/// A simulator's inside that was made from this.
fn sown(text: &str) -> anyhow::Result<std::sync::Arc<Shared>> {
    let shared = Shared::new(&Options::default(), String::new());
    let mut inner = shared.lock();
    SeedFile::parse(text)?.plant(&mut inner, shared.now())?;
    drop(inner);
    Ok(shared)
}

#[test]
fn a_word_that_it_does_not_know_is_named_with_its_line() {
    for (text, at, what) in [
        (
            "{\n \"groups\": [{\"name\": \"g\",\n \"min\": 0, \"max\": 1, \"desird\": 1}]}",
            "line 3",
            "`desird`",
        ),
        ("{\n \"group\": []}", "line 2", "`group`"),
        ("{\"groups\": [\n{\"name\": \"g\", \"min\": \"0\", \"max\": 1}]}", "line 2", "\"min\": \"0\""),
        ("{\"groups\": [{\"name\": \"g\", \"min\": 0}]}", "line 1", "`max`"),
        ("{\"routes\": [{\"queue\": \"q\", \"envelope\": \"event-bridge\"}]}", "line 1", "`event-bridge`"),
        ("{\n\n\"rules\": [{\"queue\": \"q\", \"kinds\": []}]}", "line 3", "`kinds`"),
    ] {
        let error = SeedFile::parse(text).expect_err(text).to_string();
        assert!(error.contains(at) && error.contains(what), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn what_cannot_be_made_is_refused_in_one_line_that_names_the_place() {
    let group = |more: &str| format!(r#"{{"groups": [{{"name": "g", "min": 0, "max": 1{more}}}]}}"#);
    for (text, expected) in [
        (r#"{"queues": [{"name": "a b"}]}"#.to_owned(), "queue a b: "),
        (r#"{"queues": [{"name": "q", "attributes": {"Colour": "red"}}]}"#.to_owned(), "queue q: "),
        (
            r#"{"routes": [{"queue": "no", "envelope": "sns"}]}"#.to_owned(),
            "route to no: there is no such queue in the file",
        ),
        (r#"{"rules": [{"queue": "no"}]}"#.to_owned(), "rule for no: there is no such queue in the file"),
        (
            r#"{"queues": [{"name": "q"}], "rules": [{"queue": "q", "detail_types": ["Rain"]}]}"#.to_owned(),
            "rule for q: \"Rain\" is none of \"EC2 Instance-launch Lifecycle Action\", ",
        ),
        (
            r#"{"subscriptions": [{"queue": "no", "topic": "arn:aws:sns:t"}]}"#.to_owned(),
            "subscription of no: there is no such queue in the file",
        ),
        (
            r#"{"event_faults": [{"trouble": "lost"}, {"trouble": "late"}]}"#.to_owned(),
            "event_faults[1]: `milliseconds` is missing: ",
        ),
        (
            r#"{"faults": [{"fault": "rain"}]}"#.to_owned(),
            "faults[0]: `fault` is \"rain\": it must be one of ",
        ),
        (
            r#"{"faults": [{"fault": "deny", "colour": 1}]}"#.to_owned(),
            "faults[0]: `colour` is unknown here: ",
        ),
        (group(r#", "desired": 2"#), "group g: Desired capacity:2 must be between "),
        (group(r#", "warm_pool": {"min": 6000}"#), "group g, warm_pool: Min size 6000 is above 5000"),
        (
            group(r#", "hooks": [{"name": "h", "on": "launching", "queue": "q", "topic": "t"}]"#),
            "group g: hook h: it tells either a `queue` or a `topic`",
        ),
        (
            group(r#", "hooks": [{"name": "h", "on": "launching", "heartbeat_timeout_seconds": 5}]"#),
            "group g: ",
        ),
        (group(r#", "machines": {"role": "a b"}"#), "group g: machines: \"a b\" is no name of a role"),
        (group(r#", "launch_template": {"version": "1"}"#), "group g: launch_template: it has either "),
        (
            group(r#", "suspended_processes": ["Lunch"]"#),
            "group g: suspended_processes: \"Lunch\" is none of AZRebalance, ",
        ),
        (
            group(r#", "notifications": [{"topic": "t", "types": ["x"]}]"#),
            "group g: notifications to t: \"x\" is none of autoscaling:EC2_INSTANCE_LAUNCH, ",
        ),
    ] {
        let Err(error) = sown(&text) else { panic!("{text} was taken") };
        let line = format!("{error:#}");
        assert!(line.starts_with(expected), "{text}: {line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
}

#[test]
fn the_example_uses_every_key_and_makes_what_it_says() {
    let text = include_str!("../../../../docs/aws-simulator-seed.json");
    let keys: BTreeSet<_> = text.split('"').skip(1).step_by(2).collect();
    let page = include_str!("../../../../docs/aws-simulator.md");
    for key in [
        "queues",
        "subscriptions",
        "routes",
        "rules",
        "event_faults",
        "groups",
        "faults",
        "detail_types",
        "launch_template",
        "tags",
        "group_tags",
        "protect_new_instances",
        "retain_abandoned",
        "hooks",
        "warm_pool",
        "machines",
        "notifications",
        "suspended_processes",
        "subnets",
        "zones",
    ] {
        assert!(keys.contains(key), "{key} is not in the example");
        assert!(page.contains(&format!("`{key}`")), "{key} is not in the page");
    }
    let shared = sown(text).expect("the example is in order");
    let mut inner = shared.lock();
    let now = shared.now();
    assert_eq!(inner.faults.all().len(), 1);
    let web: Vec<_> = inner.world.machines().collect();
    assert!(!web.is_empty() && web.iter().all(|machine| machine.tags.contains_key("team")), "{web:?}");
    assert!(web.iter().all(|machine| !machine.tags.contains_key("cost-centre")));
    let later = now + Duration::from_mins(1);
    inner.world.advance(later);
    for queue in ["hooks", "events", "notices"] {
        assert!(
            inner.world.count_queue(later, queue).is_some_and(|counts| counts.visible > 0),
            "{queue} is told"
        );
    }
    let group = DescribeGroups::default();
    let Ok(Reply::Groups { groups, .. }) = inner.world.handle(later, Command::DescribeGroups(group)) else {
        panic!("no groups")
    };
    let group = &groups[0];
    assert!(group.life.suspended.contains_key(&Process::AzRebalance) && group.pool.is_some());
    assert_eq!(group.subnets.as_deref(), Some("subnet-1,subnet-2"));
    assert_eq!(group.launch_template.as_ref().and_then(|from| from.name.as_deref()), Some("web"));
}

/// Unlike at the API, where each group has to say so.
#[test]
fn a_group_need_not_say_where_and_from_what_it_launches() {
    let shared = sown(r#"{"groups": [{"name": "g", "min": 3, "max": 3}]}"#).expect("a seed");
    let inner = shared.lock();
    let zones: BTreeSet<_> = inner.world.machines().map(|machine| machine.view.zone).collect();
    assert_eq!(zones.len(), 3);
    assert!(inner.world.machines().all(|machine| machine.view.launch_template.is_none()));
}
