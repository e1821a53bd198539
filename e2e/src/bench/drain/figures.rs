//! When things happened, read from the records of others: the API server's audit log and the simulator's calls and events.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_simulator::{Call, CompletedBy, Event, HookResult};

use crate::oracle::Entry;

/// The calls by which a controller can learn of a scale-in.
const LOOKS: [&str; 2] = ["DescribeAutoScalingGroups", "DescribeAutoScalingInstances"];

/// The first and the last of several moments, counted from the event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Duration,
    pub(super) last: Duration,
    pub(super) count: usize,
}

impl Span {
    fn of(event: SystemTime, moments: impl Iterator<Item = SystemTime>) -> Self {
        let mut since: Vec<Duration> =
            moments.map(|at| at.duration_since(event).unwrap_or_default()).collect();
        since.sort();
        Span {
            first: since.first().copied().unwrap_or_default(),
            last: since.last().copied().unwrap_or_default(),
            count: since.len(),
        }
    }
}

/// When the hook began to hold the first of the instances: the event.
pub(super) fn event(events: &[Event]) -> Option<SystemTime> {
    let opened = events.iter().filter_map(|event| match event {
        Event::ActionOpened { at, .. } => Some(*at),
        Event::LifecycleChanged { .. }
        | Event::PowerChanged { .. }
        | Event::Heartbeat { .. }
        | Event::ActionCompleted { .. } => None,
    });
    opened.min()
}

/// Completions with CONTINUE by a call; an action that ran out is none.
pub(super) fn completions(event: SystemTime, events: &[Event]) -> Span {
    let completed = events.iter().filter_map(|event| match event {
        Event::ActionCompleted { at, by: CompletedBy::Completed, result: HookResult::Continue, .. } => {
            Some(*at)
        }
        Event::ActionCompleted { .. }
        | Event::LifecycleChanged { .. }
        | Event::PowerChanged { .. }
        | Event::ActionOpened { .. }
        | Event::Heartbeat { .. } => None,
    });
    Span::of(event, completed)
}

/// Successful cordons, by when they were answered.
pub(super) fn cordons(event: SystemTime, audit: &[Entry]) -> Span {
    let cordons = audit.iter().filter(|entry| {
        let closes = entry.request.as_ref().is_some_and(|sent| sent["spec"]["unschedulable"] == true);
        entry.resource == "nodes" && entry.accepted() && closes
    });
    Span::of(event, cordons.map(|entry| entry.answered.into()))
}

/// Accepted evictions, by when they were answered.
pub(super) fn evictions(event: SystemTime, audit: &[Entry]) -> Span {
    let evictions = audit.iter().filter(|entry| entry.is_eviction() && entry.accepted());
    Span::of(event, evictions.map(|entry| entry.answered.into()))
}

/// Pods of which more than one eviction was accepted.
pub(super) fn evicted_twice(audit: &[Entry]) -> Vec<String> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in audit.iter().filter(|entry| entry.is_eviction() && entry.accepted()) {
        *times.entry(entry.pod_uid().unwrap_or(&entry.name)).or_default() += 1;
    }
    times.into_iter().filter(|(_, count)| *count > 1).map(|(pod, _)| pod.to_owned()).collect()
}

/// After how long the controller looked at AWS for the first time.
pub(super) fn noticed(event: SystemTime, calls: &[&Call]) -> Option<Duration> {
    let looks = calls.iter().filter(|call| LOOKS.contains(&call.operation.as_str()));
    looks.filter_map(|call| call.at.duration_since(event).ok()).min()
}

/// How many requests of each kind: `create pods/eviction`, `patch nodes answered 409`.
pub(super) fn kinds(audit: &[Entry]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for entry in audit {
        let Entry { verb, resource, subresource, code, .. } = entry;
        let slash = if subresource.is_empty() { "" } else { "/" };
        let answer = if entry.accepted() { String::new() } else { format!(" answered {code}") };
        *kinds.entry(format!("{verb} {resource}{slash}{subresource}{answer}")).or_default() += 1;
    }
    kinds
}

/// How many calls of each operation.
pub(super) fn operations(calls: &[&Call]) -> BTreeMap<String, usize> {
    let mut operations = BTreeMap::new();
    for call in calls {
        *operations.entry(call.operation.clone()).or_default() += 1;
    }
    operations
}

/// `a 3, b 5`: the most frequent first.
pub(super) fn list(counts: &BTreeMap<String, usize>) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn entry(verb: &str, resource: &str, subresource: &str, answered: u64, code: u16, sent: Value) -> Entry {
        Entry {
            at: jiff::Timestamp::UNIX_EPOCH,
            answered: jiff::Timestamp::from_second(answered.try_into().unwrap()).unwrap(),
            user: "us".into(),
            verb: verb.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: String::new(),
            name: "a".into(),
            uri: String::new(),
            code,
            request: Some(sent),
        }
    }

    fn eviction(uid: &str, answered: u64, code: u16) -> Entry {
        let sent = json!({"deleteOptions": {"preconditions": {"uid": uid}}});
        entry("create", "pods", "eviction", answered, code, sent)
    }

    fn call(operation: &str, seconds: u64) -> Call {
        Call {
            at: at(seconds),
            operation: operation.into(),
            caller: "us".into(),
            params: BTreeMap::new(),
            status: 200,
            error: None,
        }
    }

    #[test]
    fn only_what_succeeded_counts() {
        let audit = [
            entry("patch", "nodes", "", 12, 200, json!({"spec": {"unschedulable": true}})),
            entry("patch", "nodes", "", 15, 409, json!({"spec": {"unschedulable": true}})),
            entry("patch", "nodes", "", 16, 200, json!({"spec": {"unschedulable": null}})),
            eviction("u1", 13, 201),
            eviction("u2", 14, 201),
            eviction("u3", 19, 429),
        ];
        let seconds = Duration::from_secs;
        assert_eq!(cordons(at(10), &audit), Span { first: seconds(2), last: seconds(2), count: 1 });
        assert_eq!(evictions(at(10), &audit), Span { first: seconds(3), last: seconds(4), count: 2 });
        let kinds = list(&kinds(&audit));
        assert!(kinds.contains("create pods/eviction 2"), "{kinds}");
        assert!(kinds.contains("create pods/eviction answered 429 1"), "{kinds}");
        assert!(kinds.contains("patch nodes answered 409 1"), "{kinds}");
    }

    #[test]
    fn a_second_accepted_eviction_is_found_and_a_refused_one_is_none() {
        assert!(
            evicted_twice(&[eviction("u1", 1, 201), eviction("u1", 2, 429), eviction("u2", 2, 201)])
                .is_empty()
        );
        assert_eq!(evicted_twice(&[eviction("u1", 1, 201), eviction("u1", 2, 201)]), ["u1"]);
    }

    #[test]
    fn an_action_that_ran_out_was_not_completed() {
        let ended = |by, result, seconds| Event::ActionCompleted {
            at: at(seconds),
            id: "i-1".into(),
            group: "g".into(),
            hook: "h".into(),
            token: "t".into(),
            transition: aws_simulator::HookTransition::Terminating,
            result,
            by,
        };
        let events = [
            ended(CompletedBy::Completed, HookResult::Continue, 12),
            ended(CompletedBy::Completed, HookResult::Abandon, 13),
            ended(CompletedBy::TimedOut, HookResult::Continue, 14),
        ];
        assert_eq!(completions(at(10), &events).count, 1);
        assert_eq!(completions(at(10), &events).last, Duration::from_secs(2));
        assert_eq!(event(&events), None);
    }

    #[test]
    fn it_noticed_with_its_first_look_after_the_event() {
        let calls = [
            call("DescribeAutoScalingGroups", 9),
            call("RecordLifecycleActionHeartbeat", 11),
            call("DescribeAutoScalingGroups", 12),
            call("DescribeAutoScalingInstances", 13),
        ];
        let calls: Vec<&Call> = calls.iter().collect();
        assert_eq!(noticed(at(10), &calls), Some(Duration::from_secs(2)));
        assert_eq!(noticed(at(14), &calls), None);
        assert_eq!(operations(&calls)["DescribeAutoScalingGroups"], 2);
    }
}
