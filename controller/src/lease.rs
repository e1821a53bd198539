//! Leader election on a `Lease`, and the claim that the door asks for.
//!
//! A claim counts from the *sending* of the last successful renewal, on our own monotonic clock. Another holder's lease
//! counts as expired when *we* have seen it unchanged for its whole duration; no clocks are compared.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt};
use lifecycle::one_line;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::door::Claim;

/// How often a replica that does not lead looks; bounds the hand-over after a clean end.
const STANDBY_PACE: Duration = Duration::from_secs(1);

/// Which lease, and who we are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The lease's namespace.
    pub namespace: String,
    /// The lease's name.
    pub name: String,
    /// Our name in it, unique among the replicas.
    pub identity: String,
    /// How long the lease holds without a renewal.
    pub duration: Duration,
}

/// What the election tells the rest of the program.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Until when we lead.
    pub claim: watch::Sender<Claim>,
    /// Who was last seen holding the lease, ourselves included.
    pub holder: watch::Sender<Option<String>>,
}

/// The other holder's record, and since when we have seen it unchanged.
struct Seen {
    resource_version: String,
    at: Instant,
}

/// Takes part in the election until `stop`; then gives the lease away, if it is ours.
pub async fn run(
    client: Client,
    settings: Settings,
    publish: Publish,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let api: Api<Lease> = Api::namespaced(client, &settings.namespace);
    let mut seen = None;
    let mut trouble: Option<String> = None;
    loop {
        let sent = Instant::now();
        let patience = settings.duration / 4;
        let attempt = tokio::time::timeout(patience, attempt(&api, &settings, &mut seen)).await;
        match attempt.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {patience:?}"))) {
            Ok(holder) => {
                if trouble.take().is_some() {
                    tracing::info!("the lease can be reached again");
                }
                let leads = holder == settings.identity;
                publish.claim.send_replace(leads.then(|| sent + settings.duration - margin(&settings)));
                publish.holder.send_replace(Some(holder));
            }
            Err(err) => {
                let error = one_line(&format!("{err:#}"));
                if trouble.as_ref() != Some(&error) {
                    tracing::warn!(
                        error,
                        lease = format!("{}/{}", settings.namespace, settings.name),
                        "cannot reach the lease, retrying; no writes once the claim has lapsed"
                    );
                    trouble = Some(error);
                }
            }
        }
        let leads = publish.claim.borrow().is_some();
        let pace = if leads { settings.duration / 5 } else { STANDBY_PACE.min(settings.duration / 5) };
        tokio::select! {
            () = tokio::time::sleep(pace) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    let led = publish.claim.send_replace(None).is_some();
    if led {
        tokio::time::timeout(settings.duration / 4, vacate(&api, &settings))
            .await
            .context("giving the lease away: no answer")??;
    }
    Ok(())
}

/// What a claim falls short of the lease's duration by, for clocks that run at different speeds and late timers.
fn margin(settings: &Settings) -> Duration {
    settings.duration / 5
}

/// Takes, renews or merely reads the lease; returns its holder.
async fn attempt(api: &Api<Lease>, settings: &Settings, seen: &mut Option<Seen>) -> anyhow::Result<String> {
    let Some(lease) = api.get_opt(&settings.name).await.context("reading the lease")? else {
        let lease = Lease {
            metadata: ObjectMeta { name: Some(settings.name.clone()), ..ObjectMeta::default() },
            spec: Some(claimed(settings, &LeaseSpec::default())),
        };
        let created = api.create(&PostParams::default(), &lease).await.context("creating the lease")?;
        return Ok(holder_of(&created));
    };
    let holder = holder_of(&lease);
    // Stamped after the answer: the holder may have renewed until just before it.
    if !may_take(&lease, &holder, settings, seen, Instant::now()) {
        return Ok(holder);
    }
    // The read version goes along: if another replica was quicker, the API server refuses.
    let spec = claimed(settings, &lease.spec.clone().unwrap_or_default());
    let wanted = Lease { spec: Some(spec), ..lease };
    match api.replace(&settings.name, &PostParams::default(), &wanted).await {
        Ok(taken) => Ok(holder_of(&taken)),
        Err(kube::Error::Api(status)) if status.is_conflict() => {
            Ok(holder_of(&api.get(&settings.name).await.context("reading the lease again")?))
        }
        Err(err) => Err(err).context("renewing the lease"),
    }
}

fn may_take(lease: &Lease, holder: &str, settings: &Settings, seen: &mut Option<Seen>, now: Instant) -> bool {
    if holder.is_empty() || holder == settings.identity {
        return true;
    }
    let version = lease.resource_version().unwrap_or_default();
    match seen {
        Some(record) if record.resource_version == version => {
            let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds).unwrap_or(0);
            let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            now.duration_since(record.at) >= duration
        }
        Some(_) | None => {
            *seen = Some(Seen { resource_version: version, at: now });
            false
        }
    }
}

fn claimed(settings: &Settings, before: &LeaseSpec) -> LeaseSpec {
    let now = MicroTime(Timestamp::now());
    let ours = before.holder_identity.as_ref() == Some(&settings.identity);
    let seconds = settings.duration.as_secs_f64().ceil().max(1.0);
    #[expect(clippy::cast_possible_truncation, reason = "a lease of more than 68 years is refused by clap")]
    let seconds = seconds as i32;
    LeaseSpec {
        holder_identity: Some(settings.identity.clone()),
        lease_duration_seconds: Some(seconds),
        renew_time: Some(now.clone()),
        acquire_time: if ours { before.acquire_time.clone() } else { Some(now) },
        lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!ours)),
        ..before.clone()
    }
}

fn holder_of(lease: &Lease) -> String {
    lease.spec.as_ref().and_then(|spec| spec.holder_identity.clone()).unwrap_or_default()
}

async fn vacate(api: &Api<Lease>, settings: &Settings) -> anyhow::Result<()> {
    let mut lease = api.get(&settings.name).await.context("reading the lease to give it away")?;
    if holder_of(&lease) != settings.identity {
        return Ok(());
    }
    if let Some(spec) = &mut lease.spec {
        spec.holder_identity = Some(String::new());
    }
    api.replace(&settings.name, &PostParams::default(), &lease).await.context("giving the lease away")?;
    tracing::info!("gave the lease away");
    Ok(())
}

/// Waits until the claim is lost: taken back, or lapsed by the clock.
pub async fn lost(mut claim: watch::Receiver<Claim>) {
    loop {
        let Some(until) = *claim.borrow_and_update() else { return };
        tokio::select! {
            () = tokio::time::sleep_until(until) => return,
            changed = claim.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            namespace: "n".into(),
            name: "l".into(),
            identity: "me".into(),
            duration: Duration::from_secs(15),
        }
    }

    fn lease(holder: &str, version: &str) -> Lease {
        let other = Settings { identity: holder.into(), ..settings() };
        Lease {
            metadata: ObjectMeta { resource_version: Some(version.into()), ..ObjectMeta::default() },
            spec: Some(claimed(&other, &LeaseSpec::default())),
        }
    }

    #[test]
    fn a_free_lease_and_our_own_may_be_taken_at_once() {
        let now = Instant::now();
        assert!(may_take(&lease("", "1"), "", &settings(), &mut None, now));
        assert!(may_take(&lease("me", "1"), "me", &settings(), &mut None, now));
    }

    #[test]
    fn anothers_lease_is_taken_only_after_we_saw_it_unchanged_for_its_whole_duration() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut seen = None;
        assert!(!may_take(&lease("you", "1"), "you", &settings(), &mut seen, at(0)));
        assert!(!may_take(&lease("you", "1"), "you", &settings(), &mut seen, at(14)));
        assert!(!may_take(&lease("you", "2"), "you", &settings(), &mut seen, at(15)), "renewed");
        assert!(!may_take(&lease("you", "2"), "you", &settings(), &mut seen, at(29)));
        assert!(may_take(&lease("you", "2"), "you", &settings(), &mut seen, at(30)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_is_lost_by_the_clock_alone() {
        let until = Instant::now() + Duration::from_secs(12);
        let (sender, receiver) = watch::channel(Some(until));
        let lost = tokio::spawn(lost(receiver));
        sender.send_replace(Some(until + Duration::from_secs(3)));
        lost.await.unwrap();
        assert!(Instant::now() >= until + Duration::from_secs(3), "the renewal counted");
    }
}
