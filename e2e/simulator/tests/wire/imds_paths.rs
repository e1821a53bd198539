//! Every path of a metadata service in every state that changes it, as curl would see it.

use std::time::Duration;

use aws_sdk_autoscaling::config::ProvideCredentials;
use aws_simulator::{
    InstanceInfo, MadeChange, MaintenanceCode, MetadataChange, Power, Simulator, SpotAction,
};

use crate::bed::{PATIENCE, ask, desire, group, only, post, raw, start};

const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";

async fn serving() -> (Simulator, InstanceInfo) {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    (simulator, instance)
}

async fn token(instance: &InstanceInfo) -> String {
    ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[(TTL, "60")]).await.1
}

/// The status and text under a path, with a token.
async fn get(instance: &InstanceInfo, token: &str, path: &str) -> (u16, String) {
    ask(&instance.imds_endpoint, "GET", path, &[(TOKEN, token)]).await
}

#[tokio::test]
async fn what_an_ordinary_instance_tells() {
    let (_simulator, instance) = serving().await;
    let token = token(&instance).await;
    let reservation = instance.id.replacen("i-", "r-", 1);
    for (path, text) in [
        ("ami-id", "ami-0123456789abcdef0"),
        ("ami-launch-index", "0"),
        ("autoscaling/target-lifecycle-state", "InService"),
        ("autoscaling/", "target-lifecycle-state"),
        ("block-device-mapping/", "ami\nroot"),
        ("block-device-mapping/root", "/dev/xvda"),
        ("events/", "maintenance/"),
        ("events/maintenance/", "history\nscheduled"),
        ("events/maintenance/history", "[]"),
        ("events/maintenance/scheduled", "[]"),
        ("hostname", "ip-10-0-0-4.ec2.internal"),
        ("instance-action", "none"),
        ("instance-id", &instance.id),
        ("instance-id/", &instance.id),
        ("instance-life-cycle", "on-demand"),
        ("instance-type", "t3.medium"),
        ("local-hostname", "ip-10-0-0-4.ec2.internal"),
        ("local-ipv4", "10.0.0.4"),
        ("mac", "02:00:0a:00:00:04"),
        ("network/interfaces/macs/", "02:00:0a:00:00:04/"),
        ("network/interfaces/macs/02:00:0a:00:00:04/local-ipv4s", "10.0.0.4"),
        ("network/interfaces/macs/02:00:0a:00:00:04/owner-id", "000000000000"),
        ("placement/", "availability-zone\navailability-zone-id\nregion"),
        ("placement/availability-zone", &instance.zone),
        ("placement/availability-zone-id", "use1-az6"),
        ("placement/region", "us-east-1"),
        ("reservation-id", &reservation),
        ("security-groups", "default"),
        ("services/", "domain\npartition"),
        ("services/domain", "amazonaws.com"),
        ("services/partition", "aws"),
        ("system", "nitro"),
        ("tags", "instance/"),
        ("tags/instance/", "aws:autoscaling:groupName"),
        ("tags/instance/aws:autoscaling:groupName", "g"),
        ("tags/instance/aws%3Aautoscaling%3AgroupName", "g"),
    ] {
        let path = format!("/latest/meta-data/{path}");
        assert_eq!(get(&instance, &token, &path).await, (200, text.to_owned()), "{path}");
    }
    for (path, text) in [("/latest", "dynamic\nmeta-data"), ("/latest/dynamic/", "instance-identity/")] {
        assert_eq!(get(&instance, &token, path).await, (200, text.to_owned()), "{path}");
    }
    for path in [
        "/latest/user-data",
        "/latest/meta-data/public-ipv4",
        "/latest/meta-data/public-keys/",
        "/latest/meta-data/iam/",
        "/latest/meta-data/iam/security-credentials/",
        "/latest/meta-data/spot/",
        "/latest/meta-data/spot/instance-action",
        "/latest/meta-data/spot/termination-time",
        "/latest/meta-data/events/recommendations/rebalance",
        "/latest/meta-data/tags/instance/other",
        "/latest/dynamic/instance-identity/signature",
        "/2021-03-23/meta-data/autoscaling/target-lifecycle-state",
        "/2021-07-16/meta-data/instance-id",
    ] {
        assert_eq!(get(&instance, &token, path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn the_identity_document_is_that_of_the_instance() {
    let (_simulator, instance) = serving().await;
    let token = token(&instance).await;
    let (status, text) = get(&instance, &token, "/latest/dynamic/instance-identity/document").await;
    assert_eq!(status, 200);
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for (key, value) in [
        ("instanceId", instance.id.as_str()),
        ("region", "us-east-1"),
        ("accountId", "000000000000"),
        ("availabilityZone", &instance.zone),
        ("instanceType", "t3.medium"),
        ("privateIp", "10.0.0.4"),
    ] {
        assert_eq!(document[key], value, "{key}");
    }
}

#[tokio::test]
async fn what_is_announced_shows_and_only_then() {
    let (simulator, instance) = serving().await;
    let token = token(&instance).await;
    let json = |path: &'static str| {
        let (instance, token) = (instance.clone(), token.clone());
        async move {
            let (status, text) = get(&instance, &token, &format!("/latest/meta-data/{path}")).await;
            assert_eq!(status, 200, "{path}");
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
        }
    };
    let second = |text: &serde_json::Value| text.as_str().map(|text| (text.len(), text.ends_with('Z')));

    let spot = MadeChange { spot: Some(true), ..MadeChange::default() };
    assert!(simulator.set_machine(&instance.id, spot).is_some());
    assert!(simulator.recommend_rebalance(&instance.id).is_ok());
    let notice = json("events/recommendations/rebalance").await;
    assert_eq!(second(&notice["noticeTime"]), Some((20, true)), "{notice}");

    assert!(simulator.interrupt_spot(&instance.id, SpotAction::Terminate).is_ok());
    let action = json("spot/instance-action").await;
    assert_eq!(action["action"], "terminate");
    assert_eq!(second(&action["time"]), Some((20, true)), "{action}");
    let paths = [("spot/", "instance-action\ntermination-time"), ("instance-life-cycle", "spot")];
    for (path, text) in paths {
        let path = format!("/latest/meta-data/{path}");
        assert_eq!(get(&instance, &token, &path).await, (200, text.to_owned()));
    }
    let (hour, code) = (Duration::from_hours(1), MaintenanceCode::SystemReboot);
    assert!(simulator.schedule_maintenance(&instance.id, code, hour, hour));
    let events = json("events/maintenance/scheduled").await;
    assert_eq!((events.as_array().map(Vec::len), &events[0]["Code"]), (Some(1), &"system-reboot".into()));
    assert_eq!(events[0]["State"], "active");
    let begin = events[0]["NotBefore"].as_str().expect("a time");
    assert!(begin.len() == 24 && begin.ends_with(" GMT"), "{begin}");
}

#[tokio::test]
async fn a_role_brings_credentials_that_the_chain_of_the_sdk_takes() {
    let (simulator, instance) = serving().await;
    let token = token(&instance).await;
    assert!(simulator.imds_role(&instance.id, Some("node")));
    let list = get(&instance, &token, "/latest/meta-data/iam/security-credentials/").await;
    assert_eq!(list, (200, "node".to_owned()));
    let imds = aws_config::imds::Client::builder().endpoint(&instance.imds_endpoint).expect("an address");
    let provider =
        aws_config::imds::credentials::ImdsCredentialsProvider::builder().imds_client(imds.build()).build();
    let credentials = provider.provide_credentials().await.expect("credentials");
    assert_eq!(credentials.access_key_id(), "ASIA0123456789ABCDEF");
    simulator.imds_role(&instance.id, None);
    assert_eq!(get(&instance, &token, "/latest/meta-data/iam/info").await.0, 404);
}

#[tokio::test]
async fn the_options_of_an_instance_are_obeyed() {
    let (simulator, instance) = serving().await;
    let token = token(&instance).await;
    let plain = |headers: &'static [(&'static str, &'static str)]| {
        ask(&instance.imds_endpoint, "GET", "/latest/meta-data/instance-id", headers)
    };
    let change = |change| assert!(simulator.imds_options(&instance.id, change));
    assert_eq!(plain(&[]).await.0, 401, "tokens are required");
    change(MetadataChange { tokens_required: Some(false), ..MetadataChange::default() });
    assert_eq!(plain(&[]).await, (200, instance.id.clone()), "version 1");
    assert_eq!(plain(&[(TOKEN, "guess")]).await.0, 401, "a wrong token is wrong all the same");

    let tags = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";
    assert_eq!(get(&instance, &token, tags).await.0, 200);
    change(MetadataChange { shows_tags: Some(false), ..MetadataChange::default() });
    assert_eq!(get(&instance, &token, tags).await.0, 404);
    assert_eq!(get(&instance, &token, "/latest/meta-data/tags/").await.0, 404);

    change(MetadataChange { enabled: Some(false), ..MetadataChange::default() });
    assert_eq!(get(&instance, &token, "/latest/meta-data/instance-id").await.0, 403);
    assert_eq!(ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[(TTL, "60")]).await.0, 403);
    change(MetadataChange { enabled: Some(true), ..MetadataChange::default() });
    assert_eq!(
        get(&instance, &token, "/latest/meta-data/instance-id").await.0,
        200,
        "the token is still good"
    );
    assert!(!simulator.imds_options("i-none", MetadataChange::default()));
}

#[tokio::test]
async fn answers_look_as_those_of_aws() {
    let (_simulator, instance) = serving().await;
    let token = token(&instance).await;
    let answer = |method: &'static str, path: &'static str, header: String| {
        let endpoint = instance.imds_endpoint.clone();
        async move {
            // No wish to end the connection: it ends all the same.
            let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n");
            raw(&endpoint, request).await.expect("an answer").to_lowercase()
        }
    };
    let with_token = format!("{TOKEN}: {token}\r\n");
    let found = answer("GET", "/latest/meta-data/instance-id", with_token.clone()).await;
    for part in [
        "http/1.1 200 ok\r\n",
        "\r\nserver: ec2ws\r\n",
        "\r\ncontent-type: text/plain\r\n",
        "\r\naccept-ranges: none\r\n",
        "\r\nlast-modified: ",
        "\r\nconnection: close\r\n",
        "\r\nx-aws-ec2-metadata-token-ttl-seconds: ",
    ] {
        assert!(found.contains(part), "{part} in {found}");
    }
    let head = answer("HEAD", "/latest/meta-data/instance-id", with_token.clone()).await;
    assert!(head.starts_with("http/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    let missing = answer("GET", "/latest/meta-data/nothing", with_token.clone()).await;
    assert!(
        missing.starts_with("http/1.1 404 ") && missing.contains("<title>404 - not found</title>"),
        "{missing}"
    );
    assert!(missing.contains("\r\ncontent-type: text/html\r\n"), "{missing}");
    let refused = answer("GET", "/latest/meta-data/nothing", String::new()).await;
    assert!(
        refused.starts_with("http/1.1 401 ") && refused.contains("<h1>401 - unauthorized</h1>"),
        "{refused}"
    );
    for (method, path, allowed) in [
        ("GET", "/latest/api/token", "options, put"),
        ("HEAD", "/latest/api/token", "options, put"),
        ("DELETE", "/latest/meta-data/instance-id", "options, head, get"),
        ("PUT", "/latest/meta-data/instance-id", "options, head, get"),
    ] {
        let refused = answer(method, path, with_token.clone()).await;
        assert!(refused.starts_with("http/1.1 405 "), "{method} {path}: {refused}");
        assert!(refused.contains(&format!("\r\nallow: {allowed}\r\n")), "{method} {path}: {refused}");
    }
}

#[tokio::test]
async fn the_target_leads_the_way_out() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    client
        .put_lifecycle_hook()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("h")
        .lifecycle_transition("autoscaling:EC2_INSTANCE_TERMINATING")
        .heartbeat_timeout(30)
        .send()
        .await
        .expect("a hook");
    let instance = only(&simulator, "InService").await;
    let token = token(&instance).await;
    desire(&client, 0).await;
    only(&simulator, "Terminating:Wait").await;
    let target = get(&instance, &token, "/latest/meta-data/autoscaling/target-lifecycle-state").await;
    assert_eq!(target, (200, "Terminated".to_owned()));
}

/// Seen in the field: a serving instance that was stopped and started behind its group's back has no target any more.
#[tokio::test]
async fn a_member_that_was_stopped_and_started_by_hand_has_no_target_state() {
    let (simulator, instance) = serving().await;
    let form = |form: String| {
        let simulator = simulator.clone();
        async move { assert_eq!(post(&simulator.endpoint(), form.as_bytes()).await.0, 200, "{form}") }
    };
    form("Action=SuspendProcesses&Version=2011-01-01&AutoScalingGroupName=g".to_owned()).await;
    for (operation, power) in [("StopInstances", Power::Off), ("StartInstances", Power::On)] {
        form(format!("Action={operation}&Version=2016-11-15&InstanceId.1={}", instance.id)).await;
        let reached = |all: &[InstanceInfo]| all.iter().all(|info| info.power == power);
        simulator.wait_until("its power follows", PATIENCE, reached).await.expect("in time");
    }
    let token = token(&instance).await;
    let target = "/latest/meta-data/autoscaling/target-lifecycle-state";
    assert_eq!(get(&instance, &token, target).await.0, 404);
    assert_eq!(get(&instance, &token, "/latest/meta-data/instance-id").await.0, 200);
}
