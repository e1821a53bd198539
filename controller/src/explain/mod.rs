//! `node-gate-controller explain NODE|INSTANCE`: one command that tells what is being waited for, how long it can still
//! last, and what happens next.
//!
//! ```text
//!  read.rs ──► Facts ──► Case: the controller's own decisions ──► tell.rs, next.rs ──► Explanation ──► text or JSON
//! ```
//!
//! Only `read` talks to anybody, and it cannot write. What the controller would do is asked of `decide` and `drain`, so
//! that what is said here cannot drift from what is done there.

mod case;
mod explanation;
mod facts;
mod leader;
mod marks;
mod next;
mod options;
mod pods;
mod read;
mod stranger;
mod tell;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use tokio::time::Instant;

pub use case::Now;
pub use explanation::Explanation;
pub use facts::{AnyHook, Facts, Hooks, Read, Subject};
pub use options::{House, Options, Output};
pub use tell::explain;

/// Reads, explains and prints. Exit code 1 if nothing could be found out.
pub async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let facts = read::read(options).await?;
    let now = Now { mono: Instant::now(), wall: Timestamp::now() };
    let told = explain(&facts, &options.house(), now);
    let text = match options.output {
        Output::Text => text::render(&told),
        Output::Json => serde_json::to_string_pretty(&told)? + "\n",
    };
    // A reader that has seen enough (`| head`) is no error.
    std::io::stdout().write_all(text.as_bytes()).ok();
    Ok(if told.found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
