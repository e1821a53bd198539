//! What is asked of AWS, each question a future of its own that owns all it needs.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::Client;
use futures::stream::{self, StreamExt};
use lifecycle::api::{self, ApiError, InstanceDetail, Reply};
use tokio::time::Instant;

use crate::aws::Reader;
use crate::queue::poll::Wake;
use crate::world::{Doubt, Probe, Sweep};

/// How many directions are probed at once.
const PROBES_AT_ONCE: usize = 8;

/// What was learned.
pub(super) enum Answer {
    /// A sweep that began then; its reader comes back.
    Swept { began: Instant, reader: Box<Reader>, sweep: Sweep, errors: Vec<ApiError> },
    /// The look-ups that were due.
    LookedUp(Lookups),
    /// The look-ups that the queue asked for.
    Woken(Lookups, Wake),
    /// Directions, by instance.
    Probed(Vec<(String, Probe)>),
}

/// The answer to one call.
type Looked = Result<Vec<InstanceDetail>, ApiError>;

/// Look-ups, a call for each so many ids.
pub(super) struct Lookups {
    /// When they began.
    pub(super) began: Instant,
    /// What was asked and answered.
    pub(super) answers: Vec<(Vec<String>, Looked)>,
}

impl Lookups {
    /// The last error, if a call failed.
    pub(super) fn error(&self) -> Option<&ApiError> {
        self.answers.iter().filter_map(|(_, answer)| answer.as_ref().err()).next_back()
    }

    /// The ids of which nothing was learned.
    pub(super) fn failed(&self) -> BTreeSet<String> {
        let failed = self.answers.iter().filter(|(_, answer)| answer.is_err());
        failed.flat_map(|(ids, _)| ids.iter().cloned()).collect()
    }
}

/// Looks at all groups.
pub(super) async fn sweep(mut reader: Reader) -> Answer {
    let began = Instant::now();
    let (sweep, errors) = reader.sweep().await;
    Answer::Swept { began, reader: Box::new(reader), sweep, errors }
}

/// Looks up what is due.
pub(super) async fn due(client: Client, ids: Vec<String>) -> Answer {
    Answer::LookedUp(look_up(&client, &ids).await)
}

/// Looks up what the queue asks for.
pub(super) async fn wake(client: Client, wake: Wake) -> Answer {
    let ids: Vec<String> = wake.instances.iter().cloned().collect();
    Answer::Woken(look_up(&client, &ids).await, wake)
}

async fn look_up(client: &Client, ids: &[String]) -> Lookups {
    let began = Instant::now();
    let mut answers = Vec::new();
    for asked in ids.chunks(api::MAX_IDS) {
        answers.push((asked.to_vec(), api::describe_instances(client, asked).await));
    }
    Lookups { began, answers }
}

/// Probes directions, a few at once.
pub(super) async fn probe(client: Client, doubts: Vec<Doubt>) -> Answer {
    let probes = doubts.into_iter().map(|doubt| {
        let client = client.clone();
        async move {
            let found = probe_one(&client, &doubt).await;
            (doubt.instance, found)
        }
    });
    Answer::Probed(stream::iter(probes).buffer_unordered(PROBES_AT_ONCE).collect().await)
}

/// A heartbeat that is accepted tells which of our hooks holds the instance; it does no harm.
async fn probe_one(client: &Client, doubt: &Doubt) -> Probe {
    let instance = doubt.instance.as_str();
    for (action, meaning) in &doubt.guesses {
        match api::heartbeat(client, action).await {
            Ok(Reply::Accepted) => {
                tracing::info!(instance, direction = ?meaning, "probed the direction into the pool");
                return *meaning;
            }
            Ok(Reply::NoActiveAction) => {}
            // A token that nobody ever gave out may be refused in other words; the guesses without one still count.
            Err(err) if action.token.is_some() && err.kind == api::ErrorKind::Terminal => {}
            Err(err) => {
                tracing::warn!(instance, %err, "probing the direction failed, retrying");
                return Probe::Failed;
            }
        }
    }
    Probe::Silent
}
