//! Messages to systemd. Without `NOTIFY_SOCKET` they go nowhere.

use std::io;

use sd_notify::NotifyState;
use tracing::debug;

/// Sets the text that `systemctl status` shows. One that is lost changes nothing.
pub fn status(text: &str) {
    if let Err(err) = sd_notify::notify(&[NotifyState::Status(text)]) {
        debug!("systemd did not take a message: {err}");
    }
}

/// Says that the gate is open, which is what starts kubelet: the unit is `Type=notify`.
pub fn ready(text: &str) -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(text)])
}
