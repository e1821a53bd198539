//! The tokens of pages.

use super::error::AwsError;

/// Marks a token as ours; the rest is the last key of the page before.
const AFTER: &str = "after:";

/// The token of the page after `key`.
pub(super) fn token(key: &str) -> String {
    format!("{AFTER}{key}")
}

/// The last key of the page before.
pub(super) fn last_key(token: &str) -> Result<String, AwsError> {
    token
        .strip_prefix(AFTER)
        .map(str::to_owned)
        .ok_or_else(|| AwsError::new(400, "InvalidNextToken", format!("The token '{token}' is invalid.")))
}
