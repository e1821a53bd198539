//! The tags of queues. Nothing goes by them here; a user finds them again.

use std::collections::BTreeMap;

use super::Queues;
use super::command::Reply;
use super::error::SqsError;

/// AWS's limits, in characters and tags.
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;
const MOST: usize = 50;

impl Queues {
    pub(super) fn tag(&mut self, queue: &str, tags: BTreeMap<String, String>) -> Result<Reply, SqsError> {
        let queue = self.queue_mut(queue)?;
        queue.tags = with(&queue.tags, tags)?;
        Ok(Reply::Done)
    }

    pub(super) fn untag(&mut self, queue: &str, keys: &[String]) -> Result<Reply, SqsError> {
        self.queue_mut(queue)?.tags.retain(|key, _| !keys.contains(key));
        Ok(Reply::Done)
    }

    pub(super) fn tags(&self, queue: &str) -> Result<Reply, SqsError> {
        Ok(Reply::Tags(self.queue(queue)?.tags.clone()))
    }
}

/// These tags and the new ones; all or nothing. The limits are AWS's, the words a judgement.
pub(super) fn with(
    old: &BTreeMap<String, String>,
    new: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, SqsError> {
    let is_wrong = |(key, value): (&String, &String)| {
        let (key_length, value_length) = (key.chars().count(), value.chars().count());
        key_length == 0 || key_length > LONGEST_KEY || value_length > LONGEST_VALUE || key.starts_with("aws:")
    };
    if let Some((key, _)) = new.iter().find(|tag| is_wrong(*tag)) {
        return Err(SqsError::invalid(format!(
            "The tag {key} is not valid: a key has 1 to {LONGEST_KEY} characters and does not begin with aws:, a value has \
             at most {LONGEST_VALUE}."
        )));
    }
    let mut all = old.clone();
    all.extend(new);
    if all.len() > MOST {
        return Err(SqsError::invalid(format!("A queue has at most {MOST} tags.")));
    }
    Ok(all)
}
