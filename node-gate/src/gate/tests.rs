//! Every row of the decision table in both modes, then what has to hold for all observations.

use lifecycle::{LifecycleState, Target};
use proptest::prelude::*;

use super::*;

const GRACE: Duration = Duration::from_secs(60);
const TARGETS: [&str; 9] = [
    "InService",
    "Standby",
    "Detached",
    "Terminated",
    "Warmed:Stopped",
    "Warmed:Running",
    "Warmed:Hibernated",
    "Warmed:Terminated",
    "Warmed:Dreaming",
];

fn policy(until: Until) -> Policy {
    Policy { until, on_unknown: OnUnknown::Open, groups: Vec::new(), grace: GRACE }
}

impl Policy {
    fn group(mut self, name: &str) -> Self {
        self.groups.push(name.into());
        self
    }

    fn or_hold(mut self) -> Self {
        self.on_unknown = OnUnknown::Hold;
        self
    }
}

fn saw(imds: Imds) -> Observation {
    Observation { imds, identified: true, tag: None, unsettled_for: Duration::ZERO, api: None }
}

fn target(text: &str) -> Observation {
    saw(Imds::Target(text.into()))
}

/// IMDS knows no target state, and the grace time is over.
fn no_target() -> Observation {
    saw(Imds::NoTarget).after(GRACE)
}

impl Observation {
    fn after(mut self, unsettled_for: Duration) -> Self {
        self.unsettled_for = unsettled_for;
        self
    }

    fn tagged(mut self, group: &str) -> Self {
        self.tag = Some(group.into());
        self
    }

    fn heard(self, answer: Answer) -> Self {
        self.heard_often(answer, 1)
    }

    fn heard_often(mut self, answer: Answer, in_a_row: u32) -> Self {
        self.api = Some(Api { answer, in_a_row });
        self
    }
}

fn listed(group: &str, state: &str) -> Answer {
    Answer::Listed { group: group.into(), state: state.into() }
}

fn denied() -> Answer {
    Answer::NoAccess("AccessDenied".into())
}

fn throttled() -> Answer {
    Answer::Failing("Throttling".into())
}

/// The step in three letters, for tables.
fn step(seen: &Observation, policy: &Policy) -> &'static str {
    match decide(seen, policy) {
        Step::Hold(_) => "hold",
        Step::Ask(_) => "ask",
        Step::Open(_) => "open",
    }
}

fn code(seen: &Observation, policy: &Policy) -> &'static str {
    match decide(seen, policy) {
        Step::Hold(hold) | Step::Ask(hold) => hold.code(),
        Step::Open(open) => open.code(),
    }
}

#[test]
fn each_target_has_its_step() {
    let table = [
        // target, --until=target, --until=in-service, --group
        ("Warmed:Stopped", "hold", "hold", "hold"),
        ("Warmed:Running", "hold", "hold", "hold"),
        ("Warmed:Hibernated", "hold", "hold", "hold"),
        ("Warmed:Terminated", "hold", "hold", "hold"),
        ("Warmed:Dreaming", "hold", "hold", "hold"),
        ("Terminated", "hold", "hold", "hold"),
        ("InService", "open", "ask", "ask"),
        ("Standby", "open", "open", "hold"),
        ("Detached", "open", "open", "hold"),
        ("SomethingNew", "hold", "hold", "hold"),
    ];
    for (text, by_target, by_api, in_group) in table {
        assert_eq!(step(&target(text), &policy(Until::Target)), by_target, "{text}");
        assert_eq!(step(&target(text), &policy(Until::InService)), by_api, "{text}, in-service");
        assert_eq!(step(&target(text), &policy(Until::Target).group("blue")), in_group, "{text}, group");
        assert_eq!(step(&target(text), &policy(Until::InService).group("blue")), in_group, "{text}, both");
    }
}

#[test]
fn imds_out_of_order_holds_whatever_else_is_known() {
    let seen = saw(Imds::Failing("HTTP 500".into()))
        .after(GRACE * 100)
        .tagged("blue")
        .heard(listed("blue", "InService"));
    for until in [Until::Target, Until::InService] {
        assert_eq!(step(&seen, &policy(until)), "hold");
        assert_eq!(code(&seen, &policy(until)), "imds-failing");
    }
}

#[test]
fn strict_mode_opens_on_the_api_s_in_service_alone() {
    let strict = policy(Until::InService);
    for state in LifecycleState::all().chain([LifecycleState::from("Fresh:New")]) {
        let seen = target("InService").heard(listed("blue", state.as_str()));
        let wanted = if state == LifecycleState::InService { "open" } else { "ask" };
        assert_eq!(step(&seen, &strict), wanted, "{state}");
    }
    for answer in [Answer::Unlisted, denied(), throttled()] {
        let seen = target("InService").tagged("blue").heard_often(answer, 1000).after(GRACE * 100);
        assert_eq!(step(&seen, &strict), "ask", "{seen:?}");
    }
}

#[test]
fn strict_mode_with_a_group_wants_the_api_to_name_it() {
    let strict = policy(Until::InService).group("blue");
    assert_eq!(step(&target("InService").heard(listed("blue", "InService")), &strict), "open");
    assert_eq!(step(&target("InService").heard(listed("green", "InService")), &strict), "ask");
    assert_eq!(code(&target("InService").heard(listed("green", "InService")), &strict), "other-group");
    assert_eq!(step(&target("InService").tagged("blue"), &strict), "ask");
}

#[test]
fn with_a_group_the_tag_or_the_api_must_show_the_membership() {
    let grouped = policy(Until::Target).group("blue").group("cyan");
    let table = [
        (target("InService").tagged("blue"), "open"),
        (target("InService").tagged("cyan"), "open"),
        (target("InService").tagged("green"), "hold"),
        (target("InService").heard(listed("cyan", "Pending:Wait")), "open"),
        (target("InService").heard(listed("green", "InService")), "ask"),
        (target("InService").heard_often(Answer::Unlisted, 1000), "ask"),
        (target("InService").heard_often(denied(), 1000), "ask"),
        (target("InService").heard_often(throttled(), 1000), "ask"),
    ];
    for (seen, wanted) in table {
        assert_eq!(step(&seen, &grouped), wanted, "{seen:?}");
    }
}

#[test]
fn without_a_target_the_grace_time_passes_before_anybody_is_asked() {
    let almost = GRACE.checked_sub(Duration::from_nanos(1)).unwrap();
    for until in [Until::Target, Until::InService] {
        for imds in [Imds::NoTarget, Imds::Target("SomethingNew".into())] {
            let heard = |seen: Observation| seen.heard_often(listed("blue", "InService"), SEVERAL);
            assert_eq!(step(&saw(imds.clone()).after(almost), &policy(until)), "hold");
            assert_eq!(step(&heard(saw(imds.clone()).after(almost)), &policy(until)), "hold");
            assert_eq!(step(&saw(imds.clone()).after(GRACE), &policy(until)), "ask");
            assert_eq!(step(&heard(saw(imds)).after(GRACE), &policy(until)), "open");
        }
    }
}

#[test]
fn a_404_from_an_imds_that_does_not_know_the_instance_says_nothing() {
    for imds in [Imds::NoTarget, Imds::Target("SomethingNew".into())] {
        let mut seen = saw(imds).after(GRACE * 100).heard_often(Answer::Unlisted, 1000);
        seen.identified = false;
        assert_eq!(step(&seen, &policy(Until::Target)), "hold");
    }
}

#[test]
fn without_a_target_the_api_s_state_decides() {
    let opening = [
        "InService",
        "Standby",
        "EnteringStandby",
        "Detaching",
        "Detached",
        "ReplacingRootVolume",
        "ReplacingRootVolume:Wait",
        "ReplacingRootVolume:Proceed",
        "RootVolumeReplaced",
    ];
    let out_of_group = ["Standby", "EnteringStandby", "Detaching", "Detached"];
    for state in LifecycleState::all().chain([LifecycleState::from("Warmed:New"), "New".into()]) {
        let text = state.as_str();
        let seen = no_target().heard(listed("blue", text));
        for until in [Until::Target, Until::InService] {
            let opens = opening.contains(&text);
            assert_eq!(step(&seen, &policy(until)), if opens { "open" } else { "ask" }, "{text}");
            let opens = opens && !out_of_group.contains(&text);
            let grouped = policy(until).group("blue");
            assert_eq!(step(&seen, &grouped), if opens { "open" } else { "ask" }, "{text}, group");
            assert_eq!(step(&seen, &policy(until).group("green")), "ask", "{text}, other group");
        }
    }
}

#[test]
fn without_a_target_and_without_a_group_it_opens_after_several_answers() {
    let unlisted = |times| no_target().heard_often(Answer::Unlisted, times);
    for until in [Until::Target, Until::InService] {
        let any = policy(until).or_hold();
        assert_eq!(step(&unlisted(SEVERAL - 1), &any), "ask");
        assert_eq!(step(&unlisted(SEVERAL), &any), "open");
        assert_eq!(code(&unlisted(SEVERAL), &any), "no-group");
        assert_eq!(step(&unlisted(1000).tagged("blue"), &any), "ask", "a tag says otherwise");
        assert_eq!(step(&unlisted(1000), &policy(until).group("blue")), "ask", "a group is wanted");
    }
}

#[test]
fn not_knowing_is_decided_by_on_unknown() {
    let blind = |times| no_target().heard_often(denied(), times);
    for until in [Until::Target, Until::InService] {
        let open = policy(until);
        assert_eq!(step(&blind(SEVERAL - 1), &open), "ask");
        assert_eq!(step(&blind(SEVERAL), &open), "open");
        assert_eq!(code(&blind(SEVERAL), &open), "unknown");
        assert_eq!(step(&blind(1000), &open.clone().or_hold()), "ask");
        assert_eq!(step(&blind(1000), &open.clone().group("blue")), "ask", "a group is wanted");
        assert_eq!(step(&blind(1000).tagged("blue"), &open), "ask", "a tag names a group");
        assert_eq!(code(&blind(1000).tagged("blue"), &open), "tag-only");
        assert_eq!(step(&blind(1000).tagged("blue"), &open.group("blue")), "ask");
        let throttled = no_target().heard_often(throttled(), 1000);
        assert_eq!(step(&throttled, &policy(until)), "ask", "an API that answers may be read later");
    }
}

#[test]
fn an_instance_of_another_group_holds_without_a_call() {
    for until in [Until::Target, Until::InService] {
        let seen = no_target().tagged("green");
        assert_eq!(step(&seen, &policy(until).group("blue")), "hold");
        assert_eq!(code(&seen, &policy(until).group("blue")), "other-group");
    }
}

fn any_state() -> impl Strategy<Value = LifecycleState> {
    prop_oneof![
        proptest::sample::select(LifecycleState::all().collect::<Vec<_>>()),
        "(Warmed:)?[A-Z][a-z]{2,8}".prop_map(|text| LifecycleState::from(text.as_str())),
    ]
}

fn any_imds() -> impl Strategy<Value = Imds> {
    prop_oneof![
        3 => proptest::sample::select(&TARGETS[..]).prop_map(|text| Imds::Target(text.into())),
        1 => "[A-Z][a-z]{2,8}".prop_map(|text| Imds::Target(text.as_str().into())),
        2 => Just(Imds::NoTarget),
        1 => "[a-z ]{1,8}".prop_map(Imds::Failing),
    ]
}

fn any_group() -> impl Strategy<Value = String> {
    proptest::sample::select(&["blue", "green"][..]).prop_map(str::to_owned)
}

fn any_api() -> impl Strategy<Value = Api> {
    let answer = prop_oneof![
        (any_group(), any_state()).prop_map(|(group, state)| Answer::Listed { group, state }),
        Just(Answer::Unlisted),
        Just(denied()),
        Just(throttled()),
    ];
    (answer, 1..6_u32).prop_map(|(answer, in_a_row)| Api { answer, in_a_row })
}

prop_compose! {
    fn any_observation()(
        imds in any_imds(),
        identified: bool,
        tag in proptest::option::of(any_group()),
        seconds in 0..120_u64,
        api in proptest::option::of(any_api()),
    ) -> Observation {
        Observation { imds, identified, tag, unsettled_for: Duration::from_secs(seconds), api }
    }
}

prop_compose! {
    fn any_policy()(
        strict: bool,
        hold: bool,
        groups in proptest::sample::subsequence(vec!["blue".to_owned(), "cyan".to_owned()], 0..=2),
    ) -> Policy {
        Policy {
            until: if strict { Until::InService } else { Until::Target },
            on_unknown: if hold { OnUnknown::Hold } else { OnUnknown::Open },
            groups,
            grace: GRACE,
        }
    }
}

/// What the documentation promises about opening, said a second time and in another way.
fn may_open(seen: &Observation, policy: &Policy) -> bool {
    let api = seen.api.as_ref();
    let api_state = api.and_then(|api| match &api.answer {
        Answer::Listed { state, .. } => Some(state.as_str()),
        Answer::Unlisted | Answer::NoAccess(_) | Answer::Failing(_) => None,
    });
    let api_group = api.and_then(|api| match &api.answer {
        Answer::Listed { group, .. } => Some(group),
        Answer::Unlisted | Answer::NoAccess(_) | Answer::Failing(_) => None,
    });
    let member = policy.groups.is_empty()
        || [seen.tag.as_ref(), api_group].into_iter().flatten().any(|group| policy.groups.contains(group));
    let free = policy.groups.is_empty();
    let several = api.is_some_and(|api| api.in_a_row >= SEVERAL);
    match &seen.imds {
        Imds::Target(Target::InService) => {
            member && (policy.until == Until::Target || api_state == Some("InService"))
        }
        Imds::Target(Target::Standby | Target::Detached) => free,
        Imds::Target(Target::Unknown(text)) if text.starts_with("Warmed:") => false,
        Imds::NoTarget | Imds::Target(Target::Unknown(_)) => {
            let serves = api_state.is_some_and(|state| {
                ["InService", "Standby", "EnteringStandby", "Detach", "ReplacingRoot", "RootVolumeReplaced"]
                    .iter()
                    .any(|known| state.starts_with(known))
            });
            let unreadable = match api.map(|api| &api.answer) {
                Some(Answer::Unlisted) => true,
                Some(Answer::NoAccess(_)) => policy.on_unknown == OnUnknown::Open,
                Some(Answer::Listed { .. } | Answer::Failing(_)) | None => false,
            };
            let nowhere = free && seen.tag.is_none() && several && unreadable;
            seen.identified && seen.unsettled_for >= GRACE && (serves && member || nowhere)
        }
        Imds::Failing(_)
        | Imds::Target(
            Target::Terminated
            | Target::WarmedStopped
            | Target::WarmedRunning
            | Target::WarmedHibernated
            | Target::WarmedTerminated,
        ) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn it_opens_for_documented_reasons_only(seen in any_observation(), policy in any_policy()) {
        if matches!(decide(&seen, &policy), Step::Open(_)) {
            prop_assert!(may_open(&seen, &policy));
        }
    }

    #[test]
    fn imds_failing_never_opens_and_never_asks(mut seen in any_observation(), policy in any_policy()) {
        seen.imds = Imds::Failing("timeout".into());
        prop_assert_eq!(step(&seen, &policy), "hold");
    }

    #[test]
    fn a_warm_or_dying_instance_holds_and_never_asks(
        mut seen in any_observation(),
        policy in any_policy(),
        text in proptest::sample::select(&TARGETS[3..]),
    ) {
        seen.imds = Imds::Target(text.into());
        prop_assert_eq!(step(&seen, &policy), "hold");
    }

    #[test]
    fn target_mode_never_asks_about_an_instance_with_a_known_target(
        mut seen in any_observation(),
        mut policy in any_policy(),
        text in proptest::sample::select(&TARGETS[..]),
    ) {
        seen.imds = Imds::Target(text.into());
        policy.until = Until::Target;
        policy.groups.clear();
        prop_assert_ne!(step(&seen, &policy), "ask");
    }

    #[test]
    fn a_failing_api_never_opens_what_its_silence_would_not(mut seen in any_observation(), policy in any_policy()) {
        seen.api = Some(Api { answer: throttled(), in_a_row: 1000 });
        let failing = step(&seen, &policy);
        seen.api = None;
        prop_assert_eq!(failing == "open", step(&seen, &policy) == "open");
    }

    #[test]
    fn strictness_never_opens_earlier(seen in any_observation(), mut policy in any_policy()) {
        // Where tag and API name different groups, strict mode takes the API's word and target mode asks nobody.
        let listed_in = match &seen.api {
            Some(Api { answer: Answer::Listed { group, .. }, .. }) => Some(group),
            Some(_) | None => None,
        };
        prop_assume!(seen.tag.is_none() || listed_in.is_none() || seen.tag.as_ref() == listed_in);
        policy.until = Until::InService;
        if step(&seen, &policy) == "open" {
            policy.until = Until::Target;
            prop_assert_eq!(step(&seen, &policy), "open");
        }
    }

    #[test]
    fn holding_on_unknown_never_opens_earlier(seen in any_observation(), mut policy in any_policy()) {
        policy.on_unknown = OnUnknown::Hold;
        if step(&seen, &policy) == "open" {
            policy.on_unknown = OnUnknown::Open;
            prop_assert_eq!(step(&seen, &policy), "open");
        }
    }

    #[test]
    fn waiting_longer_never_closes(mut seen in any_observation(), policy in any_policy()) {
        if step(&seen, &policy) == "open" {
            seen.unsettled_for += Duration::from_secs(3600);
            prop_assert_eq!(step(&seen, &policy), "open");
        }
    }

    #[test]
    fn deciding_twice_gives_the_same(seen in any_observation(), policy in any_policy()) {
        prop_assert_eq!(decide(&seen, &policy), decide(&seen.clone(), &policy.clone()));
    }
}
