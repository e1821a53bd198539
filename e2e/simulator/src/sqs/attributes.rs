//! The attributes of a queue that its owner sets.

use std::collections::BTreeMap;

use super::error::SqsError;

/// The longest message that AWS takes, and the longest batch: 1 MiB since August 2025, in the SDK's model and the quotas
/// of the developer guide. It was 256 KiB before.
pub(crate) const LONGEST_MESSAGE: u32 = 1 << 20;

/// Attributes with their limits and AWS's defaults.
const NUMBERS: &[(&str, u32, u32, u32)] = &[
    (DELAY, 0, 900, 0),
    (SIZE, 1024, LONGEST_MESSAGE, LONGEST_MESSAGE),
    (RETENTION, 60, 1_209_600, 345_600),
    (WAIT, 0, 20, 0),
    (VISIBILITY, 0, 43_200, 30),
];
/// Attributes that only say who may read and how it is kept; repeated in answers.
const TEXTS: &[&str] = &["Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"];
/// Attributes that would change how messages live.
const NOT_BUILT: &[&str] = &[
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedrivePolicy",
    "RedriveAllowPolicy",
];

pub(crate) const DELAY: &str = "DelaySeconds";
pub(crate) const SIZE: &str = "MaximumMessageSize";
pub(crate) const RETENTION: &str = "MessageRetentionPeriod";
pub(crate) const WAIT: &str = "ReceiveMessageWaitTimeSeconds";
pub(crate) const VISIBILITY: &str = "VisibilityTimeout";

/// Values by name; every number is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attributes {
    numbers: BTreeMap<&'static str, u32>,
    texts: BTreeMap<&'static str, String>,
}

impl Default for Attributes {
    fn default() -> Self {
        let numbers = NUMBERS.iter().map(|(name, _, _, default)| (*name, *default)).collect();
        Attributes { numbers, texts: BTreeMap::new() }
    }
}

impl Attributes {
    /// These, changed as asked; all or nothing.
    pub(crate) fn with(&self, changes: &BTreeMap<String, String>) -> Result<Self, SqsError> {
        let mut new = self.clone();
        for (name, value) in changes {
            if let Some((name, least, most, _)) = NUMBERS.iter().find(|(known, ..)| known == name) {
                let number = value.parse().ok().filter(|number| (least..=most).contains(&number));
                new.numbers.insert(name, number.ok_or_else(|| refused(name))?);
            } else if let Some(name) = TEXTS.iter().find(|known| *known == name) {
                new.texts.insert(name, value.clone());
            } else if NOT_BUILT.contains(&name.as_str()) {
                return Err(SqsError::not_built(name));
            } else {
                return Err(unknown(name));
            }
        }
        Ok(new)
    }

    /// An attribute that is a number; zero if there is none of this name.
    pub(crate) fn number(&self, name: &str) -> u32 {
        self.numbers.get(name).copied().unwrap_or_default()
    }

    /// All of them as on the wire.
    pub(crate) fn texts(&self) -> BTreeMap<String, String> {
        let numbers = self.numbers.iter().map(|(name, number)| ((*name).to_owned(), number.to_string()));
        let texts = self.texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
        numbers.chain(texts).collect()
    }

    /// Whether AWS has an attribute of this name that an owner may set.
    pub(crate) fn is_known(name: &str) -> bool {
        NUMBERS.iter().map(|(known, ..)| known).chain(TEXTS).chain(NOT_BUILT).any(|known| *known == name)
    }

    /// The first attribute named in `wished` that has another value here.
    pub(crate) fn difference(&self, wished: &BTreeMap<String, String>) -> Option<String> {
        let mine = self.texts();
        wished.iter().find(|(name, value)| mine.get(*name) != Some(value)).map(|(name, _)| name.clone())
    }
}

pub(crate) fn unknown(name: &str) -> SqsError {
    SqsError::modeled("InvalidAttributeName", "InvalidAttributeName", format!("Unknown Attribute {name}."))
}

fn refused(name: &str) -> SqsError {
    SqsError::modeled(
        "InvalidAttributeValue",
        "InvalidAttributeValue",
        format!("Invalid value for the parameter {name}."),
    )
}
