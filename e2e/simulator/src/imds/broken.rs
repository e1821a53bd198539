//! What a fault makes of a request to a metadata service.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use super::answers::{Body, cut, refusal, text, trickled, whole};
use super::fault::ImdsFault;
use super::leaves::is_target;
use super::respond::Head;
use crate::http::answer;
use crate::world::Machine;

/// What a proxy that wants a login shows.
const LOGIN: &str =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>\n";

/// Counts requests by the second.
#[derive(Debug, Default)]
pub(super) struct Rate {
    second: Option<Instant>,
    count: u32,
}

impl Rate {
    /// Counts one more; true if there were fewer than `most` in this second.
    fn admits(&mut self, most: u32, now: Instant) -> bool {
        if self.second.is_none_or(|second| now.duration_since(second) >= Duration::from_secs(1)) {
            *self = Rate { second: Some(now), count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }
}

/// The answer of a fault that does not let a request in at all.
pub(super) fn at_the_door(fault: &ImdsFault, rate: &mut Rate, now: Instant) -> Option<Response<Full<Bytes>>> {
    match fault {
        ImdsFault::Status(status) => Some(refusal(*status)),
        ImdsFault::Html => Some(answer(200, "text/html", LOGIN)),
        ImdsFault::Throttle { per_second } => (!rate.admits(*per_second, now)).then(|| refusal(503)),
        ImdsFault::Reads(_)
        | ImdsFault::NoTarget
        | ImdsFault::Target(_)
        | ImdsFault::Slow(_)
        | ImdsFault::Unreachable
        | ImdsFault::Garbage(_)
        | ImdsFault::Trickle(_)
        | ImdsFault::Cut
        | ImdsFault::Hang => None,
    }
}

/// What becomes of the answer to a request that was let in. Only what was read changes: whoever has no good token is
/// refused as ever.
pub(super) fn on_the_way(
    fault: &ImdsFault,
    machine: &Machine,
    request: &Head,
    response: Response<Full<Bytes>>,
) -> Response<Body> {
    if !request.reads() || !matches!(response.status().as_u16(), 200 | 404) {
        return whole(response);
    }
    match fault {
        ImdsFault::Reads(status) => whole(refusal(*status)),
        ImdsFault::Garbage(bytes) => whole(text(bytes.clone(), machine.launched)),
        ImdsFault::NoTarget if is_target(&request.path) => whole(refusal(404)),
        ImdsFault::Target(target) if is_target(&request.path) => {
            whole(text(target.clone(), machine.launched))
        }
        ImdsFault::Trickle(pause) => trickled(response, *pause),
        ImdsFault::Cut => cut(response),
        ImdsFault::Status(_)
        | ImdsFault::Throttle { .. }
        | ImdsFault::NoTarget
        | ImdsFault::Target(_)
        | ImdsFault::Slow(_)
        | ImdsFault::Unreachable
        | ImdsFault::Html
        | ImdsFault::Hang => whole(response),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_a_second_are_admitted() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let mut at = |millis| rate.admits(2, start + Duration::from_millis(millis));
        assert_eq!([at(0), at(10), at(20), at(999)], [true, true, false, false]);
        assert_eq!([at(1000), at(1500), at(1999)], [true, true, false]);
    }
}
