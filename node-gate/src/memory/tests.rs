use super::*;
use crate::gate::{OnUnknown, Policy, Step, Until, decide};

fn look(imds: Imds) -> Look {
    Look { imds, identified: true, tag: None }
}

fn target(text: &str) -> Look {
    look(Imds::Target(text.into()))
}

fn failing() -> Look {
    Look { imds: Imds::Failing("HTTP 500".into()), identified: false, tag: None }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn before_the_first_look_there_is_nothing_to_decide() {
    assert_eq!(Memory::default().observation(Instant::now()), None);
}

#[test]
fn the_grace_time_runs_from_the_first_404_and_through_failures() {
    let (mut memory, begin) = (Memory::default(), Instant::now());
    memory.saw(failing(), begin);
    memory.saw(look(Imds::NoTarget), begin + 5 * SECOND);
    memory.saw(failing(), begin + 6 * SECOND);
    memory.saw(target("SomethingNew"), begin + 7 * SECOND);
    memory.saw(look(Imds::NoTarget), begin + 8 * SECOND);
    assert_eq!(memory.observation(begin + 15 * SECOND).unwrap().unsettled_for, 10 * SECOND);
}

#[test]
fn a_known_target_ends_the_grace_time_and_the_next_404_begins_another() {
    let (mut memory, begin) = (Memory::default(), Instant::now());
    memory.saw(look(Imds::NoTarget), begin);
    memory.saw(target("Warmed:Stopped"), begin + 50 * SECOND);
    assert_eq!(memory.observation(begin + 70 * SECOND).unwrap().unsettled_for, Duration::ZERO);
    memory.saw(look(Imds::NoTarget), begin + 80 * SECOND);
    assert_eq!(memory.observation(begin + 90 * SECOND).unwrap().unsettled_for, 10 * SECOND);
}

#[test]
fn a_404_from_an_imds_that_does_not_know_the_instance_starts_no_clock() {
    let (mut memory, begin) = (Memory::default(), Instant::now());
    memory.saw(Look { imds: Imds::NoTarget, identified: false, tag: None }, begin);
    assert_eq!(memory.observation(begin + 90 * SECOND).unwrap().unsettled_for, Duration::ZERO);
}

#[test]
fn an_answer_counts_as_long_as_imds_says_the_same() {
    let (mut memory, now) = (Memory::default(), Instant::now());
    memory.saw(target("InService"), now);
    memory.heard(Answer::Unlisted);
    assert!(!memory.saw(target("InService"), now));
    assert!(memory.observation(now).unwrap().api.is_some());
    assert!(memory.saw(target("Warmed:Running"), now));
    assert!(memory.saw(target("InService"), now));
    assert_eq!(memory.observation(now).unwrap().api, None);
    memory.heard(Answer::Unlisted);
    assert!(memory.saw(failing(), now));
    assert_eq!(memory.observation(now).unwrap().api, None);
}

#[test]
fn a_tag_that_changes_is_another_situation() {
    let (mut memory, now) = (Memory::default(), Instant::now());
    memory.saw(target("InService"), now);
    memory.heard(Answer::Unlisted);
    assert!(memory.saw(Look { tag: Some("blue".into()), ..target("InService") }, now));
    assert_eq!(memory.observation(now).unwrap().api, None);
}

#[test]
fn answers_of_one_kind_are_counted_until_another_kind_comes() {
    let (mut memory, now) = (Memory::default(), Instant::now());
    memory.saw(look(Imds::NoTarget), now);
    let mut times = |answer| {
        memory.heard(answer);
        memory.observation(now).unwrap().api.unwrap().in_a_row
    };
    assert_eq!(times(Answer::NoAccess("AccessDenied".into())), 1);
    assert_eq!(times(Answer::NoAccess("no credentials".into())), 2);
    assert_eq!(times(Answer::Unlisted), 1);
    assert_eq!(times(Answer::Unlisted), 2);
}

#[test]
fn the_first_question_goes_at_once_and_the_next_ones_back_off() {
    let (mut memory, mut now) = (Memory::default(), Instant::now());
    memory.saw(target("InService"), now);
    assert!(memory.may_ask(now, 1.0));
    for wait in [2, 4, 8, 15, 15, 15] {
        assert!(!memory.may_ask(now + wait * SECOND.mul_f64(0.999), 1.0), "{wait}");
        now += wait * SECOND;
        assert!(memory.may_ask(now, 1.0), "{wait}");
    }
}

#[test]
fn only_a_new_target_earns_a_question_at_once() {
    let (mut memory, now) = (Memory::default(), Instant::now());
    memory.saw(target("InService"), now);
    assert!(memory.may_ask(now, 1.0));
    memory.saw(failing(), now);
    memory.saw(target("InService"), now);
    assert!(!memory.may_ask(now, 1.0), "an IMDS that comes and goes must not become a storm of calls");
    memory.saw(target("Warmed:Running"), now);
    memory.saw(target("InService"), now);
    assert!(memory.may_ask(now, 1.0));
}

#[test]
fn imds_is_looked_at_less_and_less_often_while_that_is_useless_and_at_once_when_it_works() {
    let nothing = Look { imds: Imds::NoTarget, identified: false, tag: None };
    for useless in [failing(), nothing, Look { identified: false, ..target("OK") }] {
        let (mut memory, mut now) = (Memory::default(), Instant::now());
        assert!(memory.may_look(now));
        for pause in [0, 500, 1000, 2000, 4000, 5000, 5000] {
            memory.saw(useless.clone(), now);
            let pause = Duration::from_millis(pause);
            assert!(pause.is_zero() || !memory.may_look(now + pause.mul_f64(0.999)), "{pause:?}");
            now += pause;
            assert!(memory.may_look(now), "{pause:?}");
        }
        memory.saw(target("Warmed:Stopped"), now);
        assert!(memory.may_look(now));
        memory.saw(useless.clone(), now);
        assert!(memory.may_look(now), "the first one again");
    }
}

#[test]
fn looks_that_tell_something_are_not_spaced_out() {
    let (mut memory, now) = (Memory::default(), Instant::now());
    for _ in 0..10 {
        for useful in [target("Warmed:Stopped"), look(Imds::NoTarget), target("SomethingNew")] {
            memory.saw(useful, now);
            assert!(memory.may_look(now));
        }
    }
}

#[test]
fn after_a_sleep_the_next_look_is_due_at_once() {
    let (mut memory, now) = (Memory::default(), Instant::now());
    for _ in 0..10 {
        memory.saw(failing(), now);
    }
    assert!(!memory.may_look(now));
    memory.woke();
    assert!(memory.may_look(now));
}

/// What a gate does that looks twice a second for so long, as in [`crate::hold`]: looks and questions, if it never opens.
fn hold_for(hours: u32, policy: &Policy, mut sees: impl FnMut(u32) -> Look, answer: &Answer) -> (u32, u32) {
    let (mut memory, mut now) = (Memory::default(), Instant::now());
    let end = now + hours * 3600 * SECOND;
    let (mut looks, mut questions) = (0, 0);
    while now < end {
        if memory.may_look(now) {
            looks += 1;
            memory.saw(sees(looks), now);
        }
        match decide(&memory.observation(now).unwrap(), policy) {
            Step::Hold(_) => {}
            Step::Ask(_) => {
                if memory.may_ask(now, f64::from(looks % 7) / 6.0) {
                    questions += 1;
                    memory.heard(answer.clone());
                }
            }
            Step::Open(open) => panic!("opened: {open}"),
        }
        now += SECOND / 2;
    }
    (looks, questions)
}

fn policy(until: Until) -> Policy {
    Policy { until, on_unknown: OnUnknown::Open, groups: Vec::new(), grace: 60 * SECOND }
}

#[test]
fn hours_of_failing_imds_are_held_with_twelve_looks_a_minute_and_without_a_question() {
    let nothing = || Look { imds: Imds::NoTarget, identified: false, tag: None };
    for until in [Until::Target, Until::InService] {
        for hours in [1, 12] {
            let (looks, questions) =
                hold_for(hours, &policy(until), |_| failing(), &Answer::NoAccess("none".into()));
            assert!((hours * 715..=hours * 730).contains(&looks), "{looks} in {hours} h");
            assert_eq!(questions, 0);
        }
        let (_, questions) = hold_for(12, &policy(until), |_| nothing(), &Answer::NoAccess("none".into()));
        assert_eq!(questions, 0, "an IMDS that was switched off");
        // Of a hundred looks one finds the target warm, and one finds none: neither opens, and no grace time runs out.
        let flapping = |look| match look % 100 {
            0 => target("Warmed:Stopped"),
            1 => self::look(Imds::NoTarget),
            _ => failing(),
        };
        let (_, questions) = hold_for(12, &policy(until), flapping, &Answer::Unlisted);
        assert!(questions <= 12 * 240, "{questions}");
    }
}

#[test]
fn hours_of_a_failing_api_are_held_with_a_question_every_eleven_seconds() {
    let sees = |_| target("InService");
    for answer in
        [Answer::Failing("Throttling".into()), Answer::NoAccess("no route".into()), Answer::Unlisted]
    {
        let (looks, questions) = hold_for(12, &policy(Until::InService), sees, &answer);
        assert_eq!(looks, 12 * 7200);
        assert!((12 * 240..12 * 480).contains(&questions), "{questions}");
    }
}
