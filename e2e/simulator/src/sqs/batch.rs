//! The rules that a batch must keep as a whole; its entries succeed or fail each for itself.

use std::collections::BTreeSet;

use super::command::Reply;
use super::error::SqsError;

/// AWS's limits.
const MOST_ENTRIES: usize = 10;
const LONGEST_ID: usize = 80;

/// Refuses a batch whose entries are none, too many, or named badly.
pub(crate) fn check<T>(operation: &str, entries: &[(String, T)]) -> Result<(), SqsError> {
    if entries.is_empty() {
        return Err(SqsError::spaced(
            "EmptyBatchRequest",
            format!("There should be at least one {operation}RequestEntry in the request."),
        ));
    }
    if entries.len() > MOST_ENTRIES {
        return Err(SqsError::spaced(
            "TooManyEntriesInBatchRequest",
            format!(
                "Maximum number of entries per request are {MOST_ENTRIES}. You have sent {}.",
                entries.len()
            ),
        ));
    }
    let mut seen = BTreeSet::new();
    for (id, _) in entries {
        let is_plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if id.is_empty() || id.len() > LONGEST_ID || !is_plain {
            return Err(SqsError::spaced(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at \
                 most 80 letters long.",
            ));
        }
        if !seen.insert(id) {
            return Err(SqsError::spaced("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
        }
    }
    Ok(())
}

/// Does something with each entry that checks out, and tells which it worked for.
pub(crate) fn each<T>(entries: Vec<(String, T)>, mut work: impl FnMut(T) -> Result<(), SqsError>) -> Reply {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (id, entry) in entries {
        match work(entry) {
            Ok(()) => done.push(id),
            Err(error) => failed.push((id, error)),
        }
    }
    Reply::Batch { done, failed }
}
