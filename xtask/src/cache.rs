//! The user's cache: built once, found again by content.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;

/// How many entries of a kind are kept: the one in use and the one before it (another branch).
const KEEP: usize = 2;

/// Our folder: `$XDG_CACHE_HOME/node-gate` or `~/.cache/node-gate`.
pub(crate) fn dir() -> anyhow::Result<PathBuf> {
    let xdg = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    Ok(xdg.or_else(home).context("neither HOME nor XDG_CACHE_HOME is set")?.join("node-gate"))
}

/// An entry of a kind, made if missing, marked as used; entries unused for longest are removed.
pub(crate) fn entry(cache: &Path, kind: &str, key: &str) -> anyhow::Result<PathBuf> {
    let entry = cache.join(kind).join(key);
    fs::create_dir_all(&entry).with_context(|| format!("creating {}", entry.display()))?;
    File::create(entry.join(USED)).with_context(|| format!("marking {}", entry.display()))?;
    prune(&cache.join(kind), &entry)?;
    Ok(entry)
}

/// Its time of change says when the entry was last used.
const USED: &str = ".used";

fn prune(kind: &Path, current: &Path) -> anyhow::Result<()> {
    let used = |entry: &Path| {
        fs::metadata(entry.join(USED)).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut entries: Vec<PathBuf> =
        fs::read_dir(kind)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    entries.sort_by_key(|entry| std::cmp::Reverse((entry == current, used(entry))));
    for old in entries.iter().skip(KEEP) {
        println!("removing {} from the cache: no longer used", old.display());
        fs::remove_dir_all(old).with_context(|| format!("removing {}", old.display()))?;
    }
    Ok(())
}

/// Where cargo builds. In CI every clone is fresh, so there the compiled dependencies live in the cache, one folder
/// for each toolchain and set of dependencies.
pub(crate) fn target_dir(root: &Path, cache: &Path) -> anyhow::Result<PathBuf> {
    if env::var("CI").is_ok_and(|ci| ci == "true") {
        let key = hash(&[fs::read(root.join("rust-toolchain.toml"))?, fs::read(root.join("Cargo.lock"))?]);
        return entry(cache, "target", &key);
    }
    if let Some(dir) = env::var_os("CARGO_TARGET_DIR") {
        return Ok(root.join(dir));
    }
    // …/target/debug/xtask
    let here = env::current_exe().context("finding the running program")?;
    Ok(here.ancestors().nth(2).context("xtask lies in a target folder")?.to_owned())
}

/// A short name for contents. FNV-1a: the same on every machine and toolchain, and nobody attacks it here.
pub(crate) fn hash<T: AsRef<[u8]>>(parts: &[T]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        // the length keeps ["ab", "c"] and ["a", "bc"] apart
        let length = part.as_ref().len().to_le_bytes();
        for byte in length.iter().chain(part.as_ref()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_contents_have_different_names() {
        assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab"]), hash(&["ab", ""]));
    }

    #[test]
    fn the_entry_in_use_and_the_one_before_it_are_kept() {
        let cache = env::temp_dir().join(format!("node-gate-cache-test-{}", std::process::id()));
        for (age, key) in ["three", "two", "one"].iter().rev().enumerate() {
            let dir = entry(&cache, "kind", key).unwrap();
            let then = SystemTime::now() - std::time::Duration::from_secs(60 * (age as u64 + 1));
            File::options().write(true).open(dir.join(USED)).unwrap().set_modified(then).unwrap();
        }
        entry(&cache, "kind", "now").unwrap();
        let mut left: Vec<_> =
            fs::read_dir(cache.join("kind")).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        fs::remove_dir_all(&cache).unwrap();
        assert_eq!(left, ["now", "one"]);
    }
}
