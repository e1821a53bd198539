//! What a run of machines must leave as it was: the host's network, its kernel settings, its mounts, its `/run`, its cgroups.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;

use anyhow::bail;

use crate::cgroups;

/// Settings that a node changes.
const SETTINGS: [&str; 5] = [
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/net/ipv6/conf/all/forwarding",
    "/proc/sys/kernel/panic",
    "/proc/sys/kernel/panic_on_oops",
    "/proc/sys/vm/overcommit_memory",
];

/// Folders where machines, networks and containers leave their traces.
const FOLDERS: [&str; 6] =
    ["/sys/class/net", "/run", "/run/netns", "/run/systemd/nspawn", "/run/containerd", "/var/lib/machines"];

/// How the host looks: one line a fact.
#[derive(Debug)]
pub(crate) struct Host(BTreeSet<String>);

impl Host {
    /// Looks at it.
    pub(crate) fn now() -> Self {
        let mut facts = BTreeSet::new();
        let ours = env::var(cgroups::RUN).unwrap_or_default();
        for setting in SETTINGS {
            let value = fs::read_to_string(setting).unwrap_or_default();
            facts.insert(format!("{setting} = {}", value.trim()));
        }
        for folder in FOLDERS {
            facts.extend(names(folder).into_iter().map(|name| format!("{folder}/{name}")));
        }
        for hierarchy in names("/sys/fs/cgroup") {
            let folder = format!("/sys/fs/cgroup/{hierarchy}");
            let groups = names(&folder).into_iter().filter(|name| is_not_another_runs(name, &ours));
            let groups = groups.filter(|name| Path::new(&folder).join(name).is_dir());
            facts.extend(groups.map(|name| format!("{folder}/{name}")));
        }
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        facts.extend(mounts.lines().map(|line| format!("mounted: {line}")));
        Host(facts)
    }

    /// Fails with what has changed.
    pub(crate) fn is_as_before(&self, before: &Host) -> anyhow::Result<()> {
        let gone = before.0.difference(&self.0).map(|fact| format!("- {fact}"));
        let new = self.0.difference(&before.0).map(|fact| format!("+ {fact}"));
        let changes: Vec<String> = gone.chain(new).collect();
        if changes.is_empty() {
            return Ok(());
        }
        bail!("the host is not as it was:\n{}", changes.join("\n"))
    }
}

/// Machines of other runs come and go meanwhile.
fn is_not_another_runs(group: &str, ours: &str) -> bool {
    !group.starts_with(cgroups::PREFIX) || group.starts_with(&format!("{ours}-"))
}

/// What is in a folder, if it exists.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_as_it_was_unless_something_came_or_went() {
        let host = |facts: &[&str]| Host(facts.iter().map(|fact| (*fact).to_owned()).collect());
        let before = host(&["a", "b"]);
        assert!(host(&["b", "a"]).is_as_before(&before).is_ok());
        let error = host(&["a", "c"]).is_as_before(&before).unwrap_err().to_string();
        assert_eq!(error, "the host is not as it was:\n- b\n+ c");
        assert!(is_not_another_runs("docker", "node-gate-e2e-1-2"));
        assert!(is_not_another_runs("node-gate-e2e-1-2-i-0123", "node-gate-e2e-1-2"));
        assert!(!is_not_another_runs("node-gate-e2e-1-20-i-0123", "node-gate-e2e-1-2"));
        assert!(Host::now().is_as_before(&Host::now()).is_ok());
    }
}
