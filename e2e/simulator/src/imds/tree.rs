//! The tree of paths that a metadata service shows: versions on top, directories, leaves with a text.
//!
//! Known from AWS: the versions, that `/` lists them and `/latest/` its two branches, that a directory lists its names one
//! a line with a slash behind those that are directories, and that a directory answers with and without a slash at its
//! end. That a leaf does so too is a judgement.

use std::collections::BTreeSet;

use crate::query::decode;

/// Every version that AWS lists, `latest` aside.
pub(super) const VERSIONS: [&str; 29] = [
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "2011-01-01",
    "2011-05-01",
    "2012-01-12",
    "2014-02-25",
    "2014-11-05",
    "2015-10-20",
    "2016-04-19",
    "2016-06-30",
    "2016-09-02",
    "2018-03-28",
    "2018-08-17",
    "2018-09-24",
    "2019-10-01",
    "2020-10-27",
    "2021-01-03",
    "2021-03-23",
    "2021-07-15",
    "2022-07-09",
    "2022-09-24",
    "2024-04-11",
];
const LATEST: &str = "latest";

/// The leaves of one instance.
#[derive(Debug, Default)]
pub(super) struct Tree(Vec<Leaf>);

#[derive(Debug)]
struct Leaf {
    /// The first version that has it.
    since: &'static str,
    directory: String,
    /// May have slashes in it: it is a tag's key.
    name: String,
    text: String,
}

impl Tree {
    /// Puts a text under a path, as it is since a version.
    pub(super) fn put(&mut self, since: &'static str, path: &str, text: impl Into<String>) {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.put_in(since, directory, name, text);
    }

    /// The same for a name that may have slashes in it.
    pub(super) fn put_in(
        &mut self,
        since: &'static str,
        directory: &str,
        name: &str,
        text: impl Into<String>,
    ) {
        let (directory, name, text) = (directory.to_owned(), name.to_owned(), text.into());
        self.0.push(Leaf { since, directory, name, text });
    }

    /// What a path of a request answers; none is 404.
    pub(super) fn find(&self, path: &str) -> Option<String> {
        if path == "/" {
            return Some(VERSIONS.into_iter().chain([LATEST]).collect::<Vec<_>>().join("\n"));
        }
        let (version, rest) = split(path)?;
        let leaves = || self.0.iter().filter(|leaf| version >= leaf.since);
        let is_here = |leaf: &&Leaf| {
            rest.strip_prefix(leaf.directory.as_str())
                .and_then(|tail| if leaf.directory.is_empty() { Some(tail) } else { tail.strip_prefix('/') })
                .is_some_and(|name| name == leaf.name)
        };
        if let Some(leaf) = leaves().find(is_here) {
            return Some(leaf.text.clone());
        }
        let names: BTreeSet<_> = leaves().filter_map(|leaf| listed(leaf, &rest)).collect();
        (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join("\n"))
    }
}

/// The name that a directory lists because of a leaf.
fn listed(leaf: &Leaf, directory: &str) -> Option<String> {
    if leaf.directory == directory {
        return Some(leaf.name.clone());
    }
    let below = if directory.is_empty() {
        leaf.directory.as_str()
    } else {
        leaf.directory.strip_prefix(directory)?.strip_prefix('/')?
    };
    let name = below.split('/').next()?;
    // The branches of a version stand without a slash.
    Some(if directory.is_empty() { name.to_owned() } else { format!("{name}/") })
}

/// Splits `/latest/meta-data/x/` into the version and `meta-data/x`; none if there is no such version.
pub(super) fn split(path: &str) -> Option<(&str, String)> {
    let path = path.strip_prefix('/')?;
    let (version, rest) = path.split_once('/').unwrap_or((path, ""));
    if version != LATEST && !VERSIONS.contains(&version) {
        return None;
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    // In a path a plus is a plus.
    Some((version, decode(rest.replace('+', "%2B").as_bytes()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.put("1.0", "meta-data/instance-id", "i-1");
        tree.put("2008-02-01", "meta-data/placement/availability-zone", "us-east-1b");
        tree.put("2020-08-24", "meta-data/placement/region", "us-east-1");
        tree.put_in("2021-03-23", "meta-data/tags/instance", "k8s.io/a+b c", "v");
        tree.put("2009-04-04", "dynamic/instance-identity/document", "{}");
        tree
    }

    #[test]
    fn directories_list_their_names_with_and_without_a_slash_at_the_end() {
        for (path, listing) in [
            ("/latest", "dynamic\nmeta-data"),
            ("/latest/meta-data", "instance-id\nplacement/\ntags/"),
            ("/latest/meta-data/placement", "availability-zone\nregion"),
            ("/latest/meta-data/tags", "instance/"),
            ("/latest/meta-data/tags/instance", "k8s.io/a+b c"),
            ("/latest/dynamic", "instance-identity/"),
        ] {
            assert_eq!(tree().find(path).as_deref(), Some(listing), "{path}");
            assert_eq!(tree().find(&format!("{path}/")).as_deref(), Some(listing), "{path}/");
        }
    }

    #[test]
    fn a_version_shows_what_it_had() {
        assert_eq!(tree().find("/1.0/").as_deref(), Some("meta-data"));
        assert_eq!(tree().find("/2008-02-01/meta-data/").as_deref(), Some("instance-id\nplacement/"));
        assert_eq!(tree().find("/2019-10-01/meta-data/placement/region"), None);
        assert_eq!(tree().find("/2020-10-27/meta-data/placement/region").as_deref(), Some("us-east-1"));
        assert_eq!(tree().find("/2020-10-28/meta-data/placement/region"), None, "no such version");
        let versions = tree().find("/").expect("a list");
        assert!(versions.starts_with("1.0\n2007-01-19\n") && versions.ends_with("2024-04-11\nlatest"));
    }

    #[test]
    fn a_tag_is_found_by_its_key_as_it_is_and_as_an_address_writes_it() {
        for key in ["k8s.io/a+b c", "k8s.io%2Fa%2Bb%20c", "k8s.io/a+b%20c"] {
            let path = format!("/latest/meta-data/tags/instance/{key}");
            assert_eq!(tree().find(&path).as_deref(), Some("v"), "{key}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in [
            "",
            "latest",
            "//",
            "/newest/",
            "/latest/meta",
            "/latest/meta-data/instance",
            "/latest/meta-data/instance-id/x",
            "/latest/meta-data//instance-id",
            "/latest/meta-data/placement/regio",
            "/latest/meta-data/%ff",
        ] {
            assert_eq!(tree().find(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_answered_or_not_found(path in "\\PC{0,60}", tail in "\\PC{0,20}") {
            tree().find(&path);
            tree().find(&format!("/latest/meta-data/tags/instance/{tail}"));
        }

        #[test]
        fn whatever_a_directory_lists_is_there(version in 0..VERSIONS.len()) {
            let (tree, mut open) = (tree(), vec![format!("/{}/", VERSIONS[version])]);
            while let Some(directory) = open.pop() {
                let listing = tree.find(&directory).expect("a listing");
                // The branches have no slash, and are directories all the same.
                let top = directory.matches('/').count() == 2;
                for name in listing.lines() {
                    let path = format!("{directory}{name}{}", if top { "/" } else { "" });
                    prop_assert!(tree.find(&path).is_some(), "{}", path);
                    if path.ends_with('/') {
                        open.push(path);
                    }
                }
            }
        }
    }
}
