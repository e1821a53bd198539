//! The tags of machines.

use std::collections::{BTreeMap, BTreeSet};

use super::find::cut;
use super::{Filter, Reply, invalid_value};
use crate::world::World;
use crate::world::command::Page;
use crate::world::error::AwsError;

/// How many tags a machine may have, not counting AWS's own.
const MOST_TAGS: usize = 50;
/// The longest key and value.
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// A tag and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// The instance.
    pub id: String,
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

impl World {
    pub(super) fn describe_tags(&self, filters: &[Filter], page: &Page) -> Result<Reply, AwsError> {
        let all = self.told().flat_map(|instance| instance.tags.iter().map(|tag| (&instance.id, tag)));
        let mut rows: Vec<_> = all
            .map(|(id, (key, value))| {
                // No id holds a slash, so that the order is by id, then by key.
                let place = format!("{id}/{key}");
                (place, TagRow { id: id.clone(), key: key.clone(), value: value.clone() })
            })
            .collect();
        for filter in filters {
            match filter.name.as_str() {
                "resource-id" => rows.retain(|(_, row)| filter.passes([row.id.as_str()])),
                "resource-type" => rows.retain(|_| filter.passes(["instance"])),
                "key" => rows.retain(|(_, row)| filter.passes([row.key.as_str()])),
                "value" => rows.retain(|(_, row)| filter.passes([row.value.as_str()])),
                name => match name.strip_prefix("tag:") {
                    Some(key) => {
                        rows.retain(|(_, row)| row.key == key && filter.passes([row.value.as_str()]));
                    }
                    None => return Err(filter.unknown()),
                },
            }
        }
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (rows, next) = cut(rows, page, |(place, _)| place)?;
        Ok(Reply::Tags { tags: rows.into_iter().map(|(_, row)| row).collect(), next })
    }

    pub(super) fn create_tags(
        &mut self,
        ids: &[String],
        tags: &BTreeMap<String, String>,
    ) -> Result<Reply, AwsError> {
        self.check_ids(ids)?;
        check_tags(tags)?;
        for id in ids {
            let there = self.known(id).map(|instance| &instance.tags);
            let all = there.into_iter().flat_map(BTreeMap::keys).chain(tags.keys());
            check_count(all.filter(|key| !is_reserved(key)).collect::<BTreeSet<_>>().len())?;
        }
        for id in ids {
            if let Some(there) = self.tags_mut(id) {
                there.extend(tags.clone());
            }
        }
        Ok(Reply::Done)
    }

    pub(super) fn delete_tags(
        &mut self,
        ids: &[String],
        tags: &BTreeMap<String, Option<String>>,
    ) -> Result<Reply, AwsError> {
        self.check_ids(ids)?;
        if let Some(key) = tags.keys().find(|key| is_reserved(key)) {
            return Err(reserved(key));
        }
        for id in ids {
            if let Some(there) = self.tags_mut(id) {
                there.retain(|key, value| match tags.get(key) {
                    Some(only) => only.as_ref().is_some_and(|only| only != value),
                    None => !tags.is_empty() || is_reserved(key),
                });
            }
        }
        Ok(Reply::Done)
    }

    fn tags_mut(&mut self, id: &str) -> Option<&mut BTreeMap<String, String>> {
        let alive = self.instances.get_mut(id).or_else(|| self.loose.get_mut(id));
        alive.map(|instance| &mut instance.tags).or_else(|| self.gone.tags_mut(id))
    }
}

/// Refuses tags that nobody but AWS may set, that are too long, or too many.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    for (key, value) in tags {
        if is_reserved(key) {
            return Err(reserved(key));
        }
        if key.is_empty() || key.chars().count() > LONGEST_KEY {
            return Err(invalid_value(format!("A tag key has 1 to {LONGEST_KEY} characters")));
        }
        if value.chars().count() > LONGEST_VALUE {
            return Err(invalid_value(format!("A tag value has at most {LONGEST_VALUE} characters")));
        }
    }
    check_count(tags.len())
}

fn check_count(count: usize) -> Result<(), AwsError> {
    if count > MOST_TAGS {
        let message = format!("More than {MOST_TAGS} tags specified for a resource");
        return Err(AwsError::new(400, "TagLimitExceeded", message));
    }
    Ok(())
}

fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

fn reserved(key: &str) -> AwsError {
    invalid_value(format!("Tag keys starting with 'aws:' are reserved for internal use: {key}"))
}
