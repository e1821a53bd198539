//! The user's terminal: whoever took it over, and however that one ended, it is given back as it was.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

/// Leaves the alternate screen and shows the cursor.
const BACK: &str = r"\033[?1049l\033[?25h";

/// Waits for a word; if there is none, whoever should have said it was killed. What still draws dies first.
const GUARD: &str = r#"
    trap '' HUP INT QUIT TERM TTOU
    read -r word && exit
    sleep 0.2
    stty "$1" <&1
    printf "$2""#;

/// The terminal and its settings.
#[derive(Debug)]
pub(crate) struct Terminal {
    settings: String,
}

impl Terminal {
    /// The one we run on; none if we do not, or if nobody can draw on it.
    pub(crate) fn ours() -> Option<Self> {
        let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        if dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let settings = Command::new("stty").arg("-g").stdin(Stdio::inherit()).output().ok()?;
        let settings = String::from_utf8(settings.stdout).ok()?.trim().to_owned();
        Some(Terminal { settings })
    }

    /// Gives it back after somebody who could not do so.
    pub(crate) fn restore(&self) {
        let mut restore = Command::new("sh");
        restore.args(["-c", r#"stty "$1" <&1; printf "$2""#, "restore", &self.settings, BACK]);
        let _ = restore.status();
    }

    /// Has it given back even if we are killed, and all in the jail with us.
    pub(crate) fn guard(&self) -> Option<Guard> {
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard", &self.settings, BACK]).stdin(Stdio::piped());
        guard.spawn().ok().map(Guard)
    }
}

/// Watches over the terminal from outside of the jail until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut told) = self.0.stdin.take() {
            let _ = told.write_all(b"done\n");
        }
        let _ = self.0.wait();
    }
}
