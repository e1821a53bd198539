//! The program that the gate's unit starts.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The file and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where the unit says it is.
    pub path: PathBuf,
    /// What was found there.
    pub state: State,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// This very program, executable.
    Ours,
    /// An executable file, but another one than this.
    Another,
    /// Nothing.
    Missing,
    /// A file that not everybody may execute, or no file.
    NotExecutable,
    /// It could not be looked at.
    Unseen(String),
}

impl Program {
    /// Looks at the file.
    pub fn look_at(path: &str) -> Self {
        Program { path: path.into(), state: state(Path::new(path)) }
    }
}

fn state(path: &Path) -> State {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(err) if err.kind() == ErrorKind::NotFound => return State::Missing,
        Err(err) => return State::Unseen(err.to_string()),
    };
    // The gate runs as a user that owns nothing.
    if !found.is_file() || found.permissions().mode() & 0o001 == 0 {
        return State::NotExecutable;
    }
    let is_ours = fs::metadata("/proc/self/exe")
        .is_ok_and(|ours| (ours.dev(), ours.ino()) == (found.dev(), found.ino()));
    if is_ours { State::Ours } else { State::Another }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_ours_another_missing_or_not_executable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node-gate");
        assert_eq!(state(&path), State::Missing);
        assert_eq!(state(folder.path()), State::NotExecutable);
        fs::write(&path, "").unwrap();
        for (mode, expected) in
            [(0o644, State::NotExecutable), (0o750, State::NotExecutable), (0o755, State::Another)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(state(&path), expected);
        }
        assert_eq!(state(&std::env::current_exe().unwrap()), State::Ours);
        assert!(matches!(state(&path.join("below")), State::Unseen(_)));
    }
}
