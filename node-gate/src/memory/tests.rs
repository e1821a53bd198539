use super::*;

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
fn the_first_question_goes_at_once_and_the_next_ones_back_off_to_a_quarter_of_a_minute() {
    for (random, waits) in [(1.0, [1, 2, 4, 8, 15, 15, 15]), (0.0, [1, 1, 2, 4, 7, 7, 7])] {
        let (mut memory, mut now) = (Memory::default(), Instant::now());
        memory.saw(target("InService"), now);
        assert!(memory.may_ask(now, random));
        for wait in waits {
            let almost = wait * SECOND.mul_f64(0.999);
            assert!(!memory.may_ask(now + almost, random), "{wait}");
            // 15 s halved is 7.5 s.
            now += wait * SECOND + Duration::from_millis(500);
            assert!(memory.may_ask(now, random), "{wait}");
        }
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
