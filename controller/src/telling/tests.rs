use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Node;
use serde_json::{from_value, json};

use super::*;
use crate::condition::Condition;
use crate::status::BlockerStatus;

fn says(drained: bool, message: &str) -> Wish {
    let reason = if drained { "Drained" } else { "Blocked" }.to_owned();
    Wish::Says(Condition { drained, reason, message: message.to_owned() })
}

/// A Node on which the condition says this, if anything.
fn node(stands: Option<&Wish>) -> NodeView {
    let mut conditions = vec![json!({"type": "Ready", "status": "True"})];
    if let Some(Wish::Says(says)) = stands {
        let status = if says.drained { "True" } else { "False" };
        conditions.push(json!({
            "type": condition::TYPE, "status": status, "reason": says.reason, "message": says.message,
        }));
    }
    let node: Node =
        from_value(json!({"metadata": {"name": "n"}, "status": {"conditions": conditions}})).unwrap();
    NodeView::new(&node, None, Instant::now())
}

fn written(wish: Wish, at: Instant) -> Written {
    Written { wish, at, under_way: false, rest: REST }
}

/// True if `wish` is due so long after `last` was written, and stands.
fn due_after(last: &Wish, wish: &Wish, after: Duration) -> bool {
    let at = Instant::now();
    is_due(&node(Some(last)), wish, Some(&written(last.clone(), at)), false, at + after)
}

#[test]
fn what_stands_already_or_nothing_is_known_of_is_not_written() {
    let now = Instant::now();
    let blocked = says(false, "3 pods");
    assert!(!is_due(&node(Some(&blocked)), &blocked, None, false, now));
    assert!(!is_due(&node(Some(&blocked)), &Wish::Keep, None, false, now));
    assert!(!is_due(&node(None), &Wish::Absent, None, false, now));
    assert!(is_due(&node(Some(&blocked)), &Wish::Absent, None, false, now));
    assert!(is_due(&node(None), &blocked, None, false, now));
}

#[test]
fn other_words_wait_for_ten_seconds_and_another_status_does_not() {
    let (three, two) = (says(false, "3 pods"), says(false, "2 pods"));
    assert!(!due_after(&three, &two, Duration::from_secs(9)));
    assert!(due_after(&three, &two, Duration::from_secs(10)));
    assert!(due_after(&three, &says(true, "none"), Duration::from_secs(1)));
    assert!(due_after(&three, &Wish::Absent, Duration::from_secs(1)));
}

#[test]
fn one_write_at_a_time_and_none_again_before_our_watch_may_have_seen_it() {
    let (now, drained) = (Instant::now(), says(true, "none"));
    let mut last = written(drained.clone(), now);
    let due = |last: &Written, after| is_due(&node(None), &drained, Some(last), false, now + after);
    assert!(!due(&last, Duration::from_secs(9)));
    assert!(due(&last, Duration::from_secs(10)), "it seems to be lost");
    last.under_way = true;
    assert!(!due(&last, Duration::from_secs(60)));
}

#[test]
fn after_a_failure_even_another_status_waits() {
    let now = Instant::now();
    let last = Written { rest: FAILED_REST, ..written(says(false, "3 pods"), now) };
    let due = |after| is_due(&node(None), &says(true, "none"), Some(&last), false, now + after);
    assert!(!due(Duration::from_secs(29)));
    assert!(due(Duration::from_secs(30)));
}

#[test]
fn of_a_young_drain_only_its_end_is_told() {
    let now = Instant::now();
    assert!(!is_due(&node(None), &says(false, "3 pods"), None, true, now));
    assert!(is_due(&node(None), &says(true, "none"), None, true, now));
    assert!(is_due(&node(Some(&says(true, "none"))), &Wish::Absent, None, true, now));
}

#[test]
fn a_drain_is_young_for_longer_while_its_pods_only_need_their_time() {
    let now = Timestamp::now();
    let begun = |seconds: i64, kind| DrainStatus {
        first_eviction: Some(now - SignedDuration::from_secs(seconds)),
        blockers: vec![BlockerStatus { pod: "shop/web-0".to_owned(), kind, reason: String::new() }],
        ..DrainStatus::default()
    };
    for kind in ["terminating", "evicting"] {
        assert!(is_young(&begun(9, kind), now), "{kind}");
        assert!(!is_young(&begun(10, kind), now), "{kind}");
    }
    assert!(is_young(&begun(2, "budget"), now));
    assert!(!is_young(&begun(3, "budget"), now));
    assert!(!is_young(&DrainStatus::default(), now), "nothing was tried yet");
}

#[test]
fn what_is_too_much_is_left_out_and_counted() {
    let mut queue = VecDeque::new();
    let events = |count| (0..count).map(|_| Object::default());
    assert_eq!(queue_up(&mut queue, events(QUEUE - 1)), 0);
    assert_eq!(queue_up(&mut queue, events(4)), 3);
    assert_eq!(queue.len(), QUEUE);
    queue.pop_front();
    assert_eq!(queue_up(&mut queue, events(1)), 0);
}
