//! The words that both programs share: what Auto Scaling calls the stages of an instance's life, and the three
//! calls by which our programs take part in it.
//!
//! ```text
//! LifecycleState   what the API reports now            Warmed:Pending:Wait
//! Target           what IMDS says it is on its way to  Warmed:Stopped
//! Transition       where an action leads               AutoScalingGroup -> WarmPool
//! Hook, Action     what we complete and keep alive
//! ```
//!
//! Nothing here decides anything. Unknown text from AWS is kept, never refused: new states come with new features.

pub mod api;
mod state;
mod target;
mod text;
mod transition;

pub use state::LifecycleState;
pub use target::Target;
pub use text::one_line;
pub use transition::{Direction, Place, Transition};
