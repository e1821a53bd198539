//! The parameters of a request in the JSON protocol.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::sqs::SqsError;

/// All parameters of all operations: each takes what it knows and ignores the rest.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Params {
    pub(crate) queue_name: Option<String>,
    pub(crate) queue_url: Option<String>,
    pub(crate) queue_name_prefix: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) attribute_names: Vec<String>,
    /// `CreateQueue` alone writes it small.
    #[serde(alias = "tags")]
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) tag_keys: Vec<String>,
    pub(crate) message_system_attribute_names: Vec<String>,
    pub(crate) message_attribute_names: Vec<String>,
    pub(crate) message_body: Option<String>,
    pub(crate) message_attributes: BTreeMap<String, Attribute>,
    pub(crate) delay_seconds: Option<i64>,
    pub(crate) max_number_of_messages: Option<i64>,
    pub(crate) max_results: Option<i64>,
    pub(crate) next_token: Option<String>,
    pub(crate) receipt_handle: Option<String>,
    pub(crate) visibility_timeout: Option<i64>,
    pub(crate) wait_time_seconds: Option<i64>,
    pub(crate) message_group_id: Option<String>,
    pub(crate) message_deduplication_id: Option<String>,
    pub(crate) entries: Option<Vec<Entry>>,
}

/// One of a batch, of messages or of receipt handles.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    pub(crate) id: Option<String>,
    pub(crate) message_body: Option<String>,
    #[serde(default)]
    pub(crate) message_attributes: BTreeMap<String, Attribute>,
    pub(crate) delay_seconds: Option<i64>,
    pub(crate) receipt_handle: Option<String>,
    pub(crate) visibility_timeout: Option<i64>,
    pub(crate) message_group_id: Option<String>,
    pub(crate) message_deduplication_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attribute {
    pub(crate) data_type: Option<String>,
    pub(crate) string_value: Option<String>,
    pub(crate) binary_value: Option<String>,
}

impl Params {
    /// Reads a body; an empty one has no parameters.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, SqsError> {
        if body.is_empty() {
            return Ok(Params::default());
        }
        // An object first: serde would take a list for the fields in their order.
        let members: Result<Map<String, Value>, _> = serde_json::from_slice(body);
        members.and_then(|members| serde_json::from_value(Value::Object(members))).map_err(|error| {
            SqsError::common(400, "SerializationException", "SerializationException", error.to_string())
        })
    }
}
