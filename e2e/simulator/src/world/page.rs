//! Lists a page at a time. A token holds the last key rather than a position, so that a list that changes between pages
//! neither repeats nor skips what stayed.

use super::command::Page;
use super::error::AwsError;

/// Marks a token as ours; the rest is the last key of the page before.
const AFTER: &str = "after:";

/// One page of a list that is sorted by `key`, and the token of the next; `sizes` are AWS's page sizes: by default, and at
/// most.
pub(super) fn cut<T>(
    items: impl Iterator<Item = T>,
    page: &Page,
    sizes: (u32, u32),
    key: impl Fn(&T) -> &String,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let size = size(page, sizes)?;
    let last = page.token.as_deref().map(last_key).transpose()?;
    Ok(after(items, last.as_deref(), size, key))
}

/// How many there are on a page, or Auto Scaling's refusal.
pub(super) fn size(page: &Page, (default, most): (u32, u32)) -> Result<usize, AwsError> {
    let size = page.max.unwrap_or(default);
    if size == 0 || size > most {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{size}' at 'maxRecords' failed to satisfy constraint: Member must \
             have value between 1 and {most}"
        )));
    }
    Ok(size as usize)
}

/// What follows on the key `last`, this many, and the token of what follows on it.
pub(super) fn after<T>(
    items: impl Iterator<Item = T>,
    last: Option<&str>,
    size: usize,
    key: impl Fn(&T) -> &String,
) -> (Vec<T>, Option<String>) {
    let mut rest = items.filter(|item| last.is_none_or(|last| key(item).as_str() > last));
    let cut: Vec<_> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let next = cut.last().filter(|_| more).map(|last| format!("{AFTER}{}", key(last)));
    (cut, next)
}

/// The last key of the page before.
pub(super) fn last_key(token: &str) -> Result<String, AwsError> {
    token.strip_prefix(AFTER).map(str::to_owned).ok_or_else(|| bad_token(token))
}

/// Auto Scaling's refusal of a token that is none of its own.
pub(super) fn bad_token(token: &str) -> AwsError {
    AwsError::new(400, "InvalidNextToken", format!("The token '{token}' is invalid."))
}
