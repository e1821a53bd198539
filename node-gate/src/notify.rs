//! Messages to systemd. Without `NOTIFY_SOCKET` they go nowhere, and none that is lost changes anything.

use sd_notify::NotifyState;
use tracing::debug;

/// Sets the text that `systemctl status` shows.
pub fn status(text: &str) {
    send(&[NotifyState::Status(text)]);
}

/// Says that the gate is open. A `Type=oneshot` unit needs only the text; `READY=1` serves a `Type=notify` one.
pub fn ready(text: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(text)]);
}

fn send(messages: &[NotifyState]) {
    if let Err(err) = sd_notify::notify(messages) {
        debug!("systemd did not take a message: {err}");
    }
}
