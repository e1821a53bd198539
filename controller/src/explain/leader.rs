//! Who leads, by the lease.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use lifecycle::one_line;

use crate::explain::explanation::LeaderTold;
use crate::explain::facts::Read;
use crate::explain::words::{past, span};

/// Tells who leads; `name` is the lease's.
pub(super) fn leader(leases: &Read<Vec<Lease>>, name: &str, now: Timestamp) -> LeaderTold {
    let leases = match leases {
        Ok(leases) => leases,
        Err(why) => {
            let told = format!("Who leads is not known: {}.", one_line(why));
            return LeaderTold { told, ..LeaderTold::default() };
        }
    };
    let all: Vec<LeaderTold> = leases.iter().map(|lease| one(lease, now)).collect();
    let told = match all.as_slice() {
        [] => format!(
            "Nobody leads: there is no lease {name}. No controller will act (or its lease has another name: --lease-name)."
        ),
        some => some.iter().map(|one| one.told.as_str()).collect::<Vec<_>>().join(" "),
    };
    let holder = all.iter().find_map(|one| one.holder.clone());
    LeaderTold { holder, known: true, renewed: all.iter().filter_map(|one| one.renewed).max(), told }
}

fn one(lease: &Lease, now: Timestamp) -> LeaderTold {
    let spec = lease.spec.clone().unwrap_or_default();
    let place = one_line(lease.metadata.namespace.as_deref().unwrap_or_default());
    let holder = spec.holder_identity.filter(|name| !name.is_empty()).map(|name| one_line(&name));
    let renewed = spec.renew_time.map(|time| time.0);
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let lasts = Duration::from_secs(seconds.unwrap_or_default());
    let holds = renewed.is_some_and(|at| at.checked_add(lasts).is_ok_and(|end| now < end));
    let renewal = renewed.map_or_else(|| "never".to_owned(), |at| past(at, now));
    let told = match &holder {
        Some(name) if holds => {
            format!("{name} leads (namespace {place}), its last renewal was at {renewal}.")
        }
        Some(name) => format!(
            "Nobody leads in namespace {place}: {name} last renewed its lease of {} at {renewal}. No controller will act until one takes over.",
            span(lasts)
        ),
        None => format!(
            "Nobody leads in namespace {place}: the last leader gave its lease away at {renewal}. No controller will act until one starts."
        ),
    };
    LeaderTold { holder: holder.filter(|_| holds), known: true, renewed, told }
}
