//! Moments as AWS's services write them: in UTC, and what is finer than the form is cut off, so that nothing is told from
//! the future.

use std::time::SystemTime;

use jiff::Timestamp;

/// `2026-09-27T11:20:28.419Z`
pub(crate) fn millis(at: SystemTime) -> String {
    written(at, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// `2026-09-27T11:20:28Z`
pub(crate) fn seconds(at: SystemTime) -> String {
    written(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// `2026-09-27T11:20:28.000Z`, as EC2 writes whole seconds.
pub(crate) fn whole_seconds(at: SystemTime) -> String {
    written(at, "%Y-%m-%dT%H:%M:%S.000Z")
}

/// `2026-09-27 11:20:28 GMT`
pub(crate) fn spaced(at: SystemTime) -> String {
    written(at, "%Y-%m-%d %H:%M:%S GMT")
}

/// `Sun, 27 Sep 2026 11:20:28 GMT`
pub(crate) fn http_date(at: SystemTime) -> String {
    written(at, "%a, %d %b %Y %H:%M:%S GMT")
}

/// `27 Sep 2026 11:20:28 GMT`, as the maintenance events of the metadata service alone write it.
pub(crate) fn day(at: SystemTime) -> String {
    written(at, "%d %b %Y %H:%M:%S GMT")
}

/// Empty for a moment that no calendar has.
fn written(at: SystemTime, form: &str) -> String {
    Timestamp::try_from(at).map(|at| at.strftime(form).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_form_cuts_off_what_it_has_no_room_for() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_790_508_028_999_999);
        let written = [millis(at), seconds(at), whole_seconds(at), spaced(at), http_date(at), day(at)];
        let expected = [
            "2026-09-27T11:20:28.999Z",
            "2026-09-27T11:20:28Z",
            "2026-09-27T11:20:28.000Z",
            "2026-09-27 11:20:28 GMT",
            "Sun, 27 Sep 2026 11:20:28 GMT",
            "27 Sep 2026 11:20:28 GMT",
        ];
        assert_eq!(written, expected);
    }
}
