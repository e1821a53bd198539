//! After hibernation nothing from before counts: neither the token nor a connection.
//!
//! No test can hibernate its machine, so the loop runs here in the test's own process with a clock of sleep that the test
//! sets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_simulator::InstanceInfo;
use node_gate::address::Addresses;
use node_gate::autoscaling::AutoScaling;
use node_gate::gate::{OnUnknown, Policy, Until};
use node_gate::hold::{Holder, Signals};
use node_gate::imds::Metadata;
use node_gate::report::Reporter;
use node_gate::sleep::Asleep;
use node_gate::status::Folder;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::bed::Bed;

fn holder(instance: &InstanceInfo, folder: &TempDir, asleep: Asleep) -> (Holder, Signals) {
    let endpoint = instance.imds_endpoint.parse().expect("an address");
    let policy = Policy {
        until: Until::Target,
        on_unknown: OnUnknown::Hold,
        groups: Vec::new(),
        grace: Duration::from_secs(60),
    };
    let holder = Holder {
        reporter: Reporter::new(Folder::new(folder.path()), "the test".into(), Instant::now()),
        imds: Metadata::new(Addresses::new(vec![endpoint], None), &policy),
        autoscaling: AutoScaling::default(),
        policy,
        poll_interval: Duration::from_millis(50),
        invocation: None,
        asleep,
    };
    let on = |kind| signal(kind).expect("signals can be caught");
    (holder, Signals { terminate: on(SignalKind::terminate()), interrupt: on(SignalKind::interrupt()) })
}

#[tokio::test]
async fn a_gate_that_wakes_from_hibernation_fetches_a_new_token_and_one_that_stays_awake_does_not() {
    static SLEPT: AtomicU64 = AtomicU64::new(40);
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let folder = tempfile::tempdir().unwrap();
    let tokens = || {
        let calls = bed.simulator.imds_calls(&instance.id);
        calls.iter().filter(|call| call.method == "PUT").count()
    };
    let (holder, signals) = holder(&instance, &folder, || Duration::from_secs(SLEPT.load(Ordering::SeqCst)));
    let story = async {
        bed.polls(&instance, 20).await;
        assert_eq!(tokens(), 1, "a machine that slept before the start has nothing to renew");
        SLEPT.fetch_add(3 * 86_400, Ordering::SeqCst);
        bed.until("a second token", || tokens() == 2).await;
        bed.polls(&instance, 20).await;
        assert_eq!(tokens(), 2, "one sleep, one new token");
        assert!(!folder.path().join("opened.json").exists());
        bed.scale_to(1).await;
    };
    tokio::join!(holder.hold(signals), story);
    assert!(folder.path().join("opened.json").exists(), "and it opens as any other");
}
