//! Bodies that are read, and bodies that are refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const OPERATIONS: &[&str] = &[
    "CreateQueue",
    "GetQueueUrl",
    "ListQueues",
    "DeleteQueue",
    "PurgeQueue",
    "GetQueueAttributes",
    "SetQueueAttributes",
    "SendMessage",
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "TagQueue",
    "UntagQueue",
    "ListQueueTags",
];
const URL: &str = "http://127.0.0.1:1/000000000000/q";

fn read(operation: &str, body: &Value) -> Result<Command, SqsError> {
    command(operation, body.to_string().as_bytes())
}

#[test]
fn what_is_missing_is_named_and_what_is_there_is_read() {
    let whole = json!({
        "QueueName": "q", "QueueUrl": URL, "MessageBody": "m", "ReceiptHandle": "h", "VisibilityTimeout": 1,
        "Entries": [{ "Id": "a", "MessageBody": "m", "ReceiptHandle": "h" }],
    });
    for operation in OPERATIONS {
        read(operation, &whole).expect(operation);
        if *operation != "ListQueues" {
            assert_eq!(read(operation, &json!({})).expect_err(operation).code, "MissingParameter");
        }
    }
    let error = read("DanceInCircles", &whole).expect_err("no operation");
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("UnknownOperationException", "This simulator has no SQS operation DanceInCircles")
    );
}

#[test]
fn an_address_of_no_queue_and_a_wrong_type_are_refused() {
    for (body, code) in [
        (json!({ "QueueUrl": "http://127.0.0.1:1/1/q" }), "AWS.SimpleQueueService.NonExistentQueue"),
        (json!({ "QueueUrl": 7 }), "SerializationException"),
        (json!({ "QueueUrl": URL, "WaitTimeSeconds": "20" }), "SerializationException"),
        (json!([]), "SerializationException"),
    ] {
        assert_eq!(read("ReceiveMessage", &body).expect_err("a refusal").code, code, "{body}");
    }
}

#[test]
fn what_is_wrong_with_a_value_is_told_in_sqss_words() {
    for (operation, body, code, text) in [
        (
            "ReceiveMessage",
            json!({ "QueueUrl": "q" }),
            "InvalidAddress",
            "The address q is not valid for this endpoint.",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": URL, "WaitTimeSeconds": -1 }),
            "InvalidParameterValue",
            "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be a non-negative integer.",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": URL, "MessageBody": "m", "MessageGroupId": "g" }),
            "AWS.SimpleQueueService.UnsupportedOperation",
            "A message group or deduplication id is not supported by this simulator",
        ),
        (
            "DeleteMessage",
            json!({ "QueueUrl": URL }),
            "MissingParameter",
            "The request must contain the parameter ReceiptHandle.",
        ),
    ] {
        let error = read(operation, &body).expect_err("a refusal");
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, text));
    }
}

#[test]
fn an_attribute_has_one_value_that_fits_its_type() {
    let send = |attribute: Value| {
        read(
            "SendMessage",
            &json!({ "QueueUrl": URL, "MessageBody": "m", "MessageAttributes": { "a": attribute } }),
        )
    };
    for good in [
        json!({ "DataType": "String", "StringValue": "v" }),
        json!({ "DataType": "Number.int", "StringValue": "7" }),
        json!({ "DataType": "Binary", "BinaryValue": "Zm9v" }),
    ] {
        send(good).expect("a message");
    }
    let no_type = "must contain non-empty message attribute type.";
    let strange = "has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and \
                   String.";
    let string = "must contain a non-empty value of type 'String'.";
    let binary = "must contain a non-empty value of type 'Binary'.";
    for (bad, text) in [
        (json!({ "StringValue": "v" }), no_type),
        (json!({ "DataType": "Colour", "StringValue": "v" }), strange),
        (json!({ "DataType": "String", "StringValue": "" }), string),
        (json!({ "DataType": "String", "BinaryValue": "Zm9v" }), string),
        (json!({ "DataType": "Binary", "BinaryValue": "?" }), binary),
    ] {
        let error = send(bad.clone()).expect_err("a refusal");
        let text = format!("The message attribute 'a' {text}");
        assert_eq!((error.code.as_str(), error.message), ("InvalidParameterValue", text), "{bad}");
    }
}

/// JSON of the names that operations know and of any others.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(Value::from(URL)),
    ];
    let name = "(QueueUrl|QueueName|MessageBody|Entries|Id|ReceiptHandle|Attributes|MessageAttributes|DataType|StringValue|BinaryValue|VisibilityTimeout|DelaySeconds|[A-Za-z]{0,6})";
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(operation in proptest::sample::select(OPERATIONS), body in anything()) {
        if let Err(error) = read(operation, &body) {
            prop_assert!((400..500).contains(&error.status));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        operation in proptest::sample::select(OPERATIONS), body in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        if let Err(error) = command(operation, &body) {
            prop_assert!((400..500).contains(&error.status));
        }
    }
}
