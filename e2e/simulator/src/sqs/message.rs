//! One message: what a sender may send, and what the queue keeps.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::command::Sent;
use super::digest;
use super::error::SqsError;

/// AWS's limit of attributes a message.
const MOST_ATTRIBUTES: usize = 10;

/// A message to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// Its body.
    pub body: String,
    /// How long it is kept back, in seconds; the queue's by default.
    pub delay: Option<u32>,
    /// The sender's attributes.
    pub attributes: BTreeMap<String, AttributeValue>,
}

/// One of the sender's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeValue {
    /// `String`, `Number` or `Binary`, perhaps with a label after a dot.
    pub data_type: String,
    /// Its value; text is UTF-8.
    pub bytes: Vec<u8>,
}

impl AttributeValue {
    /// Whether its value is bytes rather than text.
    pub fn is_binary(&self) -> bool {
        self.data_type.split('.').next() == Some("Binary")
    }
}

impl NewMessage {
    /// What AWS counts against its limits.
    pub(crate) fn size(&self) -> usize {
        let attributes: usize = self
            .attributes
            .iter()
            .map(|(name, value)| name.len() + value.data_type.len() + value.bytes.len())
            .sum();
        self.body.len() + attributes
    }

    /// Refuses what SQS does not carry.
    pub(crate) fn check(&self, longest: usize) -> Result<(), SqsError> {
        if self.body.is_empty() {
            return Err(SqsError::missing("MessageBody"));
        }
        if self.size() > longest {
            return Err(SqsError::invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {longest} bytes."
            )));
        }
        if let Some(strange) = self.body.chars().find(|c| !is_allowed(*c)) {
            return Err(SqsError::modeled(
                "InvalidMessageContents",
                "InvalidMessageContents",
                format!(
                    "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters \
                     is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
                    u32::from(strange)
                ),
            ));
        }
        if self.attributes.len() > MOST_ATTRIBUTES {
            return Err(SqsError::invalid(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
                self.attributes.len()
            )));
        }
        Ok(())
    }
}

/// XML's characters: the older protocol could carry no others.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) sent: Sent,
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, AttributeValue>,
    pub(crate) size: usize,
    pub(crate) sent_at: SystemTime,
    /// From when on a reader gets it.
    pub(crate) visible_at: SystemTime,
    pub(crate) first_received: Option<SystemTime>,
    /// How often it was handed out.
    pub(crate) deliveries: u32,
}

impl Message {
    pub(crate) fn new(id: String, new: NewMessage, sent_at: SystemTime, visible_at: SystemTime) -> Self {
        Message {
            sent: Sent {
                id,
                body_md5: digest::of_body(&new.body),
                attributes_md5: digest::of_attributes(&new.attributes),
            },
            size: new.size(),
            body: new.body,
            attributes: new.attributes,
            sent_at,
            visible_at,
            first_received: None,
            deliveries: 0,
        }
    }
}
