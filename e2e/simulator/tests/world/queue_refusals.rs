//! Every refusal of SQS that depends on a queue: code and text.

use std::collections::BTreeMap;

use aws_simulator::sqs::{AttributeValue, Command, Receive};

use crate::queue_bed::{Bed, SECOND, message};

fn refused(bed: &mut Bed, command: Command, code: &str, text: &str) {
    let error = bed.attempt(command).expect_err(text);
    assert_eq!((error.status, error.code.as_str(), error.message.as_str()), (400, code, text));
}

#[test]
fn each_rule_of_queues_and_messages_is_told_in_sqss_words() {
    let mut bed = Bed::new(&[("MaximumMessageSize", "1024")]);
    let send = |body: &str| Command::Send { queue: "q".into(), message: message(body) };
    let create = |name: &str, attributes: &[(&str, &str)]| Command::Create {
        queue: name.into(),
        attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        tags: BTreeMap::new(),
    };
    let invalid = "InvalidParameterValue";
    let strange = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    let mut many = message("m");
    for n in 0..11 {
        let value = AttributeValue { data_type: "String".into(), bytes: b"v".to_vec() };
        many.attributes.insert(n.to_string(), value);
    }
    for (command, code, text) in [
        (create("a b", &[]), invalid, strange),
        (create("", &[]), invalid, strange),
        (
            create("q", &[("DelaySeconds", "5")]),
            "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute DelaySeconds",
        ),
        (create("r", &[("Mood", "good")]), "InvalidAttributeName", "Unknown Attribute Mood."),
        (
            create("r", &[("DelaySeconds", "901")]),
            "InvalidAttributeValue",
            "Invalid value for the parameter DelaySeconds.",
        ),
        (
            create("r.fifo", &[]),
            "AWS.SimpleQueueService.UnsupportedOperation",
            "FifoQueue is not supported by this simulator",
        ),
        (
            send(&"m".repeat(1025)),
            invalid,
            "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
        ),
        (
            Command::Send { queue: "q".into(), message: many },
            invalid,
            "Number of message attributes [11] exceeds the allowed maximum [10].",
        ),
        (
            Command::Receive(Receive { queue: "q".into(), max: Some(11), ..Receive::default() }),
            invalid,
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            Command::List { prefix: String::new(), max: Some(1001), token: None },
            invalid,
            "Value 1001 for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided.",
        ),
        (
            Command::Find("no".into()),
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.",
        ),
        (
            Command::Delete { queue: "q".into(), handle: "no".into() },
            "ReceiptHandleIsInvalid",
            "The input receipt handle \"no\" is not a valid receipt handle.",
        ),
        (
            Command::DeleteBatch { queue: "q".into(), entries: Vec::new() },
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one DeleteMessageBatchRequestEntry in the request.",
        ),
        (
            Command::DeleteBatch {
                queue: "q".into(),
                entries: (0..11).map(|n| (n.to_string(), "h".into())).collect(),
            },
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 11.",
        ),
        (
            Command::DeleteBatch { queue: "q".into(), entries: vec![("a b".into(), "h".into())] },
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 \
             letters long.",
        ),
        (
            Command::DeleteBatch {
                queue: "q".into(),
                entries: vec![("a".into(), "h".into()), ("a".into(), "h".into())],
            },
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "Id a repeated.",
        ),
    ] {
        refused(&mut bed, command, code, text);
    }
}

#[test]
fn each_rule_of_contents_batches_and_tags_is_told() {
    let mut bed = Bed::new(&[]);
    let invalid = "InvalidParameterValue";
    for (command, code, text) in [
        (
            Command::Send { queue: "q".into(), message: message("a\u{1}") },
            "InvalidMessageContents",
            "Invalid binary character '#x1' was found in the message body, the set of allowed characters is #x9 | #xA | #xD \
             | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        ),
        (
            Command::SendBatch {
                queue: "q".into(),
                entries: (0..3).map(|n| (n.to_string(), message(&"m".repeat(400_000)))).collect(),
            },
            "AWS.SimpleQueueService.BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes.",
        ),
        (
            Command::Tag { queue: "q".into(), tags: BTreeMap::from([("aws:x".into(), "v".into())]) },
            invalid,
            "The tag aws:x is not valid: a key has 1 to 128 characters and does not begin with aws:, a value has at most \
             256.",
        ),
        (
            Command::Tag {
                queue: "q".into(),
                tags: (0..51).map(|n| (n.to_string(), String::new())).collect(),
            },
            invalid,
            "A queue has at most 50 tags.",
        ),
    ] {
        refused(&mut bed, command, code, text);
    }
}

#[test]
fn each_rule_of_deliveries_is_told_in_sqss_words() {
    let mut bed = Bed::new(&[]);
    bed.run(Command::Purge("q".into()));
    refused(
        &mut bed,
        Command::Purge("q".into()),
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "Only one PurgeQueue operation on q is allowed every 60 seconds.",
    );
    bed.send("m");
    let handle = bed.receive(1).remove(0).handle;
    let change = |timeout| Command::Visibility { queue: "q".into(), handle: handle.clone(), timeout };
    refused(
        &mut bed,
        change(43_201),
        "InvalidParameterValue",
        "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.",
    );
    bed.run(change(0));
    refused(
        &mut bed,
        change(5),
        "AWS.SimpleQueueService.MessageNotInflight",
        "The specified message isn't in flight.",
    );
    bed.run(Command::Delete { queue: "q".into(), handle: handle.clone() });
    bed.now += SECOND;
    refused(
        &mut bed,
        change(5),
        "InvalidParameterValue",
        &format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available \
             for visibility timeout change."
        ),
    );
}

#[test]
fn a_flood_of_queues_and_messages_is_refused() {
    let mut bed = Bed::new(&[]);
    let create = |n: usize| Command::Create {
        queue: format!("q{n}"),
        attributes: BTreeMap::new(),
        tags: BTreeMap::new(),
    };
    for n in 1..1000 {
        bed.run(create(n));
    }
    refused(&mut bed, create(1000), "OverLimit", "There are too many queues for the simulator");

    let mut bed = Bed::new(&[]);
    bed.run(create(1));
    let batch = || Command::SendBatch {
        queue: "q".into(),
        entries: (0..10).map(|n| (n.to_string(), message("m"))).collect(),
    };
    for _ in 0..12_000 {
        bed.run(batch());
    }
    for _ in 0..12_000 {
        assert_eq!(bed.receive(10).len(), 10);
    }
    let receive = Command::Receive(Receive { queue: "q".into(), ..Receive::default() });
    refused(&mut bed, receive, "OverLimit", "Too many messages in flight.");
    for _ in 12_000..15_000 {
        bed.run(batch());
    }
    let send = |queue: &str| Command::Send { queue: queue.into(), message: message("m") };
    // Those of all queues count together.
    for queue in ["q", "q1"] {
        refused(&mut bed, send(queue), "OverLimit", "There are too many messages for the simulator");
    }
}

#[test]
fn what_is_deleted_purged_or_expired_gives_its_room_back() {
    let mut bed = Bed::new(&[("MessageRetentionPeriod", "60")]);
    let send = |bed: &mut Bed, count: usize| (0..count).for_each(|_| bed.send(&"m".repeat(1 << 20)));
    let full = |bed: &mut Bed| {
        let send = Command::Send { queue: "q".into(), message: message("m") };
        refused(bed, send, "OverLimit", "There are too many messages for the simulator");
    };
    // As many bytes as the simulator keeps.
    send(&mut bed, 32);
    bed.now += 30 * SECOND;
    send(&mut bed, 32);
    full(&mut bed);
    let handle = bed.receive(1).remove(0).handle;
    bed.delete(&handle);
    send(&mut bed, 1);
    full(&mut bed);
    // Those of the beginning expire.
    bed.now += 30 * SECOND;
    send(&mut bed, 1);
    bed.run(Command::Purge("q".into()));
    send(&mut bed, 33);
}
