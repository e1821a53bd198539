//! What the faults make of one call, to whichever service.

use std::time::Duration;

use crate::fault::Fault;
use crate::shared::Inner;

/// What goes wrong with a call.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    pub(crate) delay: Option<Duration>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) reset: bool,
    pub(crate) lose_reply: bool,
}

/// Why a call is refused; each service has its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Throttled,
    Denied,
    Failed { status: u16, code: String },
}

/// Draws what goes wrong with a call of this operation.
pub(crate) fn plan(inner: &mut Inner, operation: &str) -> Broken {
    let mut broken = Broken::default();
    let applying = inner.faults.iter().filter(|(name, _)| name == "*" || name == operation);
    for (_, fault) in applying {
        let refusal = match fault {
            Fault::Throttle { share } => (inner.random.f64() < *share).then_some(Refusal::Throttled),
            Fault::Deny => Some(Refusal::Denied),
            Fault::Fail { status, code } => Some(Refusal::Failed { status: *status, code: code.clone() }),
            Fault::Delay(delay) => {
                broken.delay = Some(broken.delay.unwrap_or_default() + *delay);
                None
            }
            Fault::Reset => {
                broken.reset = true;
                None
            }
            Fault::LoseReply => {
                broken.lose_reply = true;
                None
            }
        };
        broken.refusal = broken.refusal.or(refusal);
    }
    broken
}
