//! The loop on the wire: scripted answers that no real API server can be asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body as ReplyBody;
use futures::channel::mpsc;
use http::{Method, Request, Response};
use kube::client::Body;
use prometheus::{IntCounterVec, Opts};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower_test::mock;

use super::filter::PodView;
use super::{Context, OnDeadline, Outcome, Policy, Progress, Reason, drain, pods_left};

/// A client whose requests come out of the mock.
pub(super) fn client() -> (kube::Client, Mock) {
    let (service, handle) = mock::pair();
    (kube::Client::new(service, "default"), Mock { handle })
}

pub(super) fn view(name: &str, uid: &str) -> PodView {
    PodView {
        uid: uid.into(),
        namespace: "shop".into(),
        name: name.into(),
        critical: false,
        finished: false,
        grace: Duration::from_secs(30),
        terminating: None,
        finalizers: vec![],
        owner: None,
        test_panic: false,
    }
}

pub(super) struct Mock {
    handle: mock::Handle<Request<Body>, Response<ReplyBody>>,
}

/// One request that was sent, to be answered.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) uri: String,
    pub(super) body: Value,
    reply: mock::SendResponse<Response<ReplyBody>>,
}

impl Mock {
    pub(super) async fn next(&mut self) -> Call {
        let (request, reply) = self.handle.next_request().await.expect("a request");
        let (head, body) = request.into_parts();
        let body = body.collect_bytes().await.expect("a body");
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Call { method: head.method, uri: head.uri.to_string(), body, reply }
    }

    /// The next request, which has to be this one.
    async fn expect(&mut self, method: Method, uri: &str) -> Call {
        let call = self.next().await;
        assert_eq!((call.method.clone(), call.uri.as_str()), (method, uri));
        call
    }

    async fn list(&mut self, version: &str, pods: &[Value]) {
        let call = self.expect(Method::GET, LIST).await;
        call.reply_json(
            200,
            &json!({"kind": "PodList", "apiVersion": "v1",
            "metadata": {"resourceVersion": version}, "items": pods}),
        );
    }

    async fn watch(&mut self, version: &str) -> Events {
        let call = self.next().await;
        assert!(call.uri.starts_with("/api/v1/pods?&watch=true&timeoutSeconds=60"), "{}", call.uri);
        assert!(call.uri.contains("fieldSelector=spec.nodeName%3Dn1"), "{}", call.uri);
        assert!(call.uri.contains(&format!("resourceVersion={version}")), "{}", call.uri);
        call.open()
    }

    async fn evict(&mut self, pod: &str) -> Call {
        self.expect(Method::POST, &format!("/api/v1/namespaces/shop/pods/{pod}/eviction")).await
    }

    /// Nothing is sent for this long.
    async fn silent_for(&mut self, time: Duration) {
        let sent = tokio::time::timeout(time, self.next()).await;
        assert!(sent.is_err(), "unexpected {}", sent.map(|call| call.uri).unwrap_or_default());
    }
}

impl Call {
    pub(super) fn reply(self, code: u16, retry_after: Option<&str>, body: &str) {
        let mut response = Response::builder().status(code);
        if let Some(after) = retry_after {
            response = response.header(http::header::RETRY_AFTER, after);
        }
        self.reply.send_response(response.body(ReplyBody::from(body.to_owned())).unwrap());
    }

    pub(super) fn reply_json(self, code: u16, body: &Value) {
        self.reply(code, None, &body.to_string());
    }

    /// What a layer of the client answers that lets nothing out.
    pub(super) fn refuse(self, why: &str) {
        self.reply.send_error(why.to_owned());
    }

    /// Answers a watch.
    fn open(self) -> Events {
        let (sender, receiver) = mpsc::unbounded();
        self.reply.send_response(Response::new(ReplyBody::from_stream(receiver)));
        Events { sender }
    }

    fn accept(self) {
        self.reply_json(201, &json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}));
    }

    fn budget(self, name: &str) {
        let cause = format!("The disruption budget {name} needs 2 healthy pods and has 2 currently");
        self.reply_json(
            429,
            &json!({"kind": "Status", "status": "Failure", "code": 429, "reason": "TooManyRequests",
            "message": "x", "details": {"causes": [{"reason": "DisruptionBudget", "message": cause}]}}),
        );
    }
}

/// An open watch; closed by dropping it.
struct Events {
    sender: mpsc::UnboundedSender<Result<String, std::io::Error>>,
}

impl Events {
    fn send(&self, kind: &str, object: &Value) {
        let line = format!("{}\n", json!({"type": kind, "object": object}));
        self.sender.unbounded_send(Ok(line)).expect("an open watch");
    }
}

const LIST: &str = "/api/v1/pods?&fieldSelector=spec.nodeName%3Dn1";

fn pod(name: &str, version: &str) -> Value {
    json!({"kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "resourceVersion": version},
        "spec": {"containers": [], "nodeName": "n1"}, "status": {"phase": "Running"}})
}

fn of_set(name: &str, set: &str) -> Value {
    let mut pod = pod(name, "1");
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": set,
        "uid": format!("uid-{set}"), "controller": true}]);
    pod
}

struct Running {
    mock: Mock,
    context: watch::Sender<Context>,
    progress: watch::Receiver<Progress>,
    evictions: IntCounterVec,
    task: tokio::task::JoinHandle<Outcome>,
}

fn start(policy: Policy) -> Running {
    let (client, mock) = client();
    let (context, contexts) = watch::channel(Context::default());
    let (progresses, progress) = watch::channel(Progress::default());
    let evictions = IntCounterVec::new(Opts::new("evictions", "by result"), &["result"]).unwrap();
    let counted = evictions.clone();
    let task =
        tokio::spawn(
            async move { drain(&client, "n1", &policy, None, contexts, progresses, &counted).await },
        );
    Running { mock, context, progress, evictions, task }
}

fn policy() -> Policy {
    Policy {
        deadline: Duration::from_mins(15),
        on_deadline: OnDeadline::Force,
        settle: Duration::from_secs(1),
    }
}

#[tokio::test(start_paused = true)]
async fn thirty_pods_cost_one_call_each_a_list_and_a_watch() {
    let mut run = start(policy());
    let names: Vec<String> = (0..30).map(|n| format!("web-{n}")).collect();
    run.mock.list("1", &names.iter().map(|name| pod(name, "1")).collect::<Vec<_>>()).await;
    let mut asked = BTreeSet::new();
    let mut events = None;
    while asked.len() < 30 || events.is_none() {
        let call = run.mock.next().await;
        if call.method == Method::POST {
            assert!(asked.insert(call.body["metadata"]["name"].as_str().unwrap().to_owned()));
            call.accept();
        } else {
            events = Some(call.open());
        }
    }
    for name in &names {
        events.as_ref().unwrap().send("DELETED", &pod(name, "2"));
    }
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
    assert_eq!(run.progress.borrow().pods_left, 0);
    assert!(run.progress.borrow().first_eviction.is_some());
    assert_eq!(run.evictions.with_label_values(&["accepted"]).get(), 30);
}

#[tokio::test(start_paused = true)]
async fn an_empty_node_is_drained_after_the_settle_time_without_an_eviction() {
    let mut run = start(policy());
    run.mock.list("7", &[]).await;
    let _events = run.mock.watch("7").await;
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
    assert_eq!(run.progress.borrow().first_eviction, None);
}

#[tokio::test(start_paused = true)]
async fn a_situation_that_nobody_tells_any_more_stands() {
    let mut run = start(policy());
    drop(run.context);
    run.mock.list("7", &[]).await;
    let _events = run.mock.watch("7").await;
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_arrives_late_is_drained_too() {
    let mut run = start(policy());
    run.mock.list("7", &[]).await;
    let events = run.mock.watch("7").await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    events.send("ADDED", &pod("late", "8"));
    run.mock.evict("late").await.accept();
    run.mock.silent_for(Duration::from_secs(30)).await;
    assert!(!run.task.is_finished());
    events.send("DELETED", &pod("late", "9"));
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_is_resumed_where_it_was() {
    let mut run = start(policy());
    run.mock.list("7", &[pod("web", "1")]).await;
    // Which of the two comes first is not promised.
    let events = watch_and_accept(&mut run.mock, "7").await;
    events.send("MODIFIED", &pod("web", "11"));
    tokio::time::sleep(Duration::from_mins(1)).await;
    drop(events);
    let events = run.mock.watch("11").await;
    events.send("DELETED", &pod("web", "12"));
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_during_a_lost_watch_is_found_by_a_fresh_list() {
    let mut run = start(policy());
    run.mock.list("7", &[pod("web", "1")]).await;
    let events = watch_and_accept(&mut run.mock, "7").await;
    let gone = json!({"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old"});
    events.send("ERROR", &gone);
    let lost = tokio::time::Instant::now();
    run.mock.list("20", &[]).await;
    assert!(lost.elapsed() < Duration::from_secs(5), "at once, not when the silence shows");
    let _events = run.mock.watch("20").await;
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_falls_silent_is_replaced() {
    let mut run = start(policy());
    run.mock.list("7", &[pod("web", "1")]).await;
    let _silent = watch_and_accept(&mut run.mock, "7").await;
    run.mock.list("20", &[]).await;
    let _events = run.mock.watch("20").await;
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_is_waited_for() {
    let mut run = start(policy());
    for _ in 0..5 {
        run.mock.expect(Method::GET, LIST).await.refuse("connection refused");
    }
    let held = run.mock.expect(Method::GET, LIST).await;
    run.mock.list("1", &[]).await;
    drop(held);
    let _events = run.mock.watch("1").await;
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_named_and_its_pods_share_one_probe() {
    let mut run = start(policy());
    run.mock.list("7", &[pod("web-0", "1"), pod("web-1", "1")]).await;
    let mut watch = None;
    for _ in 0..3 {
        let call = run.mock.next().await;
        if call.method == Method::POST { call.budget("web") } else { watch = Some(call.open()) }
    }
    let probe = run.mock.next().await;
    assert_eq!(probe.method, Method::POST);
    run.mock.silent_for(Duration::from_secs(20)).await;
    let blockers = run.progress.borrow().blockers.clone();
    let budget = Reason::Budget { name: "web".into() };
    assert_eq!(blockers.iter().map(|b| b.pod.as_str()).collect::<Vec<_>>(), ["shop/web-0", "shop/web-1"]);
    assert!(blockers.iter().all(|blocker| blocker.reason == budget), "{blockers:?}");
    drop((probe, watch, run.context));
    run.task.abort();
}

#[tokio::test(start_paused = true)]
async fn the_situation_may_change_meanwhile() {
    let mut run = start(policy());
    run.mock.list("7", &[pod("web", "1")]).await;
    let mut watch = None;
    for _ in 0..2 {
        let call = run.mock.next().await;
        if call.method == Method::POST { call.budget("web") } else { watch = Some(call) }
    }
    run.context.send(Context { deadline_now: true, ..Context::default() }).unwrap();
    let forced = run.mock.expect(Method::DELETE, "/api/v1/namespaces/shop/pods/web").await;
    assert_eq!(forced.body["gracePeriodSeconds"], 1);
    drop(watch);
    run.task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_set_is_looked_up_once_and_only_its_orphans_go() {
    let mut run = start(policy());
    let pods = [of_set("log-1", "log"), of_set("old-1", "old"), of_set("old-2", "old")];
    run.mock.list("7", &pods).await;
    let (mut looked_up, mut evicted, mut watch) = (BTreeSet::new(), BTreeSet::new(), None);
    while evicted.len() < 2 {
        let call = run.mock.next().await;
        if call.method == Method::POST {
            assert!(evicted.insert(call.body["metadata"]["name"].as_str().unwrap().to_owned()));
            call.reply_json(
                404,
                &json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "x"}),
            );
        } else if call.uri.contains("/daemonsets/") {
            assert!(looked_up.insert(call.uri.clone()), "twice {}", call.uri);
            if call.uri.ends_with("/log") {
                call.reply_json(200, &json!({"metadata": {"name": "log", "uid": "uid-log"}}));
            } else {
                call.reply_json(
                    404,
                    &json!({"kind": "Status", "status": "Failure", "code": 404,
                    "reason": "NotFound", "message": "no such set"}),
                );
            }
        } else {
            watch = Some(call);
        }
    }
    assert_eq!(evicted.into_iter().collect::<Vec<_>>(), ["old-1", "old-2"]);
    assert_eq!(looked_up.len(), 2);
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
    drop(watch);
}

#[tokio::test(start_paused = true)]
async fn a_drain_is_not_done_while_a_set_is_looked_up() {
    let mut run = start(policy());
    run.mock.list("7", &[of_set("old-1", "old")]).await;
    let (first, second) = (run.mock.next().await, run.mock.next().await);
    let (look_up, watch) = if first.uri.contains("/daemonsets/") { (first, second) } else { (second, first) };
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!run.task.is_finished());
    look_up.reply_json(
        404,
        &json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": "x"}),
    );
    run.mock.evict("old-1").await.accept();
    drop(watch);
    run.task.abort();
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_about_its_set_a_pod_stays() {
    let mut run = start(policy());
    run.mock.list("7", &[of_set("log-1", "log")]).await;
    let mut watch = None;
    for _ in 0..2 {
        let call = run.mock.next().await;
        if call.uri.contains("/daemonsets/") {
            call.reply_json(
                403,
                &json!({"kind": "Status", "status": "Failure", "code": 403,
                "reason": "Forbidden", "message": "no"}),
            );
        } else {
            watch = Some(call);
        }
    }
    assert_eq!(run.task.await.unwrap(), Outcome::Drained);
    drop(watch);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_asks_for_it_panics_the_task_once() {
    let mut web = pod("panicky", "1");
    web["metadata"]["annotations"] = json!({"node-gate.io/test-panic": "once"});
    let mut first = start(policy());
    first.mock.list("7", std::slice::from_ref(&web)).await;
    assert!(first.task.await.unwrap_err().is_panic());
    let mut second = start(policy());
    second.mock.list("7", &[web]).await;
    let _events = watch_and_accept(&mut second.mock, "7").await;
    second.task.abort();
}

#[tokio::test]
async fn what_is_left_is_asked_of_the_store_and_counts_only_what_has_to_go() {
    let mut finished = pod("done", "1");
    finished["status"]["phase"] = json!("Succeeded");
    let alive = Context::default();
    let stays = [finished, of_set("log-1", "log")];
    for (pods, empty) in [(&stays[..], true), (&[pod("web", "1")][..], false)] {
        let (client, mut mock) = client();
        // LIST without a resource version is a consistent read.
        let (answer, ()) = tokio::join!(pods_left(&client, "n1", &alive), mock.list("1", pods));
        assert_eq!(answer.unwrap().is_empty(), empty);
    }
    let (client, mut mock) = client();
    let refuse = async { mock.next().await.refuse("away") };
    let (answer, ()) = tokio::join!(pods_left(&client, "n1", &alive), refuse);
    assert!(answer.is_err(), "no answer is not an empty node");
}

#[tokio::test]
async fn a_pod_that_nobody_will_finish_does_not_keep_a_dead_node() {
    let mut stuck = pod("stuck", "1");
    stuck["metadata"]["deletionTimestamp"] = json!("2020-01-01T00:00:00Z");
    let dead = Context {
        node_unready_for: Some(Duration::from_secs(61)),
        instance_will_terminate: true,
        ..Context::default()
    };
    let returns = Context { instance_will_terminate: false, ..dead.clone() };
    for (context, left) in [(dead, 0), (returns, 1), (Context::default(), 1)] {
        let (client, mut mock) = client();
        let pods = [stuck.clone()];
        let (answer, ()) = tokio::join!(pods_left(&client, "n1", &context), mock.list("1", &pods));
        assert_eq!(answer.unwrap().len(), left);
    }
}

/// Accepts the eviction of `web` and opens the watch, in whichever order they come.
async fn watch_and_accept(mock: &mut Mock, version: &str) -> Events {
    let mut events = None;
    let mut accepted = false;
    while events.is_none() || !accepted {
        let call = mock.next().await;
        if call.method == Method::POST {
            accepted = true;
            call.accept();
        } else {
            assert!(call.uri.contains(&format!("resourceVersion={version}")), "{}", call.uri);
            events = Some(call.open());
        }
    }
    events.expect("an open watch")
}
