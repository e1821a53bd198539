//! Which turning points a node has passed, told as Kubernetes Events. Pure: successive sights in, Events out.
//!
//! What has been told needs no memory that outlives us: the marks on a Node tell what was done to it, so a new leader's
//! first sight of them is no turning point; and the Events of one drain have names made from the time of its first
//! eviction, which every leader knows, so that the API server refuses one that it has already.

mod drains;
mod marks;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use drains::Drains;
pub use marks::Marks;

use crate::blockers::clipped;

/// The longest text of an Event, in bytes.
const LIMIT: usize = 1024;

/// Something that a human should find under `kubectl describe node`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// True if somebody may have to do something.
    pub warning: bool,
    /// One word.
    pub reason: &'static str,
    /// The rest, in words.
    pub note: String,
    /// What its name ends with: the same turning point has the same, whoever tells it.
    pub suffix: String,
}

impl Event {
    fn new(warning: bool, reason: &'static str, note: &str, told_by: &str) -> Self {
        let suffix = format!("{}.{told_by}", reason.to_ascii_lowercase());
        Event { warning, reason, note: clipped(note, LIMIT), suffix }
    }

    /// The name of its object.
    pub fn name(&self, node: &str) -> String {
        // a name may have 253 characters, and so may a node's
        let node: String = node.chars().take(180).collect();
        format!("{}.{}", node.trim_end_matches(['.', '-']), self.suffix)
    }
}

/// Events by the names of their Nodes.
pub type Told = Vec<(String, Event)>;

/// A time as a part of an object's name.
fn stamp(time: Timestamp) -> String {
    format!("{:x}", time.as_nanosecond())
}

/// FNV-1a: the same text has the same in every version of the program.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Takes those from `known` that are not in `there` any more.
fn forget<T, U>(known: &mut BTreeMap<String, T>, there: &BTreeMap<String, U>) {
    known.retain(|name, _| there.contains_key(name));
}
