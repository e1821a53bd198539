//! `node-gate watch --rehold`: the gate holds anew when the instance is back in the pool and drained, and never otherwise.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_autoscaling::types::{InstanceReusePolicy, WarmPoolState};
use aws_simulator::{Fault, ImdsFault, InstanceInfo};
use node_gate::address::Addresses;
use node_gate::autoscaling::AutoScaling;
use node_gate::hold::Signals;
use node_gate::imds::Metadata;
use node_gate::watch::decide::Policy;
use node_gate::watch::memory::Memory;
use node_gate::watch::round::Watcher;
use node_gate::watch::systemctl::Systemctl;
use tokio::net::UnixDatagram;
use tokio::signal::unix::{SignalKind, signal};

use crate::bed::{Bed, GROUP, Gate, PATIENCE, binary, outcome};

const RESTART: &str = "restart --no-block node-gate.service\n";

/// A running watch beside a `systemctl` that writes down what it is asked, and refuses if there is a file `refuse`.
struct Watch {
    gate: Gate,
}

impl Watch {
    /// Starts on an instance whose gate opened for this reason.
    fn start(bed: &Bed, instance: &InstanceInfo, opened: &str, args: &[&str], env: &[(&str, &str)]) -> Watch {
        let folder = tempfile::tempdir().expect("a folder");
        let record =
            format!(r#"{{"at":"2026-11-21T07:00:00Z","reason":"{opened}","message":"","invocation":null}}"#);
        fs::write(folder.path().join("opened.json"), record).expect("our folder");
        let program = folder.path().join("systemctl");
        let script = format!(
            "#!/bin/sh\ncd {}\n[ -e refuse ] && {{ echo Unit not found. >&2; exit 5; }}\necho \"$*\" >>asked\n",
            folder.path().display()
        );
        fs::write(&program, script).expect("our folder");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("our file");
        let program = program.to_str().expect("text").to_owned();
        let all = [&["watch", "--systemctl", &program], args].concat();
        let env = [&[("NODE_GATE_WATCH_INTERVAL", "50ms")], env].concat();
        Watch { gate: Gate::run(folder, &all, &instance.imds_endpoint, &bed.simulator.endpoint(), &env) }
    }

    /// The usual one.
    fn rehold(bed: &Bed, instance: &InstanceInfo, args: &[&str]) -> Watch {
        Watch::start(bed, instance, "in-service", &[&["--rehold"], args].concat(), &[])
    }

    /// What systemctl was asked.
    fn asked(&self) -> String {
        fs::read_to_string(self.gate.file("asked")).unwrap_or_default()
    }
}

impl Bed {
    /// Instances that leave go into a pool of this kind, and a hook waits for their drain.
    async fn reuse(&self, kind: WarmPoolState) {
        self.aws
            .put_lifecycle_hook()
            .auto_scaling_group_name(GROUP)
            .lifecycle_hook_name("drain")
            .lifecycle_transition("autoscaling:EC2_INSTANCE_TERMINATING")
            .heartbeat_timeout(600)
            .send()
            .await
            .expect("the simulator takes it");
        self.aws
            .put_warm_pool()
            .auto_scaling_group_name(GROUP)
            .pool_state(kind)
            .max_group_prepared_capacity(1)
            .instance_reuse_policy(InstanceReusePolicy::builder().reuse_on_scale_in(true).build())
            .send()
            .await
            .expect("the simulator takes it");
    }

    async fn drained(&self, instance: &InstanceInfo) {
        self.aws
            .complete_lifecycle_action()
            .auto_scaling_group_name(GROUP)
            .lifecycle_hook_name("drain")
            .instance_id(&instance.id)
            .lifecycle_action_result("CONTINUE")
            .send()
            .await
            .expect("the simulator takes it");
    }

    fn target(&self, instance: &InstanceInfo, target: &str) {
        self.simulator.imds_fault(&instance.id, Some(ImdsFault::Target(target.into())));
    }
}

#[tokio::test]
async fn an_instance_that_goes_back_to_the_pool_is_held_anew_once_and_after_its_drain() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.reuse(WarmPoolState::Running).await;
    let mut watch = Watch::rehold(&bed, &instance, &["--rehold-after", "0s"]);
    watch.gate.says("target InService: the gate stays open").await;
    bed.polls(&instance, 20).await;
    assert_eq!(bed.gate_calls(), [], "no call before the target turns");

    bed.scale_to(0).await;
    bed.in_state("Warmed:Pending:Wait", 1).await;
    watch.gate.says("Auto Scaling says Warmed:Pending:Wait: waiting for the end of the drain").await;
    bed.until("further questions", || bed.gate_calls().len() >= 3).await;
    assert_eq!(watch.asked(), "");

    bed.drained(&instance).await;
    watch.gate.says("holding anew: Auto Scaling says Warmed:").await;
    watch.gate.says("the gate is being restarted").await;
    let calls = bed.gate_calls().len();
    bed.polls(&instance, 60).await;
    assert_eq!(watch.asked(), RESTART, "once");
    assert_eq!(bed.gate_calls().len(), calls, "nothing is left to ask");
    let polls = bed.simulator.imds_calls(&instance.id).len();
    assert!(polls > 10 * calls, "questions back off, {polls} looks do not");
}

#[tokio::test]
async fn where_the_api_may_not_be_asked_time_tells() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.reuse(WarmPoolState::Running).await;
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Deny);
    let mut watch = Watch::rehold(&bed, &instance, &["--rehold-after", "3s"]);
    watch.gate.says("target InService").await;
    let turned = std::time::Instant::now();
    bed.scale_to(0).await;
    watch.gate.says("holding anew 3s after the target turned (Auto Scaling: AccessDenied").await;
    assert_eq!(watch.asked(), "");
    watch.gate.says("holding anew: the target has been Warmed:Running for 3s").await;
    assert!(turned.elapsed() >= Duration::from_secs(3), "not before the time");
    watch.gate.says("the gate is being restarted").await;
    assert_eq!(watch.asked(), RESTART);
}

#[tokio::test]
async fn a_target_that_turns_back_in_time_is_left_alone() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Deny);
    let mut watch = Watch::rehold(&bed, &instance, &["--rehold-after", "6s"]);
    for _ in 0..3 {
        watch.gate.says("target InService").await;
        bed.target(&instance, "Warmed:Running");
        watch.gate.says("holding anew 6s after the target turned").await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        bed.simulator.imds_fault(&instance.id, None);
    }
    watch.gate.says("target InService").await;
    bed.polls(&instance, 20).await;
    assert_eq!(watch.asked(), "", "long enough in all, but never at a time");
}

#[tokio::test]
async fn an_answer_that_comes_when_the_target_has_turned_back_counts_for_nothing() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    bed.target(&instance, "InService");
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Delay(Duration::from_secs(1)));
    let mut watch = Watch::rehold(&bed, &instance, &[]);
    watch.gate.says("target InService").await;
    bed.target(&instance, "Warmed:Running");
    watch.gate.says("asking Auto Scaling whether the drain is over").await;
    bed.target(&instance, "InService");
    watch.gate.says("target InService").await;
    bed.until("the question", || bed.gate_calls().len() == 1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(watch.asked(), "", "the answer was Warmed:Running");

    // Back in the pool before the answer: it was about another stay.
    bed.target(&instance, "Warmed:Running");
    watch.gate.says("asking Auto Scaling whether the drain is over").await;
    bed.target(&instance, "InService");
    watch.gate.says("target InService").await;
    bed.target(&instance, "Warmed:Running");
    watch.gate.says("holding anew").await;
    assert_eq!(bed.gate_calls().len(), 3, "asked again");
}

#[tokio::test]
async fn nothing_is_done_on_an_answer_before_another_look() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    bed.target(&instance, "InService");
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Delay(Duration::from_secs(1)));
    // The answer comes long before the next look by the clock.
    let mut watch = Watch::rehold(&bed, &instance, &["--watch-interval", "5s"]);
    watch.gate.says("target InService").await;
    bed.target(&instance, "Warmed:Running");
    watch.gate.says("asking Auto Scaling whether the drain is over").await;
    bed.target(&instance, "InService");
    watch.gate.says("target InService").await;
    assert_eq!((watch.asked(), bed.gate_calls().len()), (String::new(), 1), "the answer was Warmed:Running");
}

#[tokio::test]
async fn an_instance_that_is_stopped_or_terminated_is_left_to_that() {
    let bed = Bed::start().await;
    let instances = bed.serving(2).await;
    let mut watch = Watch::rehold(&bed, &instances[0], &["--rehold-after", "0s"]);
    let mut stopped = Watch::rehold(&bed, &instances[1], &["--rehold-after", "0s"]);
    for one in [&mut watch, &mut stopped] {
        one.gate.says("target InService").await;
    }
    bed.target(&instances[0], "Terminated");
    watch.gate.says("target Terminated: the instance is about to be terminated").await;
    bed.target(&instances[1], "Warmed:Stopped");
    stopped
        .gate
        .says("target Warmed:Stopped: the instance is about to be stopped, and the next boot holds")
        .await;
    for instance in &instances {
        bed.polls(instance, 20).await;
    }
    assert_eq!((watch.asked() + &stopped.asked(), bed.gate_calls()), (String::new(), vec![]));
}

#[tokio::test]
async fn what_somebody_opened_in_the_pool_stays_open_until_the_instance_has_served() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let mut watch = Watch::start(&bed, &instance, "by-hand", &["--rehold"], &[]);
    watch.gate.says("target Warmed:Running, but it was so when the gate was opened").await;
    bed.polls(&instance, 20).await;
    assert_eq!((watch.asked(), bed.gate_calls()), (String::new(), vec![]));

    bed.target(&instance, "InService");
    watch.gate.says("target InService").await;
    bed.simulator.imds_fault(&instance.id, None);
    watch.gate.says("holding anew: Auto Scaling says Warmed:Running").await;
}

#[tokio::test]
async fn a_watch_that_starts_in_the_middle_of_a_return_sees_it_through() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    // The gate opened in service: what is the pool now has turned.
    let mut watch = Watch::rehold(&bed, &instance, &[]);
    watch.gate.says("holding anew: Auto Scaling says Warmed:Running").await;
    watch.gate.says("the gate is being restarted").await;
    assert_eq!(watch.asked(), RESTART);
}

#[tokio::test]
async fn a_systemctl_that_fails_is_told_once_and_tried_again() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    bed.target(&instance, "InService");
    let mut watch = Watch::rehold(&bed, &instance, &[]);
    watch.gate.says("target InService").await;
    fs::write(watch.gate.file("refuse"), "").unwrap();
    bed.simulator.imds_fault(&instance.id, None);
    watch.gate.says("the gate cannot be restarted, trying again: systemctl ended with exit status: 5: Unit not found.").await;
    bed.polls(&instance, 10).await;
    fs::remove_file(watch.gate.file("refuse")).unwrap();
    watch.gate.says("holding anew: Auto Scaling says Warmed:Running").await;
    let told = watch.gate.said.iter().filter(|line| line.contains("cannot be restarted")).count();
    assert_eq!((told, watch.asked().as_str()), (1, RESTART));
}

#[tokio::test]
async fn a_watch_without_a_job_says_so_and_ends() {
    for (args, env, says) in [
        (&["watch"][..], None, "there is nothing to watch for: --rehold (NODE_GATE_REHOLD=true) is not set"),
        (&["watch"], Some("false"), "there is nothing to watch for"),
        (&["watch"], Some("perhaps"), "invalid value 'perhaps' for '--rehold'"),
        (&["watch", "--rehold", "--rehold-after", "soon"], None, "invalid value 'soon' for '--rehold-after"),
    ] {
        let mut command = binary();
        command.args(args).envs(env.map(|value| ("NODE_GATE_REHOLD", value)));
        let (code, out, err) = outcome(&mut command).await;
        assert_eq!((code, out.as_str(), err.lines().count()), (Some(2), "", 1), "{err}");
        assert!(err.starts_with(&format!("node-gate: {says}")), "{err}");
    }
}

#[tokio::test]
async fn the_variable_asks_as_the_flag_does_and_a_signal_ends_the_watch_with_success() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let mut watch = Watch::start(&bed, &instance, "in-service", &[], &[("NODE_GATE_REHOLD", "true")]);
    watch.gate.says("target InService").await;
    watch.gate.signal("TERM").await;
    assert_eq!(watch.gate.exit_code().await, Some(0));
    assert_eq!(watch.asked(), "");
    assert!(watch.gate.file("opened.json").exists(), "the record is the gate's");
}

#[tokio::test]
async fn systemd_hears_that_the_watch_runs_and_what_it_sees() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let env = [("NOTIFY_SOCKET", path.to_str().unwrap())];
    let _watch = Watch::start(&bed, &instance, "in-service", &["--rehold"], &env);
    let mut buffer = vec![0; 4096];
    for wanted in [
        "READY=1\nSTATUS=Watching: asking IMDS for the target lifecycle state\n",
        "STATUS=Watching: target InService: the gate stays open\n",
    ] {
        let length = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer)).await.unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), wanted);
    }
    bed.polls(&instance, 10).await;
    assert!(socket.try_recv(&mut buffer).is_err(), "nothing else was said");
}

/// No test can hibernate its machine, so the loop runs here in the test's own process with a clock of sleep that the test sets.
#[tokio::test]
async fn a_watch_that_wakes_from_hibernation_fetches_a_new_token() {
    static SLEPT: AtomicU64 = AtomicU64::new(40);
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let tokens = || {
        let calls = bed.simulator.imds_calls(&instance.id);
        calls.iter().filter(|call| call.method == "PUT").count()
    };
    let watcher = Watcher {
        policy: Policy { rehold: true, after: PATIENCE },
        interval: Duration::from_millis(50),
        memory: Memory::new(true),
        imds: Metadata::for_watch(Addresses::new(vec![instance.imds_endpoint.parse().unwrap()], None)),
        autoscaling: AutoScaling::default(),
        systemctl: Systemctl::new("/nonexistent".into()),
        asleep: || Duration::from_secs(SLEPT.load(Ordering::SeqCst)),
    };
    let on = |kind| signal(kind).expect("signals can be caught");
    let signals = Signals { terminate: on(SignalKind::terminate()), interrupt: on(SignalKind::interrupt()) };
    let story = async {
        bed.polls(&instance, 20).await;
        assert_eq!(tokens(), 1);
        SLEPT.fetch_add(3 * 86_400, Ordering::SeqCst);
        bed.until("a second token", || tokens() == 2).await;
        bed.polls(&instance, 20).await;
        assert_eq!(tokens(), 2, "one sleep, one new token");
    };
    tokio::select! {
        () = watcher.watch(signals) => panic!("nobody told it to end"),
        () = story => {}
    }
}
