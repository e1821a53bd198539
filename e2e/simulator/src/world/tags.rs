//! The tags of groups, one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::command::{Page, Reply, Tag, TagFilter};
use super::error::AwsError;
use super::page::cut;

/// How many tags a group may have.
const MOST_TAGS: usize = 50;
/// What the keys of users do not start with.
const RESERVED: &str = "aws:";
/// AWS's page sizes: by default, and at most.
const A_PAGE: (u32, u32) = (50, 100);

impl World {
    /// One page of the tags that all filters let through, by group and key.
    pub(super) fn describe_group_tags(&self, filters: &[TagFilter], page: &Page) -> Result<Reply, AwsError> {
        // A space is in no group's name, and before every character that is.
        let tags: Vec<_> = self
            .groups
            .values()
            .flat_map(|group| group.tags.values().map(|tag| (group.name.clone(), tag.clone())))
            .filter(|(group, tag)| filters.iter().all(|filter| filter.holds(group, tag)))
            .map(|(group, tag)| (format!("{group} {}", tag.key), (group, tag)))
            .collect();
        let (page, next) = cut(tags.iter(), page, A_PAGE, |(key, _)| key)?;
        Ok(Reply::Tags { tags: page.into_iter().map(|(_, tag)| tag.clone()).collect(), next })
    }

    /// Puts tags on groups, each beside its group; all of them or none.
    pub(super) fn put_tags(&mut self, tags: Vec<(String, Tag)>) -> Result<Reply, AwsError> {
        let mut by_group: BTreeMap<String, Vec<Tag>> = BTreeMap::new();
        for (group, tag) in tags {
            by_group.entry(group).or_default().push(tag);
        }
        for (group, tags) in &by_group {
            check_tags(&self.group(group)?.tags, tags)?;
        }
        for (group, tags) in by_group {
            self.group_mut(&group)?.tags.extend(tags.into_iter().map(|tag| (tag.key.clone(), tag)));
        }
        Ok(Reply::Done)
    }

    /// Takes tags away by their keys, each beside its group. One that is not there is no error.
    pub(super) fn delete_group_tags(&mut self, tags: &[(String, String)]) -> Result<Reply, AwsError> {
        for (group, _) in tags {
            self.group(group)?;
        }
        for (group, key) in tags {
            self.group_mut(group)?.tags.remove(key);
        }
        Ok(Reply::Done)
    }
}

/// Refuses tags that a group cannot take on beside those it has. That keys are reserved, and how many tags there may be, is
/// documented; the words of the second refusal are a judgement, those of the first are EC2's.
pub(super) fn check_tags(present: &BTreeMap<String, Tag>, new: &[Tag]) -> Result<(), AwsError> {
    if let Some(tag) = new.iter().find(|tag| tag.key.to_ascii_lowercase().starts_with(RESERVED)) {
        return Err(AwsError::validation(format!(
            "Value ( {} ) for parameter key is invalid. Tag keys starting with '{RESERVED}' are reserved for internal use",
            tag.key
        )));
    }
    let keys: BTreeSet<_> = present.keys().chain(new.iter().map(|tag| &tag.key)).collect();
    if keys.len() > MOST_TAGS {
        let message = format!("An AutoScalingGroup cannot have more than {MOST_TAGS} tags");
        return Err(AwsError::new(400, "LimitExceeded", message));
    }
    Ok(())
}

impl TagFilter {
    fn holds(&self, group: &String, tag: &Tag) -> bool {
        match self {
            TagFilter::Group(names) => names.contains(group),
            TagFilter::Key(keys) => keys.contains(&tag.key),
            TagFilter::Value(values) => values.contains(&tag.value),
            TagFilter::Propagate(words) => {
                words.iter().any(|word| word.eq_ignore_ascii_case(&tag.propagate.to_string()))
            }
        }
    }
}
