//! The gate's drop-ins on disk, whether systemd applies them or not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where systemd looks for what administrators and packages add to a unit.
const ROOTS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Drop-ins by the unit that they are for.
pub type DropIns = BTreeMap<String, Vec<PathBuf>>;

/// Finds them.
pub fn find() -> DropIns {
    // Where /lib is /usr/lib, it holds the same files.
    let merged = std::fs::read_link("/lib").is_ok();
    find_in(ROOTS.iter().filter(|root| !(merged && root.starts_with("/lib"))).map(Path::new))
}

/// Whether two paths are one file's: systemd says /lib where the folder may be a link to /usr/lib.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let plain =
        |path: &Path| path.strip_prefix("/usr").or_else(|_| path.strip_prefix("/")).map(Path::to_owned);
    plain(one).is_ok_and(|one| plain(other).is_ok_and(|other| one == other))
}

/// What cannot be read is not there: systemd could read it, but then it also shows it.
fn find_in<'a>(roots: impl Iterator<Item = &'a Path>) -> DropIns {
    let mut found = DropIns::new();
    for folder in roots.flat_map(entries) {
        let Some(unit) = name(&folder).strip_suffix(".d").map(str::to_owned) else { continue };
        // The gate's own drop-ins are settings of the gate.
        if unit.starts_with("node-gate") || !unit.ends_with(".service") {
            continue;
        }
        let ours = entries(&folder).into_iter().filter(|path| {
            name(path).contains("node-gate") && path.extension().is_some_and(|end| end == "conf")
        });
        for path in ours {
            found.entry(unit.clone()).or_default().push(path);
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lib_is_usr_lib() {
        let same = |one: &str, other: &str| is_same(Path::new(one), Path::new(other));
        assert!(same("/lib/a.d/b.conf", "/usr/lib/a.d/b.conf") && same("/etc/a", "/etc/a"));
        assert!(!same("/etc/a", "/run/a") && !same("/etc/a", "/usr/lib/a"));
    }

    #[test]
    fn drop_ins_are_found_by_unit_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (etc, lib) = (folder.path().join("etc"), folder.path().join("lib"));
        for path in [
            "etc/kubelet.service.d/50-node-gate.conf",
            "lib/kubelet.service.d/50-node-gate.conf",
            "lib/kubelet.service.d/10-environment.conf",
            "lib/k3s-agent.service.d/node-gate.conf",
            "lib/ecs.service.d/node-gate.conf.bak",
            "lib/node-gate.service.d/50-node-gate.conf",
            "lib/multi-user.target.d/50-node-gate.conf",
            "lib/node-gate.service",
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = find_in([etc.as_path(), lib.as_path(), Path::new("/nonexistent")].into_iter());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["k3s-agent.service", "kubelet.service"]);
        let kubelet = [&etc, &lib].map(|root| root.join("kubelet.service.d/50-node-gate.conf"));
        assert_eq!(found["kubelet.service"], kubelet);
    }
}
