use super::*;

const START: SystemTime = SystemTime::UNIX_EPOCH;

fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The refusal of one call.
fn refusal(rules: &mut Rules, operation: &str, pairs: &[(&str, &str)], at: SystemTime) -> Option<Refusal> {
    let params = params(pairs);
    let asked = Asked { service: Service::AutoScaling, operation, caller: "ours", params: &params };
    rules.plan(&asked, at, &mut fastrand::Rng::with_seed(1)).refusal
}

fn denying(operation: &str, only: Only) -> Rules {
    let mut rules = Rules::default();
    rules.add(operation, Fault::Deny, only, START);
    rules
}

#[test]
fn a_bucket_gives_what_it_holds_and_then_what_flows_in() {
    let mut bucket = Bucket::full(3, 2.0, START);
    let at = |millis| START + Duration::from_millis(millis);
    let taken = [0, 0, 0, 0, 400, 500, 900, 1000, 1000].map(|millis| bucket.take(at(millis)));
    assert_eq!(taken, [true, true, true, false, false, true, false, true, false]);
    // It never holds more than its capacity, and time that goes back brings nothing.
    let taken = [60_000, 60_000, 60_000, 60_000, 0].map(|millis| bucket.take(at(millis)));
    assert_eq!(taken, [true, true, true, false, false]);
}

#[test]
fn a_bucket_is_shared_by_all_operations_of_auto_scaling_and_by_no_other_service() {
    let mut rules = Rules::default();
    rules.add("*", Fault::TokenBucket { capacity: 2, refill_per_second: 1.0 }, Only::default(), START);
    let none = BTreeMap::new();
    for _ in 0..5 {
        let asked = Asked { service: Service::Sqs, operation: "SendMessage", caller: "", params: &none };
        assert_eq!(rules.plan(&asked, START, &mut fastrand::Rng::with_seed(1)).refusal, None);
    }
    assert_eq!(refusal(&mut rules, "DescribeWarmPool", &[], START), None);
    assert_eq!(refusal(&mut rules, "SetDesiredCapacity", &[], START), None);
    assert_eq!(refusal(&mut rules, "DescribeWarmPool", &[], START), Some(Refusal::Throttled));
    let later = START + Duration::from_secs(1);
    assert_eq!(refusal(&mut rules, "DescribeWarmPool", &[], later), None);
    assert_eq!(rules.all()[0].applied, 1);
}

#[test]
fn an_operation_may_be_named_with_its_service() {
    for (name, hits) in [
        ("*", true),
        ("autoscaling:*", true),
        ("autoscaling:DescribeTags", true),
        ("DescribeTags", true),
        ("sqs:*", false),
        ("ec2:DescribeTags", false),
        ("DescribeTag", false),
        ("", false),
    ] {
        let refused = refusal(&mut denying(name, Only::default()), "DescribeTags", &[], START);
        assert_eq!(refused.is_some(), hits, "{name}");
    }
}

#[test]
fn a_limited_fault_hits_what_it_names_and_nothing_else() {
    let text = |text: &str| Some(text.to_owned());
    for (only, pairs, hits) in [
        (Only { caller: text("ours"), ..Only::default() }, &[][..], true),
        (Only { caller: text("theirs"), ..Only::default() }, &[], false),
        (Only { group: text("g"), ..Only::default() }, &[("AutoScalingGroupName", "g")], true),
        (Only { group: text("g"), ..Only::default() }, &[("AutoScalingGroupNames.member.2", "g")], true),
        (Only { group: text("g"), ..Only::default() }, &[("AutoScalingGroupName", "h")], false),
        (Only { group: text("g"), ..Only::default() }, &[], false),
        (Only { instance: text("i-1"), ..Only::default() }, &[("InstanceId", "i-1")], true),
        (Only { instance: text("i-1"), ..Only::default() }, &[("InstanceIds.member.9", "i-1")], true),
        (Only { instance: text("i-1"), ..Only::default() }, &[("InstanceId.2", "i-1")], true),
        (Only { instance: text("i-1"), ..Only::default() }, &[("AutoScalingGroupName", "i-1")], false),
        (Only { share: Some(0.0), ..Only::default() }, &[], false),
        (Only { share: Some(1.0), ..Only::default() }, &[], true),
        (Only { times: Some(0), ..Only::default() }, &[], false),
    ] {
        let refused = refusal(&mut denying("*", only.clone()), "DescribeWarmPool", pairs, START);
        assert_eq!(refused.is_some(), hits, "{only:?} {pairs:?}");
    }
}

#[test]
fn a_fault_that_is_spent_is_over_and_still_listed() {
    let mut rules = denying("*", Only { times: Some(2), ..Only::default() });
    let refused: Vec<_> =
        (0..4).map(|_| refusal(&mut rules, "DescribeWarmPool", &[], START).is_some()).collect();
    assert_eq!(refused, [true, true, false, false]);
    assert_eq!(rules.all()[0].applied, 2);
}

#[test]
fn of_two_refusals_the_first_counts_and_the_second_is_not_spent() {
    let mut rules = denying("*", Only { times: Some(1), ..Only::default() });
    let fail = Fault::Fail { status: 500, code: "X".into() };
    rules.add("*", fail, Only { times: Some(1), ..Only::default() }, START);
    assert_eq!(refusal(&mut rules, "A", &[], START), Some(Refusal::Denied));
    assert!(matches!(refusal(&mut rules, "A", &[], START), Some(Refusal::Failed { .. })));
    assert_eq!(refusal(&mut rules, "A", &[], START), None);
}

#[test]
fn faults_of_visibility_touch_only_calls_that_describe() {
    let mut rules = Rules::default();
    let second = Duration::from_secs(1);
    for fault in
        [Fault::Stale(second), Fault::UnlistedAfterLaunch(second), Fault::UnlistedWhileMoving(second)]
    {
        rules.add("*", fault, Only { group: Some("g".into()), ..Only::default() }, START);
    }
    let mut view = |operation: &str, pairs: &[(&str, &str)]| {
        let params = params(pairs);
        let asked = Asked { service: Service::AutoScaling, operation, caller: "", params: &params };
        let view = rules.plan(&asked, START, &mut fastrand::Rng::with_seed(1)).view;
        (view.age == second, view.new.len(), view.moving.len())
    };
    let g = &[("AutoScalingGroupName", "g")][..];
    assert_eq!(view("SetDesiredCapacity", g), (false, 0, 0));
    assert_eq!(view("DescribeWarmPool", g), (true, 1, 1));
    // The group limits which calls are stale, but which instances are hidden.
    assert_eq!(view("DescribeAutoScalingGroups", &[]), (false, 1, 1));
    assert_eq!(view("DescribeAutoScalingInstances", &[]), (false, 1, 0));
}

#[test]
fn a_fault_that_is_taken_back_is_gone_and_the_others_stay() {
    let mut rules = denying("A", Only::default());
    let second = rules.add("B", Fault::Deny, Only::default(), START);
    assert!(rules.remove(second) && !rules.remove(second));
    assert!(refusal(&mut rules, "A", &[], START).is_some());
    assert!(refusal(&mut rules, "B", &[], START).is_none());
    rules.clear();
    assert!(refusal(&mut rules, "A", &[], START).is_none());
}
