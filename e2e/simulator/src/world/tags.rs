//! The tags of groups, one by one.

use super::World;
use super::command::{Page, Reply, Tag, TagFilter};
use super::error::AwsError;
use super::page::cut;

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
