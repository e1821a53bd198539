//! From replies and errors to JSON.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};

use crate::account::queue_path;
use crate::sqs::{AttributeValue, Received, Reply, Sent, SqsError};

/// The answer to an operation that was carried out; `endpoint` is what queue addresses begin with.
pub(crate) fn reply(reply: &Reply, endpoint: &str) -> Value {
    let url = |name: &String| format!("{endpoint}{}", queue_path(name));
    match reply {
        Reply::Done => json!({}),
        Reply::Queue(name) => json!({ "QueueUrl": url(name) }),
        Reply::Queues { names, next } => {
            let mut page = json!({});
            // Left out when there are none, as at AWS.
            if !names.is_empty() {
                page["QueueUrls"] = names.iter().map(url).collect();
            }
            add(&mut page, "NextToken", next.as_ref());
            page
        }
        Reply::Attributes(all) if all.is_empty() => json!({}),
        Reply::Attributes(all) => json!({ "Attributes": all }),
        Reply::Sent(message) => sent(message),
        Reply::SentBatch { sent: done, failed } => {
            let entry = |(id, message): &(String, Sent)| {
                let mut entry = sent(message);
                entry["Id"] = json!(id);
                entry
            };
            batch(&done.iter().map(entry).collect::<Vec<_>>(), failed)
        }
        Reply::Messages(messages) if messages.is_empty() => json!({}),
        Reply::Messages(messages) => json!({ "Messages": messages.iter().map(received).collect::<Value>() }),
        Reply::Tags(all) if all.is_empty() => json!({}),
        Reply::Tags(all) => json!({ "Tags": all }),
        Reply::Batch { done, failed } => {
            batch(&done.iter().map(|id| json!({ "Id": id })).collect::<Vec<_>>(), failed)
        }
    }
}

/// The answer to an operation that was refused.
pub(crate) fn error(error: &SqsError) -> Value {
    json!({ "__type": error.shape, "message": error.message })
}

fn sent(message: &Sent) -> Value {
    let mut body = json!({ "MessageId": message.id, "MD5OfMessageBody": message.body_md5 });
    add(&mut body, "MD5OfMessageAttributes", message.attributes_md5.as_ref());
    body
}

fn received(message: &Received) -> Value {
    let mut body = json!({
        "MessageId": message.sent.id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": message.sent.body_md5,
        "Body": message.body,
    });
    if !message.system.is_empty() {
        body["Attributes"] = json!(message.system);
    }
    if !message.attributes.is_empty() {
        let all: Map<_, _> =
            message.attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        body["MessageAttributes"] = Value::Object(all);
    }
    add(&mut body, "MD5OfMessageAttributes", message.sent.attributes_md5.as_ref());
    body
}

fn attribute(value: &AttributeValue) -> Value {
    if value.is_binary() {
        json!({ "DataType": value.data_type, "BinaryValue": BASE64_STANDARD.encode(&value.bytes) })
    } else {
        json!({ "DataType": value.data_type, "StringValue": String::from_utf8_lossy(&value.bytes) })
    }
}

fn batch(done: &[Value], failed: &[(String, SqsError)]) -> Value {
    let failed: Vec<_> = failed
        .iter()
        .map(|(id, error)| {
            json!({ "Id": id, "SenderFault": true, "Code": error.code, "Message": error.message })
        })
        .collect();
    let mut body = json!({ "Successful": done });
    // Left out when none failed, as at AWS.
    if !failed.is_empty() {
        body["Failed"] = json!(failed);
    }
    body
}

fn add(body: &mut Value, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        body[name] = json!(value);
    }
}
