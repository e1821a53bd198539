//! Waiting for something to become true, and telling what was seen if it does not.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep, timeout_at};

/// How often a state that sends no events is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Calls `look` until it succeeds and returns what it found. After `timeout` the error names `what` and the last
/// reason that `look` gave.
///
/// ```ignore
/// eventually("the node is Ready", Duration::from_secs(10), async || {
///     let node = nodes.get("a").await?;
///     ensure!(is_ready(&node), "conditions: {:?}", node.status);
///     Ok(node)
/// })
/// .await?;
/// ```
pub async fn eventually<T>(
    what: &str,
    timeout: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let end = Instant::now() + timeout;
    let mut last = anyhow::anyhow!("never looked");
    loop {
        match timeout_at(end, look()).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(reason)) => last = reason,
            Err(_) => bail!("waited {timeout:?} until {what}; a look took too long; before it: {last:#}"),
        }
        if Instant::now() + POLL > end {
            bail!("waited {timeout:?} until {what}; last seen: {last:#}");
        }
        sleep(POLL).await;
    }
}
