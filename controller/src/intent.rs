//! What a termination has come to, written on the Node, so that no crash and no take-over forgets it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The annotation that holds the intent.
pub const ANNOTATION: &str = "node-gate.io/termination";

/// The only version written so far. A reader refuses others instead of guessing.
const VERSION: u32 = 1;

/// Where a leaving instance goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Destination {
    /// It will be terminated.
    Terminated,
    /// It goes back to the warm pool.
    WarmPool,
    /// It stays, with a new root volume.
    NewRootVolume,
}

/// The durable record of one termination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    version: u32,
    /// The hook to complete.
    pub hook: String,
    /// The group of the hook.
    pub group: String,
    /// The action's token, if an event brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where the instance goes.
    pub destination: Destination,
    /// When the action was first seen waiting.
    pub since: Timestamp,
    /// When the first eviction was tried; the drain's deadline counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_eviction: Option<Timestamp>,
    /// When the action was completed, or was found to be so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Timestamp>,
}

impl Intent {
    /// A fresh intent.
    pub fn new(group: &str, hook: &str, destination: Destination, since: Timestamp) -> Self {
        Intent {
            version: VERSION,
            hook: hook.to_owned(),
            group: group.to_owned(),
            token: None,
            destination,
            since,
            first_eviction: None,
            completed: None,
        }
    }

    /// The annotation's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads an annotation; text that is not ours, or of another version, is none.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str::<Intent>(text).ok().filter(|intent| intent.version == VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let mut intent = Intent::new("g", "h", Destination::WarmPool, Timestamp::UNIX_EPOCH);
        intent.first_eviction = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(Intent::from_text(&intent.to_text()), Some(intent));
    }

    #[test]
    fn the_text_of_version_one_does_not_change() {
        let intent = Intent::new("g", "h", Destination::Terminated, Timestamp::UNIX_EPOCH);
        assert_eq!(
            intent.to_text(),
            r#"{"version":1,"hook":"h","group":"g","destination":"terminated","since":"1970-01-01T00:00:00Z"}"#
        );
    }

    #[test]
    fn garbage_and_other_versions_are_no_intent() {
        assert_eq!(Intent::from_text("{"), None);
        assert_eq!(Intent::from_text("[]"), None);
        let other = Intent::new("g", "h", Destination::Terminated, Timestamp::UNIX_EPOCH)
            .to_text()
            .replace("\"version\":1", "\"version\":2");
        assert_eq!(Intent::from_text(&other), None);
    }
}
