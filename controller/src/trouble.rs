//! Saying that something fails without saying it over and over.

use std::collections::BTreeMap;

use lifecycle::api::ApiError;

/// Says that something fails, once for each reason, and once that it works again.
#[derive(Default)]
pub struct Trouble {
    known: BTreeMap<&'static str, String>,
}

impl Trouble {
    /// Takes in how `what` went this time.
    pub fn say(&mut self, what: &'static str, err: Option<&ApiError>) {
        match err {
            Some(err) if self.known.get(what) != Some(&err.message) => {
                tracing::warn!(%err, "{what} fails, retrying");
                self.known.insert(what, err.message.clone());
            }
            None if self.known.remove(what).is_some() => {
                tracing::info!("{what} works again");
            }
            Some(_) | None => {}
        }
    }
}
