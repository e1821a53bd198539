//! From a request of the JSON protocol to a command.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderMap;

use super::params::{Attribute, Entry, Params};
use crate::account::queue_of_url;
use crate::sqs::{AttributeValue, Command, NewMessage, Receive, SqsError};

/// What the header says before the operation's name.
const SERVICE: &str = "AmazonSQS.";

/// The operation that the headers name; none if this is no request to SQS.
pub(crate) fn operation(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-target")?.to_str().ok()?.strip_prefix(SERVICE)
}

/// Reads the command that an operation and its body ask for.
pub(crate) fn command(operation: &str, body: &[u8]) -> Result<Command, SqsError> {
    let params = Params::parse(body)?;
    Ok(match operation {
        "CreateQueue" => Command::Create {
            queue: needed(params.queue_name, "QueueName")?,
            attributes: params.attributes,
            tags: params.tags,
        },
        "GetQueueUrl" => Command::Find(needed(params.queue_name, "QueueName")?),
        "ListQueues" => Command::List {
            prefix: params.queue_name_prefix.unwrap_or_default(),
            max: number(params.max_results, "MaxResults")?,
            token: params.next_token,
        },
        "DeleteQueue" => Command::DeleteQueue(queue(params.queue_url.as_deref())?),
        "PurgeQueue" => Command::Purge(queue(params.queue_url.as_deref())?),
        "GetQueueAttributes" => {
            Command::Attributes { queue: queue(params.queue_url.as_deref())?, names: params.attribute_names }
        }
        "SetQueueAttributes" => Command::SetAttributes {
            queue: queue(params.queue_url.as_deref())?,
            attributes: params.attributes,
        },
        "SendMessage" => Command::Send {
            queue: queue(params.queue_url.as_deref())?,
            message: message(
                params.message_body,
                params.message_attributes,
                params.delay_seconds,
                params.message_group_id.or(params.message_deduplication_id).as_ref(),
            )?,
        },
        "SendMessageBatch" => Command::SendBatch {
            queue: queue(params.queue_url.as_deref())?,
            entries: entries(params.entries, |entry| {
                message(
                    entry.message_body,
                    entry.message_attributes,
                    entry.delay_seconds,
                    entry.message_group_id.or(entry.message_deduplication_id).as_ref(),
                )
            })?,
        },
        "ReceiveMessage" => Command::Receive(Receive {
            queue: queue(params.queue_url.as_deref())?,
            max: number(params.max_number_of_messages, "MaxNumberOfMessages")?,
            visibility: number(params.visibility_timeout, "VisibilityTimeout")?,
            wait: number(params.wait_time_seconds, "WaitTimeSeconds")?,
            system: [params.attribute_names, params.message_system_attribute_names].concat(),
            attributes: params.message_attribute_names,
        }),
        "DeleteMessage" => Command::Delete {
            queue: queue(params.queue_url.as_deref())?,
            handle: needed(params.receipt_handle, "ReceiptHandle")?,
        },
        "DeleteMessageBatch" => Command::DeleteBatch {
            queue: queue(params.queue_url.as_deref())?,
            entries: entries(params.entries, |entry| needed(entry.receipt_handle, "ReceiptHandle"))?,
        },
        "ChangeMessageVisibility" => Command::Visibility {
            queue: queue(params.queue_url.as_deref())?,
            handle: needed(params.receipt_handle, "ReceiptHandle")?,
            timeout: number(params.visibility_timeout, "VisibilityTimeout")?
                .ok_or_else(|| SqsError::missing("VisibilityTimeout"))?,
        },
        "ChangeMessageVisibilityBatch" => Command::VisibilityBatch {
            queue: queue(params.queue_url.as_deref())?,
            entries: entries(params.entries, |entry| {
                // AWS takes an entry without a timeout for one of none.
                let timeout = number(entry.visibility_timeout, "VisibilityTimeout")?.unwrap_or(0);
                Ok((needed(entry.receipt_handle, "ReceiptHandle")?, timeout))
            })?,
        },
        "TagQueue" => Command::Tag { queue: queue(params.queue_url.as_deref())?, tags: params.tags },
        "UntagQueue" => Command::Untag { queue: queue(params.queue_url.as_deref())?, keys: params.tag_keys },
        "ListQueueTags" => Command::Tags(queue(params.queue_url.as_deref())?),
        _ => {
            return Err(SqsError::common(
                400,
                "UnknownOperationException",
                "UnknownOperationException",
                format!("This simulator has no SQS operation {operation}"),
            ));
        }
    })
}

fn needed(value: Option<String>, name: &str) -> Result<String, SqsError> {
    value.filter(|text| !text.is_empty()).ok_or_else(|| SqsError::missing(name))
}

fn queue(url: Option<&str>) -> Result<String, SqsError> {
    let url = url.filter(|url| !url.is_empty()).ok_or_else(|| SqsError::missing("QueueUrl"))?;
    if !url.contains('/') {
        let message = format!("The address {url} is not valid for this endpoint.");
        return Err(SqsError::modeled("InvalidAddress", "InvalidAddress", message));
    }
    queue_of_url(url).map(str::to_owned).ok_or_else(SqsError::no_queue)
}

/// A number that is not negative; the queues know its limits.
fn number(value: Option<i64>, name: &str) -> Result<Option<u32>, SqsError> {
    let Some(value) = value else { return Ok(None) };
    u32::try_from(value).map(Some).map_err(|_| {
        SqsError::invalid(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be a non-negative integer."
        ))
    })
}

fn entries<T>(
    entries: Option<Vec<Entry>>,
    read: impl Fn(Entry) -> Result<T, SqsError>,
) -> Result<Vec<(String, T)>, SqsError> {
    let entries = entries.unwrap_or_default().into_iter();
    entries
        .map(|mut entry| {
            let id = entry.id.take();
            Ok((needed(id, "Id")?, read(entry)?))
        })
        .collect()
}

fn message(
    body: Option<String>,
    attributes: BTreeMap<String, Attribute>,
    delay: Option<i64>,
    fifo: Option<&String>,
) -> Result<NewMessage, SqsError> {
    if fifo.is_some() {
        return Err(SqsError::not_built("A message group or deduplication id"));
    }
    let attributes = attributes.into_iter().map(|(name, value)| {
        let value = attribute(&name, value)?;
        Ok((name, value))
    });
    Ok(NewMessage {
        body: needed(body, "MessageBody")?,
        delay: number(delay, "DelaySeconds")?,
        attributes: attributes.collect::<Result<_, SqsError>>()?,
    })
}

fn attribute(name: &str, value: Attribute) -> Result<AttributeValue, SqsError> {
    let data_type = value.data_type.filter(|text| !text.is_empty()).ok_or_else(|| {
        SqsError::invalid(format!(
            "The message attribute '{name}' must contain non-empty message attribute type."
        ))
    })?;
    let bytes = match (data_type.split('.').next(), value.string_value, value.binary_value) {
        (Some("String" | "Number"), Some(text), None) => Some(text.into_bytes()),
        (Some("Binary"), None, Some(text)) => BASE64_STANDARD.decode(text).ok(),
        (Some("String" | "Number" | "Binary"), _, _) => None,
        _ => {
            return Err(SqsError::invalid(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                 prefixes is Binary, Number, and String."
            )));
        }
    };
    let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or_else(|| {
        SqsError::invalid(format!(
            "The message attribute '{name}' must contain a non-empty value of type '{data_type}'."
        ))
    })?;
    Ok(AttributeValue { data_type, bytes })
}

#[cfg(test)]
mod tests;
