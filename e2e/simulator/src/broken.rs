//! What the faults make of one call, to whichever service.

use std::time::{Duration, SystemTime};

use crate::fault::Only;
use crate::rules::Asked;
use crate::shared::Inner;

/// What goes wrong with a call.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    pub(crate) delay: Option<Duration>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) reset: bool,
    pub(crate) lose_reply: bool,
    pub(crate) view: View,
}

/// Why a call is refused; each service has its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Throttled,
    Denied,
    Failed { status: u16, code: String },
}

/// How a describing call sees the world.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// As it was so long ago.
    pub(crate) age: Duration,
    /// Without instances launched less than so long ago.
    pub(crate) new: Vec<(Duration, Only)>,
    /// Without instances that set out between group and pool less than so long ago.
    pub(crate) moving: Vec<(Duration, Only)>,
}

impl View {
    /// True if the call sees the world as it is.
    pub(crate) fn is_plain(&self) -> bool {
        self.age.is_zero() && self.new.is_empty() && self.moving.is_empty()
    }
}

/// Draws what goes wrong with a call.
pub(crate) fn plan(inner: &mut Inner, asked: &Asked<'_>, now: SystemTime) -> Broken {
    inner.faults.plan(asked, now, &mut inner.random)
}
