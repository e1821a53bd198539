//! Every refusal of the interface that drives the simulator, word for word.

use aws_simulator::Simulator;
use serde_json::json;

use crate::admin::{get, send};
use crate::bed::{group, only, start};

const FAULTS: &str = "one of throttle, deny, fail, delay, reset, lose-reply, token-bucket, stale, \
                      unlisted-after-launch, unlisted-while-moving";
const IMDS_FAULTS: &str = "one of status, reads, throttle, no-target, target, slow, trickle, unreachable, garbage, \
                           html, cut, hang";
const ACTIONS: &str = "one of terminate, stop, hibernate";
const CODES: &str =
    "one of instance-reboot, system-reboot, system-maintenance, instance-retirement, instance-stop";
const ENVELOPES: &str = "one of eventbridge, sns, direct";
const STATE: &str = "a lifecycle state, or any text of 1 to 32 characters";
const DAY: &str = "a whole number from 0 to 86400000";
const WHOLE: &str = "a whole number from 1 to 18446744073709551615";

/// Sends each body to its path, `ID` being the first instance; each is refused with its line.
async fn refuses(simulator: &Simulator, rows: &[(&str, &str, String)]) {
    let id = simulator.instances().first().map(|info| info.id.clone()).unwrap_or_default();
    for (path, body, line) in rows {
        let (status, answer) = send(&simulator.endpoint(), "POST", &path.replace("ID", &id), body).await;
        assert_eq!((status, answer), (400, format!("{line}\n")), "{path} {body}");
    }
}

#[tokio::test]
async fn a_wrong_fault_is_refused_with_one_line_that_names_the_field() {
    let (simulator, _) = start().await;
    let rows = [
        ("faults", "{}", format!("`fault` is missing: it must be {FAULTS}")),
        ("faults", r#"{"fault":"dance"}"#, format!("`fault` is \"dance\": it must be {FAULTS}")),
        ("faults", r#"{"fault":7}"#, "`fault` is 7: it must be a text".to_owned()),
        (
            "faults",
            r#"{"fault":"deny","status":400}"#,
            "`status` is unknown here: the fields are operation, fault, caller, group, instance, share, times"
                .to_owned(),
        ),
        ("faults", r#"{"fault":"deny","share":2}"#, "`share` is 2: it must be a number from 0 to 1".to_owned()),
        ("faults", r#"{"fault":"deny","times":0}"#, format!("`times` is 0: it must be {WHOLE}")),
        ("faults", r#"{"fault":"stale"}"#, format!("`milliseconds` is missing: it must be {DAY}")),
        (
            "faults",
            r#"{"fault":"delay","milliseconds":86400001}"#,
            format!("`milliseconds` is 86400001: it must be {DAY}"),
        ),
        (
            "faults",
            r#"{"fault":"token-bucket"}"#,
            "`capacity` is missing: it must be a whole number from 1".to_owned(),
        ),
        (
            "faults",
            r#"{"fault":"token-bucket","capacity":1}"#,
            "`refillPerSecond` is missing: it must be a number from 0 to 1000000".to_owned(),
        ),
        (
            "faults",
            r#"{"fault":"fail","code":"x"}"#,
            "`status` is missing: it must be a whole number from 400 to 599".to_owned(),
        ),
        (
            "faults",
            r#"{"fault":"fail","status":200,"code":"x"}"#,
            "`status` is 200: it must be a whole number from 400 to 599".to_owned(),
        ),
        (
            "faults",
            r#"{"fault":"fail","status":400}"#,
            "`code` is missing: it must be an error code like InternalFailure".to_owned(),
        ),
    ];
    refuses(&simulator, &rows).await;
    for body in ["[]", "\u{1}"] {
        // The rest is the parser's.
        let (status, answer) = send(&simulator.endpoint(), "POST", "faults", body).await;
        assert_eq!((status, answer.lines().count()), (400, 1), "{body}: {answer}");
        assert!(answer.starts_with("the body is no JSON object: "), "{body}: {answer}");
    }
    assert_eq!(get(&simulator.endpoint(), "faults").await, json!([]), "nothing of this took effect");
}

#[tokio::test]
async fn a_wrong_body_is_refused_with_one_line_that_names_the_field() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    only(&simulator, "InService").await;
    let rows = [
        ("instances/ID/state", r#"{"state":""}"#, format!("`state` has 0 characters: it must be {STATE}")),
        ("instances/ID/state", r#"{"stat":"x"}"#, format!("`state` is missing: it must be {STATE}")),
        ("instances/ID/imds-fault", "{}", format!("`fault` is missing: it must be {IMDS_FAULTS}")),
        (
            "instances/ID/imds-fault",
            r#"{"fault":"dance"}"#,
            format!("`fault` is \"dance\": it must be {IMDS_FAULTS}"),
        ),
        (
            "instances/ID/imds-fault",
            r#"{"fault":"reads"}"#,
            "`status` is missing: it must be a whole number from 100 to 599".to_owned(),
        ),
        (
            "instances/ID/imds-fault",
            r#"{"fault":"status","status":7}"#,
            "`status` is 7: it must be a whole number from 100 to 599".to_owned(),
        ),
        (
            "instances/ID/imds-fault",
            r#"{"fault":"throttle"}"#,
            "`perSecond` is missing: it must be a whole number from 0".to_owned(),
        ),
        (
            "instances/ID/imds-fault",
            r#"{"fault":"slow"}"#,
            format!("`milliseconds` is missing: it must be {DAY}"),
        ),
        (
            "instances/ID/imds-fault",
            r#"{"fault":"target"}"#,
            "`target` is missing: it must be a text".to_owned(),
        ),
        (
            "instances/ID/imds-fault",
            r#"{"fault":"garbage"}"#,
            "`text` is missing: it must be a text".to_owned(),
        ),
        ("instances/ID/spot-interruption", "{}", format!("`action` is missing: it must be {ACTIONS}")),
        (
            "instances/ID/spot-interruption",
            r#"{"action":"explode"}"#,
            format!("`action` is \"explode\": it must be {ACTIONS}"),
        ),
        ("instances/ID/rebalance", r#"{"x":1}"#, "`x` is unknown here: there are no fields".to_owned()),
        ("instances/ID/maintenance", "{}", format!("`code` is missing: it must be {CODES}")),
        (
            "instances/ID/maintenance",
            r#"{"code":"coffee"}"#,
            format!("`code` is \"coffee\": it must be {CODES}"),
        ),
        ("times", r#"{"bootMilliseconds":-1}"#, format!("`bootMilliseconds` is -1: it must be {DAY}")),
        ("routes", "{}", "`queueUrl` is missing: it must be the address of a queue".to_owned()),
        ("routes", r#"{"queueUrl":"q"}"#, format!("`envelope` is missing: it must be {ENVELOPES}")),
        (
            "routes",
            r#"{"queueUrl":"q","envelope":"paper"}"#,
            format!("`envelope` is \"paper\": it must be {ENVELOPES}"),
        ),
    ];
    refuses(&simulator, &rows).await;
    assert_eq!(simulator.instances()[0].lifecycle_state, "InService");
}

#[tokio::test]
async fn a_wrong_query_is_refused_with_one_line_that_names_the_parameter() {
    let (simulator, _) = start().await;
    for (query, line) in [
        ("calls?limit=0", "`limit` is \"0\": it must be a whole number from 1 to 1000000".to_owned()),
        ("calls?limit=x", "`limit` is \"x\": it must be a whole number from 1 to 1000000".to_owned()),
        (
            "calls?since=yesterday",
            "`since` is \"yesterday\": it must be a time like 2026-01-31T12:00:00.000Z".to_owned(),
        ),
        (
            "calls?colour=red",
            "`colour` is unknown here: the fields are operation, caller, since, after, limit".to_owned(),
        ),
        ("imds-calls", "`instance` is missing: it must be the id of an instance".to_owned()),
        ("calls/count?since=1", "`since` is unknown here: the fields are operation, caller".to_owned()),
    ] {
        let seen = send(&simulator.endpoint(), "GET", query, "").await;
        assert_eq!(seen, (400, format!("{line}\n")), "{query}");
    }
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_told_by_its_id() {
    let (simulator, _) = start().await;
    for what in ["state", "machine", "spot-interruption", "rebalance", "maintenance", "imds-fault"] {
        let body = match what {
            "state" => json!({ "state": "x" }),
            "spot-interruption" => json!({ "action": "stop" }),
            "maintenance" => json!({ "code": "instance-stop" }),
            "imds-fault" => json!({ "fault": "hang" }),
            _ => json!({}),
        };
        let path = format!("instances/i-no/{what}");
        let seen = send(&simulator.endpoint(), "POST", &path, &body.to_string()).await;
        assert_eq!(seen, (404, "there is no instance i-no\n".to_owned()), "{what}");
    }
}
