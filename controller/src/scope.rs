//! Which Auto Scaling groups are ours. Everything else in the account does not exist for us.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The groups that the controller looks after; choosing one is mandatory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Groups of an EKS cluster: tagged `eks:cluster-name=NAME` or `kubernetes.io/cluster/NAME`.
    Cluster(String),
    /// Groups that carry all of these tags.
    Tags(Vec<GroupTag>),
    /// Groups by name.
    Groups(Vec<String>),
}

/// A tag that a group must carry: `KEY` with any value, or `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTag {
    /// The tag's key.
    pub key: String,
    /// The value it must have; none = any.
    pub value: Option<String>,
}

impl FromStr for GroupTag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        if key.is_empty() {
            return Err("expected KEY or KEY=VALUE".to_owned());
        }
        Ok(GroupTag { key: key.to_owned(), value })
    }
}

/// A filter of `DescribeAutoScalingGroups`; it narrows what AWS sends, [`Scope::contains`] decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// `tag-key` or `tag:KEY`.
    pub name: String,
    /// Any of these.
    pub values: Vec<String>,
}

impl Scope {
    /// True if a group of this name and with these tags is ours.
    pub fn contains(&self, group: &str, tags: &BTreeMap<String, String>) -> bool {
        match self {
            Scope::Cluster(name) => {
                tags.get("eks:cluster-name") == Some(name)
                    || tags.contains_key(&format!("kubernetes.io/cluster/{name}"))
            }
            Scope::Tags(wanted) => wanted.iter().all(|tag| {
                tags.get(&tag.key).is_some_and(|has| tag.value.as_ref().is_none_or(|value| value == has))
            }),
            Scope::Groups(names) => names.iter().any(|name| name == group),
        }
    }

    /// The filters that make one describe call enough.
    pub fn filters(&self) -> Vec<Filter> {
        match self {
            Scope::Cluster(name) => vec![Filter {
                name: "tag-key".to_owned(),
                values: vec!["eks:cluster-name".to_owned(), format!("kubernetes.io/cluster/{name}")],
            }],
            Scope::Tags(tags) => tags
                .iter()
                .map(|tag| match &tag.value {
                    Some(value) => Filter { name: format!("tag:{}", tag.key), values: vec![value.clone()] },
                    None => Filter { name: "tag-key".to_owned(), values: vec![tag.key.clone()] },
                })
                .collect(),
            Scope::Groups(_) => Vec::new(),
        }
    }

    /// The names to ask for, where the scope is one of names.
    pub fn names(&self) -> &[String] {
        match self {
            Scope::Groups(names) => names,
            Scope::Cluster(_) | Scope::Tags(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_cluster_is_known_by_either_tag_and_no_other_cluster_is_ours() {
        let scope = Scope::Cluster("blue".into());
        assert!(scope.contains("g", &tags(&[("eks:cluster-name", "blue")])));
        assert!(scope.contains("g", &tags(&[("kubernetes.io/cluster/blue", "owned")])));
        assert!(!scope.contains("g", &tags(&[("eks:cluster-name", "green")])));
        assert!(!scope.contains("blue", &tags(&[])));
    }

    #[test]
    fn all_tags_must_match() {
        let scope = Scope::Tags(vec!["team=a".parse().unwrap(), "gated".parse().unwrap()]);
        assert!(scope.contains("g", &tags(&[("team", "a"), ("gated", "")])));
        assert!(!scope.contains("g", &tags(&[("team", "b"), ("gated", "")])));
        assert!(!scope.contains("g", &tags(&[("team", "a")])));
    }

    #[test]
    fn a_tag_without_a_key_is_refused() {
        assert!("=x".parse::<GroupTag>().is_err());
        assert!("".parse::<GroupTag>().is_err());
    }
}
