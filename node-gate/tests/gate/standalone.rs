//! An instance of no group, on which IMDS answers 404 for ever; and tokens that IMDS takes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_simulator::{Fault, Options, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::bed::{GATE_KEY, Gate, PATIENCE};

/// IMDS of an instance that no group knows: the simulator has instances of groups only.
#[derive(Clone, Default)]
pub(crate) struct Metadata(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    token: u32,
    /// How long tokens are good, in seconds; 0: six hours.
    ttl: u32,
    given: u32,
    answers: BTreeMap<&'static str, &'static str>,
    refused: u32,
}

const TARGET: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
pub(crate) const ID: &str = "/latest/meta-data/instance-id";

impl Metadata {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics inside")
    }

    pub(crate) async fn start(answers: &[(&'static str, &'static str)]) -> (Self, String) {
        let metadata = Metadata::default();
        metadata.lock().answers = answers.iter().copied().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let serving = metadata.clone();
        // Ends with the test's runtime.
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                        break;
                    }
                    request.push(byte[0]);
                }
                let answer = serving.answer(&String::from_utf8_lossy(&request).to_ascii_lowercase());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (metadata, address)
    }

    fn answer(&self, request: &str) -> String {
        let mut state = self.lock();
        let ttl = if state.ttl == 0 { 21_600 } else { state.ttl };
        let respond = |status: u16, body: &str| {
            format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\
                 x-aws-ec2-metadata-token-ttl-seconds: {ttl}\r\n\r\n{body}",
                body.len()
            )
        };
        if request.starts_with("put ") {
            state.given += 1;
            return respond(200, &format!("token-{}", state.token));
        }
        if !request.contains(&format!("x-aws-ec2-metadata-token: token-{}\r\n", state.token)) {
            state.refused += 1;
            return respond(401, "");
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        state.answers.get(path).map_or_else(|| respond(404, "<html>404</html>"), |body| respond(200, body))
    }
}

async fn simulator() -> Simulator {
    Simulator::start(Options::default()).await.expect("loopback has a port")
}

fn questions(simulator: &Simulator) -> usize {
    simulator.calls().iter().filter(|call| call.caller == GATE_KEY).count()
}

/// More of them than answers that it takes to open.
async fn refusals(simulator: &Simulator, count: usize) {
    let refused = simulator.wait_until("refusals", PATIENCE, |_| questions(simulator) >= count).await;
    refused.expect("the gate asks on");
}

#[tokio::test]
async fn an_instance_that_the_api_does_not_list_opens_after_several_answers() {
    let (_metadata, imds) = Metadata::start(&[(ID, "i-065912b0a0b011658")]).await;
    let simulator = simulator().await;
    let mut gate =
        Gate::start(&imds, &simulator.endpoint(), &["--grace", "300ms", "--on-unknown", "hold"], &[]);
    gate.says("holding: IMDS has no target lifecycle state yet").await;
    assert_eq!(questions(&simulator), 0);
    gate.opens().await;
    assert_eq!(gate.status()["reason"], "no-group");
    assert_eq!(questions(&simulator), 3);
}

#[tokio::test]
async fn an_instance_that_may_not_ask_opens_or_holds_by_on_unknown() {
    let (_metadata, imds) = Metadata::start(&[(ID, "i-065912b0a0b011658")]).await;
    let simulator = simulator().await;
    simulator.fault("*", Fault::Deny);
    let mut opening = Gate::start(&imds, &simulator.endpoint(), &["--grace", "0s"], &[]);
    opening.opens().await;
    assert_eq!(opening.status()["reason"], "unknown");
    assert!(opening.said.iter().any(|line| line.contains("WARN") && line.contains("in doubt")));

    let before = questions(&simulator);
    let args = ["--grace", "0s", "--on-unknown", "hold"];
    let mut holding = Gate::start(&imds, &simulator.endpoint(), &args, &[]);
    refusals(&simulator, before + 4).await;
    assert!(holding.is_holding());
}

#[tokio::test]
async fn without_credentials_it_opens_by_on_unknown_too() {
    let (_metadata, imds) = Metadata::start(&[(ID, "i-065912b0a0b011658")]).await;
    let simulator = simulator().await;
    let none = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let mut gate = Gate::start(&imds, &simulator.endpoint(), &["--grace", "0s"], &none);
    gate.opens().await;
    assert_eq!(gate.status()["reason"], "unknown");
    assert_eq!(simulator.calls().len(), 0);
}

#[tokio::test]
async fn a_throttled_api_is_asked_until_it_answers() {
    let (_metadata, imds) = Metadata::start(&[(ID, "i-065912b0a0b011658")]).await;
    let simulator = simulator().await;
    simulator.fault("*", Fault::Throttle { share: 1.0 });
    let mut gate = Gate::start(&imds, &simulator.endpoint(), &["--grace", "0s"], &[]);
    refusals(&simulator, 4).await;
    assert!(gate.is_holding());
    simulator.clear_faults();
    // By now the questions are up to 15 s apart: the three that it takes to open are not waited for.
    gate.says("holding: Auto Scaling does not list this instance").await;
}

#[tokio::test]
async fn a_404_without_an_instance_id_never_opens() {
    let (_metadata, imds) = Metadata::start(&[]).await;
    let simulator = simulator().await;
    let mut gate = Gate::start(&imds, &simulator.endpoint(), &["--grace", "0s"], &[]);
    gate.says("it does not answer what instance this is").await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(gate.is_holding());
    assert_eq!(questions(&simulator), 0);
}

#[tokio::test]
async fn a_token_that_imds_takes_back_is_replaced() {
    let (metadata, imds) = Metadata::start(&[(TARGET, "Warmed:Stopped")]).await;
    let simulator = simulator().await;
    let mut gate = Gate::start(&imds, &simulator.endpoint(), &[], &[]);
    gate.says("holding: target Warmed:Stopped").await;
    metadata.lock().token += 1;
    gate.says("holding: IMDS gives no usable answer: HTTP 401").await;
    gate.says("holding: target Warmed:Stopped").await;
    assert_eq!(metadata.lock().refused, 1);
    metadata.lock().answers.insert(TARGET, "InService");
    gate.opens().await;
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends() {
    let (metadata, imds) = Metadata::start(&[(TARGET, "Warmed:Stopped")]).await;
    // Good for a second, of which the last half is not used.
    metadata.lock().ttl = 1;
    let simulator = simulator().await;
    let mut gate = Gate::start(&imds, &simulator.endpoint(), &[], &[]);
    let given = || metadata.lock().given;
    let third = async {
        while given() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, third).await.expect("one after the other");
    assert_eq!(metadata.lock().refused, 0);
    gate.says("holding: target Warmed:Stopped").await;
    metadata.lock().answers.insert(TARGET, "InService");
    gate.opens().await;
    assert!(!gate.said.iter().any(|line| line.contains("no usable answer")), "{:#?}", gate.said);
}
