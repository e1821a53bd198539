//! What the gate tells others on disk: `status.json`, rewritten at each change, and `opened.json`, written once by opening. What
//! it is told: `open.json`, the request of `node-gate open`.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::by_hand::Request;
use crate::files::write_atomically;

/// What the gate is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It holds.
    Held,
    /// It opened, and the program has ended.
    Opened,
    /// The program was told to end and ended, without opening.
    Stopped,
}

/// The content of `status.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What the gate is doing.
    pub state: State,
    /// Why, as a short name.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// Since when, for this reason.
    pub since: Timestamp,
    /// When the gate began to hold.
    pub started: Timestamp,
    /// What it waits for, in words.
    pub waits_for: String,
    /// The instance's id, once it was needed.
    pub instance: Option<String>,
    /// The process.
    pub pid: u32,
}

/// The content of `opened.json`: proof that the gate opened, bound to one start of the unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// When.
    pub at: Timestamp,
    /// Why, as a short name.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// systemd's `$INVOCATION_ID` of the start that opened; `None` where systemd did not start it.
    pub invocation: Option<String>,
}

/// The folder that holds these files.
#[derive(Debug, Clone)]
pub struct Folder {
    status: PathBuf,
    opened: PathBuf,
    request: PathBuf,
}

impl Folder {
    /// Names the folder, touches nothing.
    pub fn new(path: &Path) -> Self {
        Folder {
            status: path.join("status.json"),
            opened: path.join("opened.json"),
            request: path.join("open.json"),
        }
    }

    /// Makes the folder and takes away what an earlier start recorded or was asked for: this start has not opened yet.
    pub fn prepare(&self) -> io::Result<()> {
        if let Some(folder) = self.status.parent() {
            std::fs::create_dir_all(folder)?;
        }
        self.drop_opened()?;
        self.drop_request()
    }

    /// Writes the status.
    pub fn write_status(&self, status: &Status) -> io::Result<()> {
        write(&self.status, status)
    }

    /// Records the opening.
    pub fn write_opened(&self, opened: &Opened) -> io::Result<()> {
        write(&self.opened, opened)
    }

    /// Asks for the opening.
    pub fn write_request(&self, request: &Request) -> io::Result<()> {
        write(&self.request, request)
    }

    /// Takes back the record of an opening.
    pub fn drop_opened(&self) -> io::Result<()> {
        remove(&self.opened)
    }

    /// Takes the request away, if there is one.
    pub fn drop_request(&self) -> io::Result<()> {
        remove(&self.request)
    }

    /// Reads the status; `None`: there is none.
    pub fn read_status(&self) -> io::Result<Option<Status>> {
        read(&self.status)
    }

    /// Reads the record of the opening; `None`: there is none.
    pub fn read_opened(&self) -> io::Result<Option<Opened>> {
        read(&self.opened)
    }

    /// Where a request is.
    pub fn request_path(&self) -> &Path {
        &self.request
    }

    /// Where the status is.
    pub fn status_path(&self) -> &Path {
        &self.status
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(content)?;
    text.push(b'\n');
    write_atomically(path, &text)
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Option<T>> {
    // A pipe would be waited for.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no plain file"));
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(err),
    }
}
