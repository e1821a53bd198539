//! The pure heart.

mod event;

pub use event::{CompletedBy, Event, HookResult, HookTransition, Place, Power};
