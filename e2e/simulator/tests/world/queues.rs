//! Queues alone: who sees which message when.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_simulator::QueueInfo;
use aws_simulator::sqs::{Command, NewMessage, Receive};

use crate::queue_bed::{Bed, SECOND, VISIBILITY, message};

#[test]
fn a_received_message_is_hidden_for_its_visibility_timeout_and_not_longer() {
    let mut bed = Bed::new(&[]);
    bed.send("m");
    assert_eq!(bed.bodies(), ["m"]);
    bed.now += Duration::from_millis(29_999);
    assert!(bed.bodies().is_empty());
    bed.now += Duration::from_millis(1);
    let again = bed.receive(1);
    assert_eq!(again[0].system["ApproximateReceiveCount"], "2");
    let first = again[0].system["ApproximateFirstReceiveTimestamp"].parse::<u128>().expect("milliseconds");
    let now = bed.now.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
    assert_eq!(first, now - VISIBILITY.as_millis(), "the first delivery, not the latest");
}

#[test]
fn a_deleted_message_never_comes_back() {
    let mut bed = Bed::new(&[]);
    bed.send("m");
    let handle = bed.receive(1)[0].handle.clone();
    bed.delete(&handle);
    bed.now += VISIBILITY * 2;
    assert!(bed.bodies().is_empty());
    // Deleting it again is no error, and counts no second time.
    bed.delete(&handle);
    assert_eq!(bed.counts(), QueueInfo { received: 1, deleted: 1, ..QueueInfo::default() });
}

#[test]
fn the_handle_of_an_earlier_delivery_deletes_nothing() {
    let mut bed = Bed::new(&[]);
    bed.send("m");
    let old = bed.receive(1)[0].handle.clone();
    bed.now += VISIBILITY;
    let new = bed.receive(1)[0].handle.clone();
    bed.delete(&old);
    assert_eq!(bed.counts().in_flight, 1);
    // The latest one deletes also after the message became visible again.
    bed.now += VISIBILITY;
    bed.delete(&new);
    assert_eq!(bed.counts().visible, 0);
}

#[test]
fn a_handle_that_was_never_given_is_refused() {
    let mut bed = Bed::new(&[]);
    bed.send("m");
    let good = bed.receive(1)[0].handle.clone();
    bed.run(Command::Create { queue: "r".into(), attributes: BTreeMap::new(), tags: BTreeMap::new() });
    bed.run(Command::Send { queue: "r".into(), message: message("other") });
    bed.run(Command::Receive(Receive { queue: "r".into(), ..Receive::default() }));
    for handle in
        ["", "nonsense", "AQEB", &good.replace("/1/", "/2/"), &format!("{good}/"), &format!("x{good}")]
    {
        let delete = Command::Delete { queue: "q".into(), handle: handle.into() };
        assert_eq!(bed.refused(delete), "ReceiptHandleIsInvalid", "{handle}");
    }
    let elsewhere = Command::Delete { queue: "r".into(), handle: good };
    assert_eq!(bed.refused(elsewhere), "ReceiptHandleIsInvalid");
    assert_eq!(bed.counts().in_flight, 1);
}

#[test]
fn a_message_is_kept_for_the_retention_period_and_not_longer() {
    let mut bed = Bed::new(&[("MessageRetentionPeriod", "60")]);
    bed.send("seen");
    assert_eq!(bed.bodies(), ["seen"]);
    bed.send("unseen");
    bed.now += SECOND * 59;
    assert_eq!(bed.bodies(), ["seen", "unseen"]);
    bed.now += SECOND;
    assert_eq!(bed.counts(), QueueInfo { received: 3, ..QueueInfo::default() });
    bed.now += VISIBILITY;
    assert!(bed.bodies().is_empty());
}

#[test]
fn a_delayed_message_comes_when_its_delay_ends() {
    let mut bed = Bed::new(&[("DelaySeconds", "5")]);
    bed.send("by the queue");
    let own = NewMessage { delay: Some(0), ..message("at once") };
    bed.run(Command::Send { queue: "q".into(), message: own });
    assert_eq!(bed.counts(), QueueInfo { visible: 1, delayed: 1, ..QueueInfo::default() });
    assert_eq!(bed.bodies(), ["at once"]);
    bed.now += Duration::from_millis(4999);
    assert!(bed.bodies().is_empty());
    bed.now += Duration::from_millis(1);
    assert_eq!(bed.bodies(), ["by the queue"]);
}

#[test]
fn the_next_deadline_is_when_something_becomes_visible_by_itself() {
    let mut bed = Bed::new(&[]);
    let next = |bed: &Bed| {
        let at = bed.queues.next_deadline("q", bed.now)?;
        at.duration_since(bed.now).ok()
    };
    assert_eq!(next(&bed), None);
    bed.run(Command::Send { queue: "q".into(), message: NewMessage { delay: Some(7), ..message("later") } });
    assert_eq!(next(&bed), Some(SECOND * 7));
    bed.send("now");
    assert_eq!(next(&bed), Some(SECOND * 7), "what is visible already needs no waiting");
    bed.now += SECOND * 7;
    assert_eq!(next(&bed), None);
    bed.receive(2);
    assert_eq!(next(&bed), Some(VISIBILITY));
}

#[test]
fn a_reader_waits_as_it_wishes_or_as_the_queue_says() {
    let bed = Bed::new(&[("ReceiveMessageWaitTimeSeconds", "3")]);
    let wait = |wait| bed.queues.wait(&Receive { queue: "q".into(), wait, ..Receive::default() });
    assert_eq!([wait(None), wait(Some(0)), wait(Some(20))], [SECOND * 3, Duration::ZERO, SECOND * 20]);
}

#[test]
fn whatever_may_wake_a_reader_counts_as_a_change() {
    let mut bed = Bed::new(&[]);
    let mut seen = bed.queues.changes();
    let mut changed = |bed: &Bed| std::mem::replace(&mut seen, bed.queues.changes()) != bed.queues.changes();
    bed.send("m");
    assert!(changed(&bed));
    let handle = bed.receive(1)[0].handle.clone();
    assert!(!changed(&bed));
    bed.run(Command::Visibility { queue: "q".into(), handle, timeout: 0 });
    assert!(changed(&bed));
    bed.run(Command::DeleteQueue("q".into()));
    assert!(changed(&bed));
}

#[test]
fn the_visibility_of_a_delivery_can_be_changed_both_ways() {
    let mut bed = Bed::new(&[]);
    bed.send("m");
    let handle = bed.receive(1)[0].handle.clone();
    let change = |timeout| Command::Visibility { queue: "q".into(), handle: handle.clone(), timeout };
    bed.run(change(60));
    bed.now += SECOND * 59;
    assert!(bed.bodies().is_empty());
    bed.run(change(0));
    assert_eq!(bed.refused(change(1)), "AWS.SimpleQueueService.MessageNotInflight");
    assert_eq!(bed.bodies(), ["m"]);
    assert_eq!(bed.refused(change(1)), "InvalidParameterValue", "another delivery holds it now");
    assert_eq!(bed.refused(change(43_201)), "InvalidParameterValue");
}

#[test]
fn the_oldest_messages_come_first_and_no_more_than_asked_for() {
    let mut bed = Bed::new(&[]);
    for number in 0..12 {
        bed.send(&number.to_string());
    }
    assert_eq!(bed.receive(1)[0].body, "0");
    let numbers: Vec<_> = (1..11).map(|number: i32| number.to_string()).collect();
    assert_eq!(bed.bodies(), numbers);
    assert_eq!(bed.bodies(), ["11"]);
    for max in [0, 11] {
        let wanted = Receive { queue: "q".into(), max: Some(max), ..Receive::default() };
        assert_eq!(bed.refused(Command::Receive(wanted)), "InvalidParameterValue", "{max}");
    }
}
