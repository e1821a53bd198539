//! Asks the API server to evict or delete a pod, and translates its answer once.
//!
//! The eviction's body is our own: kube's sends `delete_options`, which the server ignores, so that the UID
//! precondition would be lost. And the answer is read here, because a refusal may hide in a 201, and because
//! `Retry-After` is a header.

use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ObjectMeta, Preconditions};
use kube::client::Body;
use kube::core::Status;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::filter::PodView;

/// Longer than an admission webhook may take (30 s). The client's own layers may be stricter.
const TIMEOUT: Duration = Duration::from_secs(35);

/// Evictions on their way at a time, over all nodes. The API server's priority and fairness refuses what does not fit into a
/// service account's queues, some 300 requests, and that may be our marks or the lease's renewal as well (seen with 500: one
/// of four refused). Nothing is gained by more either: it is the server that takes its time.
static AT_ONCE: Semaphore = Semaphore::const_new(100);

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The pod's deletion has begun.
    Accepted,
    /// No pod with this UID exists any more.
    Gone,
    /// A disruption budget allows none now; its name, if the server gave it.
    Budget { name: Option<String> },
    /// More than one budget selects the pod.
    ManyBudgets,
    /// The server is too busy for us; how long it asked us to wait.
    Throttled { after: Option<Duration> },
    /// An admission webhook or policy refused, in its words.
    Webhook { message: String },
    /// We lack the right.
    Rights,
    /// The namespace is being deleted.
    Namespace,
    /// An answer about this pod that we can only try again.
    Failed { message: String },
    /// No answer about this pod: the server is away, or the request was not let out.
    Unavailable { message: String },
}

/// What evictions may come to, as labels of a metric. `forced`: the pod was deleted past its budgets, at the deadline.
pub const EVICTIONS: [&str; 11] = [
    "accepted",
    "gone",
    "budget",
    "many_budgets",
    "throttled",
    "webhook",
    "forbidden",
    "namespace",
    "failed",
    "no_answer",
    "forced",
];

impl Answer {
    /// The answer to an eviction as a label, one of [`EVICTIONS`].
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Gone => "gone",
            Self::Budget { .. } => "budget",
            Self::ManyBudgets => "many_budgets",
            Self::Throttled { .. } => "throttled",
            Self::Webhook { .. } => "webhook",
            Self::Rights => "forbidden",
            Self::Namespace => "namespace",
            Self::Failed { .. } => "failed",
            Self::Unavailable { .. } => "no_answer",
        }
    }
}

/// Asks for the eviction of exactly this pod, by UID, as soon as few enough others are under way.
pub(super) async fn evict(client: &kube::Client, pod: &PodView) -> Answer {
    evict_within(&AT_ONCE, client, pod).await
}

async fn evict_within(at_once: &Semaphore, client: &kube::Client, pod: &PodView) -> Answer {
    // It is never closed.
    let _permit = at_once.acquire().await;
    let eviction = Eviction {
        metadata: ObjectMeta {
            name: Some(pod.name.clone()),
            namespace: Some(pod.namespace.clone()),
            ..ObjectMeta::default()
        },
        delete_options: Some(DeleteOptions { preconditions: Some(only(pod)), ..DeleteOptions::default() }),
    };
    ask(client, Method::POST, &format!("{}/eviction", path(pod)), &eviction).await
}

/// Deletes exactly this pod, by UID, with this grace: past the budgets.
pub(super) async fn delete(client: &kube::Client, pod: &PodView, grace: Duration) -> Answer {
    let options = DeleteOptions {
        grace_period_seconds: Some(i64::try_from(grace.as_secs()).unwrap_or(i64::MAX)),
        preconditions: Some(only(pod)),
        ..DeleteOptions::default()
    };
    ask(client, Method::DELETE, &path(pod), &options).await
}

fn path(pod: &PodView) -> String {
    format!("/api/v1/namespaces/{}/pods/{}", pod.namespace, pod.name)
}

/// A `StatefulSet`'s next pod has the same name: without this it would be evicted in its predecessor's place.
fn only(pod: &PodView) -> Preconditions {
    Preconditions { uid: Some(pod.uid.clone()), resource_version: None }
}

async fn ask(client: &kube::Client, method: Method, path: &str, body: &impl Serialize) -> Answer {
    match tokio::time::timeout(TIMEOUT, exchange(client, method, path, body)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::Unavailable { message: error.to_string() },
        Err(_) => Answer::Unavailable { message: format!("no answer within {TIMEOUT:?}") },
    }
}

async fn exchange(
    client: &kube::Client,
    method: Method,
    path: &str,
    body: &impl Serialize,
) -> anyhow::Result<Answer> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(serde_json::to_vec(body)?))?;
    let response = client.send(request).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect_bytes().await?;
    Ok(read(status, &headers, &body))
}

/// Reads an answer.
fn read(code: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    // A deletion may answer with the Pod, a proxy with anything.
    let status: Option<Status> = serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .filter(|value| value["kind"] == "Status")
        .and_then(|value| serde_json::from_value(value).ok());
    // A 500 of its own on newer servers, hidden in a 201 on older ones.
    if let Some(status) = &status
        && status.message.contains("more than one PodDisruptionBudget")
    {
        return Answer::ManyBudgets;
    }
    if code.is_success() {
        return match status {
            Some(status) if status.is_failure() => Answer::Failed { message: status.message },
            Some(_) | None => Answer::Accepted,
        };
    }
    let after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(status) = status else { return without_status(code, after, body) };
    let message = status.message.clone();
    if is_admission(&message) {
        return Answer::Webhook { message };
    }
    match code {
        StatusCode::TOO_MANY_REQUESTS => match cause(&status, "DisruptionBudget") {
            Some(cause) => Answer::Budget { name: budget_name(cause) },
            None => Answer::Throttled { after: after.map(Duration::from_secs) },
        },
        StatusCode::FORBIDDEN if cause(&status, "NamespaceTerminating").is_some() => Answer::Namespace,
        // The same code tells of a budget whose status is unusable.
        StatusCode::FORBIDDEN if message.contains(" cannot ") => Answer::Rights,
        StatusCode::UNAUTHORIZED => Answer::Rights,
        StatusCode::NOT_FOUND if status.reason == "NotFound" => Answer::Gone,
        // Other conflicts are lost races; this one says that the name belongs to another pod by now.
        StatusCode::CONFLICT if message.contains("UID") => Answer::Gone,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => Answer::Unavailable { message },
        _ => Answer::Failed { message },
    }
}

/// An answer that did not come from the API's handlers: priority and fairness, or a proxy in front.
fn without_status(code: StatusCode, after: Option<u64>, body: &[u8]) -> Answer {
    let text: String = String::from_utf8_lossy(body).trim().chars().take(200).collect();
    let message = format!("{code}: {text}");
    if code == StatusCode::TOO_MANY_REQUESTS {
        Answer::Throttled { after: after.map(Duration::from_secs) }
    } else {
        Answer::Unavailable { message }
    }
}

fn cause<'a>(status: &'a Status, reason: &str) -> Option<&'a str> {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    causes.find(|cause| cause.reason == reason).map(|cause| cause.message.as_str())
}

/// The name out of "The disruption budget NAME needs 2 healthy pods and has 2 currently", which is all the server says.
fn budget_name(cause: &str) -> Option<String> {
    let (_, rest) = cause.split_once("disruption budget ")?;
    let name = rest.split_whitespace().next()?.trim_matches(['"', '\'', '.', ',']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// Webhooks and admission policies choose their own status code; the server's frame around their words is fixed.
fn is_admission(message: &str) -> bool {
    (message.contains("admission webhook") && message.contains("denied the request"))
        || message.contains("failed calling webhook")
        || (message.contains("ValidatingAdmissionPolicy") && message.contains("denied request"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::run_tests::{self, Mock};
    use serde_json::{Value, json};

    fn status(code: u16, reason: &str, message: &str, causes: &Value) -> Value {
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
            "message": message, "details": {"name": "web-0", "kind": "pods", "causes": causes}})
    }

    /// Sends one eviction over the wire and answers it so.
    async fn answered(code: u16, retry_after: Option<&str>, body: &str) -> Answer {
        let (client, mut mock) = run_tests::client();
        let pod = run_tests::view("web-0", "u-1");
        let server = async {
            let call = mock.next().await;
            call.reply(code, retry_after, body);
        };
        tokio::join!(evict(&client, &pod), server).0
    }

    async fn answered_json(code: u16, body: &Value) -> Answer {
        answered(code, None, &body.to_string()).await
    }

    #[tokio::test]
    async fn the_body_names_the_uid_under_the_right_key_and_no_grace() {
        let (client, mut mock): (_, Mock) = run_tests::client();
        let pod = run_tests::view("web-0", "u-1");
        let server = async {
            let call = mock.next().await;
            let seen = (call.method.clone(), call.uri.clone(), call.body.clone());
            call.reply_json(201, &json!({"kind": "Status", "status": "Success"}));
            seen
        };
        let (answer, (method, uri, body)) = tokio::join!(evict(&client, &pod), server);
        assert_eq!(answer, Answer::Accepted);
        assert_eq!((method, uri.as_str()), (Method::POST, "/api/v1/namespaces/shop/pods/web-0/eviction"));
        let expected = json!({"apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": "web-0", "namespace": "shop"},
            "deleteOptions": {"preconditions": {"uid": "u-1"}}});
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn a_forced_deletion_names_the_uid_and_its_grace() {
        let (client, mut mock) = run_tests::client();
        let pod = run_tests::view("web-0", "u-1");
        let server = async {
            let call = mock.next().await;
            let seen = (call.method.clone(), call.uri.clone(), call.body.clone());
            call.reply_json(200, &json!({"kind": "Pod", "metadata": {"name": "web-0"}}));
            seen
        };
        let (answer, (method, uri, body)) =
            tokio::join!(delete(&client, &pod, Duration::from_secs(7)), server);
        assert_eq!(answer, Answer::Accepted);
        assert_eq!((method, uri.as_str()), (Method::DELETE, "/api/v1/namespaces/shop/pods/web-0"));
        assert_eq!(body, json!({"gracePeriodSeconds": 7, "preconditions": {"uid": "u-1"}}));
    }

    #[tokio::test]
    async fn two_budgets_are_known_also_when_they_hide_in_a_201() {
        let text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
        for code in [201, 500] {
            assert_eq!(answered_json(code, &status(500, "", text, &json!([]))).await, Answer::ManyBudgets);
        }
        let other = answered_json(201, &status(500, "", "odd", &json!([]))).await;
        assert_eq!(other, Answer::Failed { message: "odd".into() });
    }

    #[tokio::test]
    async fn a_429_of_a_budget_names_it() {
        let text = "Cannot evict pod as it would violate the pod's disruption budget.";
        let used = |cause: &str| {
            status(429, "TooManyRequests", text, &json!([{"reason": "DisruptionBudget", "message": cause}]))
        };
        for (cause, name) in [
            ("The disruption budget web needs 2 healthy pods and has 2 currently", Some("web")),
            ("The disruption budget web is still being processed by the server.", Some("web")),
            (
                "The disruption budget web does not allow evicting pods currently because it failed sync: x",
                Some("web"),
            ),
            ("a text of another release", None),
            ("", None),
        ] {
            let expected = Answer::Budget { name: name.map(str::to_owned) };
            assert_eq!(answered_json(429, &used(cause)).await, expected, "{cause}");
        }
    }

    #[tokio::test]
    async fn a_429_without_that_cause_is_the_servers_load() {
        let text = "Too many requests, please try again later.";
        let plain = answered(429, Some("7"), text).await;
        assert_eq!(plain, Answer::Throttled { after: Some(Duration::from_secs(7)) });
        let body = status(429, "TooManyRequests", text, &json!([])).to_string();
        assert_eq!(answered(429, None, &body).await, Answer::Throttled { after: None });
    }

    #[tokio::test]
    async fn the_403s_are_told_apart() {
        let ending =
            status(403, "Forbidden", "x", &json!([{"reason": "NamespaceTerminating", "message": "y"}]));
        assert_eq!(answered_json(403, &ending).await, Answer::Namespace);
        let rights = "pods \"web-0\" is forbidden: User \"a\" cannot create resource \"pods/eviction\"";
        assert_eq!(answered_json(403, &status(403, "Forbidden", rights, &json!([]))).await, Answer::Rights);
        let budget = "pods \"web-0\" is forbidden: pdb disruptions allowed is negative";
        let seen = answered_json(403, &status(403, "Forbidden", budget, &json!([]))).await;
        assert_eq!(seen, Answer::Failed { message: budget.into() });
    }

    #[tokio::test]
    async fn a_webhook_speaks_for_itself_whatever_its_code() {
        let text = "admission webhook \"guard.example.com\" denied the request: moving data first";
        for code in [400, 403, 429, 500] {
            let body = status(code, "", text, &json!([{"reason": "DisruptionBudget", "message": ""}]));
            assert_eq!(answered_json(code, &body).await, Answer::Webhook { message: text.into() });
        }
    }

    #[tokio::test]
    async fn gone_is_only_what_the_server_says_of_this_pod() {
        let gone = status(404, "NotFound", "pods \"web-0\" not found", &json!([]));
        assert_eq!(answered_json(404, &gone).await, Answer::Gone);
        let odd = answered_json(404, &status(404, "", "no such route", &json!([]))).await;
        assert_eq!(odd, Answer::Failed { message: "no such route".into() });
        let proxy = answered(404, None, "404 page not found").await;
        assert_eq!(proxy, Answer::Unavailable { message: "404 Not Found: 404 page not found".into() });
        for text in [
            "Precondition failed: UID in precondition: u-1, UID in object meta: u-2",
            "Operation cannot be fulfilled on Pod \"web-0\": the UID in the precondition (u-1) does not match the UID \
             in record (u-2). The object might have been deleted and then recreated",
        ] {
            assert_eq!(answered_json(409, &status(409, "Conflict", text, &json!([]))).await, Answer::Gone);
        }
        let race = answered_json(409, &status(409, "Conflict", "modified", &json!([]))).await;
        assert_eq!(race, Answer::Failed { message: "modified".into() });
    }

    #[tokio::test]
    async fn a_500_is_tried_again_and_a_503_concerns_the_server() {
        let failed = answered_json(500, &status(500, "InternalError", "conflicts", &json!([]))).await;
        assert_eq!(failed, Answer::Failed { message: "conflicts".into() });
        let away = answered_json(503, &status(503, "ServiceUnavailable", "starting", &json!([]))).await;
        assert_eq!(away, Answer::Unavailable { message: "starting".into() });
    }

    #[tokio::test]
    async fn a_request_that_is_not_let_out_is_no_answer_about_the_pod() {
        let (client, mut mock) = run_tests::client();
        let pod = run_tests::view("web-0", "u-1");
        let refuse = async { mock.next().await.refuse("the lease claim is lost") };
        let (answer, ()) = tokio::join!(evict(&client, &pod), refuse);
        let Answer::Unavailable { message } = answer else { panic!("{answer:?}") };
        assert!(message.contains("the lease claim is lost"), "{message}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_an_answer_ends() {
        let (client, mut mock) = run_tests::client();
        let pod = run_tests::view("web-0", "u-1");
        let hold = async {
            let _held = mock.next().await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answer = evict(&client, &pod) => assert!(matches!(answer, Answer::Unavailable { .. }), "{answer:?}"),
            () = hold => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_are_under_way_and_the_next_goes_when_one_is_answered() {
        let (client, mut mock) = run_tests::client();
        let pod = run_tests::view("web-0", "u-1");
        let at_once = Semaphore::new(2);
        let three = futures::future::join_all((0..3).map(|_| evict_within(&at_once, &client, &pod)));
        let server = async {
            let (first, second) = (mock.next().await, mock.next().await);
            // Time stands still until nobody has anything to do.
            let early = tokio::time::timeout(Duration::from_secs(1), mock.next()).await;
            assert!(early.is_err(), "a third request while two are under way");
            first.reply_json(201, &json!({"kind": "Status", "status": "Success"}));
            let third = mock.next().await;
            for call in [second, third] {
                call.reply_json(201, &json!({"kind": "Status", "status": "Success"}));
            }
        };
        let (answers, ()) = tokio::join!(three, server);
        assert_eq!(answers, [const { Answer::Accepted }; 3]);
    }
}
