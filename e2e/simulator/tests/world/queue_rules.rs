//! Queues alone: what they refuse, and in which words.

use std::collections::BTreeMap;

use aws_simulator::QueueInfo;
use aws_simulator::sqs::{AttributeValue, Command, NewMessage, Receive, Reply};

use crate::queue_bed::{Bed, message, texts};

#[test]
fn a_message_may_be_a_mebibyte_attributes_included_and_not_a_byte_more() {
    let mut bed = Bed::new(&[]);
    let value = |length| AttributeValue { data_type: "String".into(), bytes: vec![b'v'; length] };
    let send = |length| {
        let attributes = [("name".to_owned(), value(length))].into();
        let body = "b".repeat((1 << 20) - 20);
        Command::Send { queue: "q".into(), message: NewMessage { body, delay: None, attributes } }
    };
    // 4 of the name and 6 of the type.
    bed.run(send(10));
    assert_eq!(bed.refused(send(11)), "InvalidParameterValue");
    bed.run(Command::SetAttributes {
        queue: "q".into(),
        attributes: texts(&[("MaximumMessageSize", "1024")]),
    });
    bed.send(&"b".repeat(1024));
    let long = Command::Send { queue: "q".into(), message: message(&"b".repeat(1025)) };
    assert_eq!(bed.refused(long), "InvalidParameterValue");
}

#[test]
fn a_flood_is_refused_before_it_takes_the_machine() {
    let mut bed = Bed::new(&[]);
    let chunk = "b".repeat(1 << 20);
    let send = || Command::Send { queue: "q".into(), message: message(&chunk) };
    for _ in 0..64 {
        bed.run(send());
    }
    assert_eq!(bed.refused(send()), "OverLimit");
    bed.run(Command::Purge("q".into()));
    bed.run(send());
    assert_eq!(bed.refused(Command::Purge("q".into())), "AWS.SimpleQueueService.PurgeQueueInProgress");
}

#[test]
fn a_batch_that_breaks_a_rule_sends_nothing() {
    let mut bed = Bed::new(&[]);
    let batch = |ids: &[&str]| Command::SendBatch {
        queue: "q".into(),
        entries: ids.iter().map(|id| ((*id).to_owned(), message("m"))).collect(),
    };
    for (ids, code) in [
        (&[][..], "EmptyBatchRequest"),
        (&["a", "a"], "BatchEntryIdsNotDistinct"),
        (&["a", "b!"], "InvalidBatchEntryId"),
        (&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"], "TooManyEntriesInBatchRequest"),
    ] {
        assert_eq!(bed.refused(batch(ids)), format!("AWS.SimpleQueueService.{code}"), "{ids:?}");
    }
    let half = message(&"b".repeat((1 << 19) + 1));
    let entries = vec![("a".to_owned(), half.clone()), ("b".to_owned(), half)];
    let long = Command::SendBatch { queue: "q".into(), entries };
    assert_eq!(bed.refused(long), "AWS.SimpleQueueService.BatchRequestTooLong");
    assert_eq!(bed.counts(), QueueInfo::default());
    bed.run(batch(&["a", "b"]));
    assert_eq!(bed.counts().visible, 2);
}

#[test]
fn a_queue_is_made_once_and_again_only_as_it_is() {
    let mut bed = Bed::new(&[("VisibilityTimeout", "7")]);
    let create = |attributes| Command::Create {
        queue: "q".into(),
        attributes: texts(attributes),
        tags: BTreeMap::new(),
    };
    bed.send("kept");
    bed.run(create(&[]));
    bed.run(create(&[("VisibilityTimeout", "7")]));
    assert_eq!(bed.refused(create(&[("VisibilityTimeout", "8")])), "QueueAlreadyExists");
    assert_eq!(bed.bodies(), ["kept"]);
    for (attributes, code) in [
        (&[("VisibilityTimeout", "43201")], "InvalidAttributeValue"),
        (&[("VisibilityTimeout", "-1")], "InvalidAttributeValue"),
        (&[("VisibilityTimeout", "soon")], "InvalidAttributeValue"),
        (&[("MessageRetentionPeriod", "59")], "InvalidAttributeValue"),
        (&[("Colour", "red")], "InvalidAttributeName"),
        (&[("RedrivePolicy", "{}")], "AWS.SimpleQueueService.UnsupportedOperation"),
        (&[("FifoQueue", "true")], "AWS.SimpleQueueService.UnsupportedOperation"),
    ] {
        assert_eq!(bed.refused(create(attributes)), code, "{attributes:?}");
    }
    for name in ["", "a b", &"n".repeat(81)] {
        let create =
            Command::Create { queue: name.into(), attributes: BTreeMap::new(), tags: BTreeMap::new() };
        assert_eq!(bed.refused(create), "InvalidParameterValue", "{name}");
    }
}

#[test]
fn a_queue_that_does_not_exist_is_named_so_by_every_operation() {
    let mut bed = Bed::new(&[]);
    let gone = || "gone".to_owned();
    for command in [
        Command::DeleteQueue(gone()),
        Command::Find(gone()),
        Command::Attributes { queue: gone(), names: vec!["All".into()] },
        Command::SetAttributes { queue: gone(), attributes: BTreeMap::new() },
        Command::Purge(gone()),
        Command::Send { queue: gone(), message: message("m") },
        Command::SendBatch { queue: gone(), entries: vec![("a".into(), message("m"))] },
        Command::Receive(Receive { queue: gone(), ..Receive::default() }),
        Command::Delete { queue: gone(), handle: "h".into() },
        Command::DeleteBatch { queue: gone(), entries: vec![("a".into(), "h".into())] },
        Command::Visibility { queue: gone(), handle: "h".into(), timeout: 1 },
        Command::VisibilityBatch { queue: gone(), entries: vec![("a".into(), ("h".into(), 1))] },
        Command::Tag { queue: gone(), tags: BTreeMap::new() },
        Command::Untag { queue: gone(), keys: Vec::new() },
        Command::Tags(gone()),
    ] {
        assert_eq!(bed.refused(command), "AWS.SimpleQueueService.NonExistentQueue");
    }
}

#[test]
fn only_the_attributes_asked_for_are_told_and_digested() {
    let mut bed = Bed::new(&[]);
    let value = |text: &str| AttributeValue { data_type: "String".into(), bytes: text.into() };
    let attributes: BTreeMap<_, _> =
        [("a.x".to_owned(), value("1")), ("a.y".to_owned(), value("2")), ("b".to_owned(), value("3"))].into();
    let new = NewMessage { attributes, ..message("m") };
    let Reply::Sent(sent) = bed.run(Command::Send { queue: "q".into(), message: new }) else {
        panic!("not sent")
    };
    for (names, expected) in [
        (&[][..], &[][..]),
        (&["b"], &["b"]),
        (&["a.*"], &["a.x", "a.y"]),
        (&["All"], &["a.x", "a.y", "b"]),
        (&[".*"], &["a.x", "a.y", "b"]),
    ] {
        let wanted = Receive {
            queue: "q".into(),
            visibility: Some(0),
            attributes: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Receive::default()
        };
        let Reply::Messages(messages) = bed.run(Command::Receive(wanted)) else { panic!("not messages") };
        let told: Vec<_> = messages[0].attributes.keys().map(String::as_str).collect();
        assert_eq!(told, expected, "{names:?}");
        let is_whole = messages[0].sent.attributes_md5 == sent.attributes_md5;
        assert_eq!(is_whole, expected.len() == 3, "{names:?}");
        assert_eq!(messages[0].sent.attributes_md5.is_none(), expected.is_empty());
        assert!(messages[0].system.is_empty());
    }
}
