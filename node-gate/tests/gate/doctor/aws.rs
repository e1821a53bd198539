//! What the doctor finds of IMDS and Auto Scaling, with the simulated ones.

use std::fs;
use std::time::Duration;

use aws_simulator::{Fault, ImdsFault, InstanceInfo, MetadataChange};
use tempfile::TempDir;

use super::{HELD, REARM, doctor, gate, shows};
use crate::bed::{Bed, GATE_KEY, GROUP, binary, outcome};
use crate::standalone::{ID, Metadata};

/// A baked node, whose gate is told of the simulated AWS by its environment file, as a user would tell it of a proxy.
struct Node {
    systemctl: TempDir,
    environment: tempfile::NamedTempFile,
    common: String,
}

impl Node {
    fn new(bed: &Bed, imds: &str, credentials: &str) -> Self {
        let environment = tempfile::NamedTempFile::new().expect("a file");
        let systemctl = shows(&[
            ("node-gate.service", &gate(environment.path())),
            ("node-gate-rearm@kubelet.service", REARM),
            ("kubelet.service", HELD),
        ]);
        let common = format!(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT={}\nAWS_ENDPOINT_URL={}\nAWS_REGION=us-east-1\n\
             NODE_GATE_STATE_DIR={}\n{credentials}\n",
            imds,
            bed.simulator.endpoint(),
            systemctl.path().display(),
        );
        Node { systemctl, environment, common }
    }

    fn with_key(bed: &Bed, instance: &InstanceInfo) -> Self {
        Node::new(
            bed,
            &instance.imds_endpoint,
            &format!("AWS_ACCESS_KEY_ID={GATE_KEY}\nAWS_SECRET_ACCESS_KEY=hidden"),
        )
    }

    /// Exit code, and the lines of the problems and of the check named.
    async fn told(&self, settings: &str) -> (Option<i32>, String) {
        fs::write(self.environment.path(), format!("{}{settings}\n", self.common)).expect("our file");
        let (code, out, err) = doctor(self.systemctl.path(), &[]).await;
        assert_eq!(err, "");
        assert!(!out.contains("hidden"), "{out}");
        (code, out)
    }
}

#[tokio::test]
async fn a_warm_node_whose_gate_may_ask_has_nothing_to_complain_of() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let node = Node::with_key(&bed, &instance);
    let (code, out) = node.told("").await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains(&format!("ok    imds             answers: {}\n", instance.id)), "{out}");
    assert!(out.contains("ok    target           Warmed:Running\n"), "{out}");
    assert!(out.contains("ok    api              Warmed:Running in group blue\n"), "{out}");
    assert!(out.ends_with("\nThe gate can work here.\n"), "{out}");
    let asked: Vec<_> = bed.gate_calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(asked, ["DescribeAutoScalingInstances"]);
}

#[tokio::test]
async fn imds_that_is_out_of_order_is_told_and_bounded_in_time() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    let node = Node::with_key(&bed, &instance);
    for (fault, why) in [
        (ImdsFault::Status(403), "--http-endpoint enabled"),
        (ImdsFault::Reads(401), "HTTP 401"),
        (ImdsFault::Status(503), "gives no usable answer"),
        (ImdsFault::Unreachable, "is IMDS enabled"),
        (ImdsFault::Hang, "hop limit 1"),
        (ImdsFault::Html, "gives no usable answer"),
        (ImdsFault::Garbage(vec![0xff; 100_000]), "gives no usable answer"),
        (ImdsFault::Trickle(Duration::from_millis(700)), "gives no usable answer"),
    ] {
        bed.simulator.imds_fault(&instance.id, Some(fault.clone()));
        let (code, out) = node.told("").await;
        assert_eq!(code, Some(1), "{fault:?}: {out}");
        assert!(out.contains("\nFAIL  imds") && out.contains(why), "{fault:?}: {out}");
    }
    bed.simulator.imds_fault(&instance.id, None);
    let off = MetadataChange { enabled: Some(false), ..MetadataChange::default() };
    assert!(bed.simulator.imds_options(&instance.id, off));
    let (code, out) = node.told("").await;
    assert!(code == Some(1) && out.contains("do: IMDS seems to be off: "), "{out}");
    assert_eq!(bed.gate_calls().len(), 0, "which instance to ask for is not known");
}

#[tokio::test]
async fn an_instance_too_old_for_a_target_state_is_found() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.imds_fault(&instance.id, Some(ImdsFault::NoTarget));
    let node = Node::with_key(&bed, &instance);
    let (code, out) = node.told("").await;
    assert_eq!(code, Some(0), "{out}");
    let line = "warn  target           IMDS knows no target state, although the instance is in group blue";
    assert!(out.contains(line), "{out}");
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Deny);
    let (code, out) = node.told("").await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("and the API cannot be asked: the gate would hold\n"), "{out}");
}

fn hide_tags(bed: &Bed, instance: &InstanceInfo) {
    let change = MetadataChange { shows_tags: Some(false), ..MetadataChange::default() };
    assert!(bed.simulator.imds_options(&instance.id, change));
}

#[tokio::test]
async fn neither_tags_nor_right_leave_it_to_on_unknown() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Deny);
    hide_tags(&bed, &instance);
    let node = Node::with_key(&bed, &instance);
    let (code, out) = node.told("NODE_GATE_ON_UNKNOWN=hold").await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("Where IMDS has no target state, --on-unknown=hold decides\n"), "{out}");

    let change = MetadataChange { shows_tags: Some(true), ..MetadataChange::default() };
    assert!(bed.simulator.imds_options(&instance.id, change));
    let (_, out) = node.told("").await;
    assert!(
        out.contains("ok    api              may not be asked; the instance tag tells the group"),
        "{out}"
    );
}

#[tokio::test]
async fn credentials_are_the_node_s_and_without_any_that_is_told() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    hide_tags(&bed, &instance);
    assert!(bed.simulator.imds_role(&instance.id, Some("node-role")));
    let node = Node::new(&bed, &instance.imds_endpoint, "");
    let (_, out) = node.told("").await;
    assert!(out.contains("ok    api              InService in group blue\n"), "{out}");
    assert!(bed.simulator.imds_role(&instance.id, None));
    let (code, out) = node.told("").await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("warn  api              may not be asked (the instance has no role): "), "{out}");
}

#[tokio::test]
async fn in_service_mode_needs_the_right_and_no_launch_hook_that_waits_for_the_node() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let node = Node::with_key(&bed, &instance);
    let strict = "NODE_GATE_UNTIL=in-service";
    let (code, out) = node.told(strict).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("ok    launch hook      the group has none\n"), "{out}");

    let hook = |name: &str, transition: &str| {
        let hook = bed.aws.put_lifecycle_hook().auto_scaling_group_name(GROUP).lifecycle_hook_name(name);
        hook.lifecycle_transition(transition).heartbeat_timeout(300).send()
    };
    hook("bye", "autoscaling:EC2_INSTANCE_TERMINATING").await.unwrap();
    let (_, out) = node.told(strict).await;
    assert!(out.contains("ok    launch hook      the group has none\n"), "{out}");
    hook("ready", "autoscaling:EC2_INSTANCE_LAUNCHING").await.unwrap();
    let (code, out) = node.told(strict).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("warn  launch hook      group blue has ready (after 300 s: ABANDON): with"),
        "{out}"
    );
    let (_, out) = node.told("").await;
    assert!(!out.contains("launch hook"), "{out}");

    bed.simulator.fault("DescribeLifecycleHooks", Fault::Deny);
    let (code, out) = node.told(strict).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("warn  launch hook      could not look: "), "{out}");
    bed.simulator.fault("DescribeAutoScalingInstances", Fault::Deny);
    let (code, out) = node.told(strict).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("\nFAIL  api") && out.contains("the gate would hold for ever\n"), "{out}");
}

#[tokio::test]
async fn imds_is_never_asked_through_a_proxy() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let node = Node::with_key(&bed, &instance);
    // At which nobody is.
    let (_, out) = node.told("HTTP_PROXY=http://127.0.0.1:9\nhttp_proxy=http://127.0.0.1:9").await;
    assert!(out.contains("ok    target           InService\n"), "{out}");
}

#[tokio::test]
async fn the_environment_of_whoever_runs_the_doctor_does_not_count() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let node = Node::with_key(&bed, &instance);
    let (_, expected) = node.told("").await;
    let mut command = binary();
    let path = format!("{}:{}", node.systemctl.path().display(), std::env::var("PATH").unwrap_or_default());
    command.arg("doctor").env("PATH", path).env("NODE_GATE_UNTIL", "tomorrow").env("AWS_REGION", "nowhere");
    command.env("AWS_PROFILE", "mine").env("AWS_SESSION_TOKEN", "x").env("NODE_GATE_GROUP", "red");
    let (code, out, err) = outcome(&mut command).await;
    assert_eq!((code, out, err.as_str()), (Some(0), expected, ""));
}

#[tokio::test]
async fn a_machine_that_bakes_images_gets_warnings_at_most() {
    let bed = Bed::start().await;
    let (_metadata, imds) = Metadata::start(&[(ID, "i-0123456789abcdef0")]).await;
    let key = format!("AWS_ACCESS_KEY_ID={GATE_KEY}\nAWS_SECRET_ACCESS_KEY=hidden");
    let node = Node::new(&bed, &imds, &key);
    let (code, out) = node.told("").await;
    assert!(code == Some(0) && out.ends_with("\nThe gate can work here.\n"), "{out}");
    assert!(out.contains("ok    target           none: the instance is in no group\n"), "{out}");
    let strict = "NODE_GATE_UNTIL=in-service\nNODE_GATE_GROUP=blue";
    let node = Node::new(&bed, &imds, "");
    for settings in ["", strict] {
        let (code, out) = node.told(settings).await;
        assert_eq!(code, Some(0), "{out}");
        assert!(out.contains("\nwarn  target ") && out.contains("\nwarn  api "), "{out}");
    }
}
