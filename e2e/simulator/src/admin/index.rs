//! What there is.

use serde_json::{Value, json};

/// Method, path below the root, and what it is for.
const ENDPOINTS: &[(&str, &str, &str)] = &[
    ("GET", "", "this list"),
    ("GET", "instances", "all instances that are not terminated"),
    ("GET", "instances/ID", "one instance, also for an hour after its termination"),
    ("POST", "instances/ID/state", "makes the API report a lifecycle state"),
    ("POST", "instances/ID/imds-fault", "breaks the metadata service of an instance"),
    ("DELETE", "instances/ID/imds-fault", "mends the metadata service of an instance"),
    ("POST", "instances/ID/spot-interruption", "announces a spot interruption"),
    ("POST", "instances/ID/rebalance", "recommends a replacement"),
    ("POST", "instances/ID/maintenance", "announces planned maintenance"),
    ("POST", "instances/ID/machine", "changes how an instance's machine is made"),
    ("POST", "machines", "says how the machines are made that a group launches from now on"),
    ("GET", "imds-calls", "requests to the metadata service of an instance"),
    ("GET", "calls", "the newest API calls"),
    ("GET", "calls/count", "how many API calls there were, by operation and status"),
    ("DELETE", "calls", "forgets all API calls"),
    ("GET", "faults", "the faults in force"),
    ("POST", "faults", "breaks an operation"),
    ("DELETE", "faults", "ends all faults"),
    ("DELETE", "faults/ID", "ends one fault"),
    ("GET", "queues", "all queues and how they stand"),
    ("POST", "routes", "tells every lifecycle action to a queue"),
    ("POST", "rules", "tells events of the event bus to a queue"),
    ("POST", "subscriptions", "subscribes a queue to an SNS topic"),
    ("POST", "event-faults", "troubles the delivery of events"),
    ("DELETE", "event-faults", "ends all trouble of the delivery"),
    ("GET", "times", "how long things take"),
    ("POST", "times", "changes how long things take from now on"),
];

pub(super) fn index() -> Value {
    let rows: Vec<_> = ENDPOINTS
        .iter()
        .map(|(method, path, what)| {
            json!({ "method": method, "path": format!("{}/{path}", super::ROOT), "does": what })
        })
        .collect();
    json!(rows)
}

/// The methods of a path; none if there is no such path.
pub(super) fn methods(steps: &[&str]) -> Option<&'static str> {
    let is_it = |path: &str| {
        let known: Vec<_> = path.split('/').collect();
        known.len() == steps.len()
            && known
                .iter()
                .zip(steps)
                .all(|(known, step)| *known == "ID" && !step.is_empty() || known == step)
    };
    let methods: Vec<_> =
        ENDPOINTS.iter().filter(|(_, path, _)| is_it(path)).map(|(method, ..)| *method).collect();
    Some(match methods.as_slice() {
        [] => return None,
        ["GET"] => "GET",
        ["POST"] => "POST",
        ["DELETE"] => "DELETE",
        ["POST", "DELETE"] => "POST, DELETE",
        ["GET", "DELETE"] => "GET, DELETE",
        ["GET", "POST"] => "GET, POST",
        _ => "GET, POST, DELETE",
    })
}
