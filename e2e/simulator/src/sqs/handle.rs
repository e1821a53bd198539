//! Receipt handles: what names one delivery of one message.

use std::fmt;

/// The parts of a receipt handle. Opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handle {
    /// Which queue, so that a handle of another one, or of one long deleted, is no good.
    pub(crate) queue: String,
    /// The message's number in it.
    pub(crate) number: u64,
    /// Which delivery of the message.
    pub(crate) delivery: u32,
}

/// How AWS's begin.
const START: &str = "AQEB";

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}{}/{}/{}", self.queue, self.number, self.delivery)
    }
}

impl Handle {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(START)?.split('/');
        let handle = Handle {
            queue: parts.next()?.to_owned(),
            number: parts.next()?.parse().ok()?,
            delivery: parts.next()?.parse().ok()?,
        };
        // Only what was written so: `+1` is a number too.
        (handle.to_string() == text).then_some(handle)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_handle_is_read_back_and_nothing_else_is(
            queue in "[0-9a-f-]{36}", number: u64, delivery: u32, text in "(AQEB)?\\PC{0,20}"
        ) {
            let handle = Handle { queue, number, delivery };
            prop_assert_eq!(Handle::parse(&handle.to_string()), Some(handle));
            if let Some(read) = Handle::parse(&text) {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
