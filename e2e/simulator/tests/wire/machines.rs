//! How machines are made, as EC2, the metadata service and the admin interface tell it.

use aws_simulator::{InstanceInfo, MadeChange, NotWarned, Simulator, SpotAction};
use serde_json::{Value, json};

use crate::admin::send;
use crate::bed::{ask, desire, group, only, post, start};

const TTL: (&str, &str) = ("X-aws-ec2-metadata-token-ttl-seconds", "60");

/// What the metadata service answers under a path.
async fn imds(instance: &InstanceInfo, path: &str) -> (u16, String) {
    let (_, token) = ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[TTL]).await;
    let token = [("X-aws-ec2-metadata-token", token.as_str())];
    ask(&instance.imds_endpoint, "GET", &format!("/latest/meta-data/{path}"), &token).await
}

/// Whether both EC2 and the metadata service call it a Spot instance; they agree.
async fn is_spot(simulator: &Simulator, instance: &InstanceInfo) -> bool {
    let form = format!("Action=DescribeInstances&Version=2016-11-15&InstanceId.1={}", instance.id);
    let (_, body) = post(&simulator.endpoint(), form.as_bytes()).await;
    let is_spot = body.contains("<instanceLifecycle>spot</instanceLifecycle>");
    let expected = if is_spot { "spot" } else { "on-demand" };
    assert_eq!(imds(instance, "instance-life-cycle").await, (200, expected.to_owned()));
    is_spot
}

async fn make(simulator: &Simulator, path: &str, body: Value) -> (u16, Value) {
    let (status, answer) = send(&simulator.endpoint(), "POST", path, &body.to_string()).await;
    (status, serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
}

#[tokio::test]
async fn ec2_and_the_metadata_service_agree_whether_it_is_a_spot_instance() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    assert!(!is_spot(&simulator, &instance).await);
    assert_eq!(simulator.interrupt_spot(&instance.id, SpotAction::Stop), Err(NotWarned::OnDemand));
    let path = format!("instances/{}/spot-interruption", instance.id);
    let (status, line) = make(&simulator, &path, json!({ "action": "stop" })).await;
    let why = format!(
        "{0} cannot be warned: it is no Spot instance; POST /_simulator/instances/{0}/machine changes that\n",
        instance.id
    );
    assert_eq!((status, line), (400, Value::String(why)));
    assert!(!is_spot(&simulator, &instance).await, "a refused warning makes none");
    let spot = MadeChange { spot: Some(true), ..MadeChange::default() };
    assert!(simulator.set_machine(&instance.id, spot).is_some());
    assert!(is_spot(&simulator, &instance).await);
    assert_eq!(imds(&instance, "spot/instance-action").await.0, 404);
    assert_eq!(make(&simulator, &path, json!({ "action": "terminate" })).await.0, 200);
    assert_eq!(imds(&instance, "spot/instance-action").await.0, 200);
    assert!(is_spot(&simulator, &instance).await);
}

#[tokio::test]
async fn a_machine_is_changed_over_http() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    let path = format!("instances/{}/machine", instance.id);
    let all = json!({ "spot": true, "hibernation": false, "role": "node" });
    let mut expected = all.clone();
    expected["id"] = instance.id.clone().into();
    assert_eq!(make(&simulator, &path, all).await, (200, expected.clone()));
    assert_eq!(make(&simulator, &path, json!({})).await, (200, expected.clone()), "what is none stays");
    assert_eq!(imds(&instance, "iam/security-credentials/").await, (200, "node".to_owned()));
    let form = format!("Action=DescribeInstances&Version=2016-11-15&InstanceId.1={}", instance.id);
    let (_, body) = post(&simulator.endpoint(), form.as_bytes()).await;
    assert!(body.contains("<arn>arn:aws:iam::000000000000:instance-profile/node</arn>"), "{body}");
    assert!(body.contains("<hibernationOptions><configured>false</configured>"), "{body}");
    expected["role"] = Value::Null;
    assert_eq!(make(&simulator, &path, json!({ "role": "" })).await, (200, expected));
    assert_eq!(imds(&instance, "iam/info").await.0, 404);
}

#[tokio::test]
async fn a_groups_launches_are_changed_over_http() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let change = json!({ "group": "g", "spot": true, "role": "node" });
    let made = json!({ "group": "g", "spot": true, "role": "node", "hibernation": null });
    assert_eq!(make(&simulator, "machines", change).await, (200, made));
    desire(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    assert!(is_spot(&simulator, &instance).await);
    assert_eq!(imds(&instance, "iam/security-credentials/").await, (200, "node".to_owned()));
}

#[tokio::test]
async fn what_makes_no_machine_is_refused_by_name() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let path = format!("instances/{}/machine", only(&simulator, "InService").await.id);
    for (path, body, status, line) in [
        (path.as_str(), json!({ "spot": "yes" }), 400, "`spot` is \"yes\": it must be true or false\n"),
        (
            path.as_str(),
            json!({ "role": "a/b" }),
            400,
            "`role` is \"a/b\": it must be the name of a role, or nothing to take it away\n",
        ),
        (
            path.as_str(),
            json!({ "colour": 1 }),
            400,
            "`colour` is unknown here: the fields are spot, hibernation, role\n",
        ),
        ("instances/i-no/machine", json!({}), 404, "there is no instance i-no\n"),
        ("machines", json!({}), 400, "`group` is missing: it must be the name of a group\n"),
        ("machines", json!({ "group": "no" }), 404, "there is no group no\n"),
    ] {
        assert_eq!(make(&simulator, path, body).await, (status, Value::String(line.into())), "{path}");
    }
}

#[tokio::test]
async fn run_instances_takes_the_name_of_an_instance_profile() {
    let (simulator, _) = start().await;
    for profile in ["Name=node", "Arn=arn:aws:iam::000000000000:instance-profile/node"] {
        let form = format!(
            "Action=RunInstances&Version=2016-11-15&ImageId=ami-1&MinCount=1&MaxCount=1&IamInstanceProfile.{profile}"
        );
        let (status, body) = post(&simulator.endpoint(), form.as_bytes()).await;
        assert_eq!(status, 200, "{body}");
        let found = simulator.instances().into_iter().find(|info| body.contains(&info.id));
        let instance = found.expect("a machine");
        assert_eq!(imds(&instance, "iam/security-credentials/").await, (200, "node".to_owned()));
    }
}

#[tokio::test]
async fn a_groups_launch_template_says_how_its_machines_are_made() {
    let (simulator, client) = start().await;
    let form = "Action=CreateLaunchTemplate&Version=2016-11-15&LaunchTemplateName=template\
                &LaunchTemplateData.InstanceMarketOptions.MarketType=spot\
                &LaunchTemplateData.HibernationOptions.Configured=false\
                &LaunchTemplateData.IamInstanceProfile.Name=node";
    let (status, body) = post(&simulator.endpoint(), form.as_bytes()).await;
    assert_eq!(status, 200, "{body}");
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    assert!(is_spot(&simulator, &instance).await);
    assert_eq!(imds(&instance, "iam/security-credentials/").await, (200, "node".to_owned()));
    let refused = simulator.interrupt_spot(&instance.id, SpotAction::Hibernate);
    assert_eq!(refused, Err(NotWarned::CannotHibernate));
}
