//! Tables of refusals over the wire: what is asked, and with which code and text the last of it is refused.

use aws_simulator::Simulator;

use crate::admin::send;
use crate::bed::{PATIENCE, post, start};
use crate::wrong_requests::error;

pub(crate) const INVALID: &str = "ValidationError";
pub(crate) const CREATE: &str = "Action=CreateAutoScalingGroup&AutoScalingGroupName=g&AvailabilityZones.member.1=us-east-1a\
                      &LaunchTemplate.LaunchTemplateName=web&LaunchTemplate.Version=1";

/// The shorthand of the tables: `g N` makes a group of so many, `until STATE` waits, `queue q` makes a queue,
/// `admin PATH BODY` asks the simulator itself, `ec2 Name&Key=Value` asks EC2, and `Name&Key=Value` is an operation on the group `g`. `$ID` is the first instance.
pub(crate) async fn step(simulator: &Simulator, step: &str) -> (u16, String) {
    let id = simulator.instances().first().map(|info| info.id.clone()).unwrap_or_default();
    let endpoint = simulator.endpoint();
    match step.split_once(' ') {
        Some(("g", size)) => {
            let form = format!("{CREATE}&MinSize=0&MaxSize=2&DesiredCapacity={size}");
            post(&endpoint, form.as_bytes()).await
        }
        Some(("until", state)) => {
            let there =
                |all: &[aws_simulator::InstanceInfo]| all.iter().any(|one| one.lifecycle_state == state);
            simulator.wait_until(state, PATIENCE, there).await.expect(state);
            (200, String::new())
        }
        Some(("queue", _)) => {
            crate::bed::queue(&crate::bed::sqs(simulator)).await;
            (200, String::new())
        }
        Some(("admin", rest)) => {
            let (path, body) = rest.split_once(' ').expect("a path and a body");
            send(&endpoint, "POST", path, body).await
        }
        Some(("ec2", form)) => {
            post(&endpoint, format!("Action={}&Version=2016-11-15", form.replace("$ID", &id)).as_bytes())
                .await
        }
        _ if step.starts_with("Action=") => post(&endpoint, step.as_bytes()).await,
        _ => {
            let form = format!("AutoScalingGroupName=g&Action={}", step.replace("$ID", &id));
            post(&endpoint, form.as_bytes()).await
        }
    }
}

/// The parameters of a list, one a member.
pub(crate) fn members(count: usize, member: impl Fn(usize) -> String) -> String {
    (1..=count).map(member).collect::<Vec<_>>().concat()
}

/// Carries out all steps; the last is refused with this code and text.
pub(crate) async fn refused(steps: &[&str], code: &str, text: &str) {
    all(&[(steps, code, text)]).await;
}

/// The same for each row; tells all that are wrong.
pub(crate) async fn all(rows: &[(&[&str], &str, &str)]) {
    let mut wrong = Vec::new();
    for (steps, code, text) in rows {
        let (simulator, _) = start().await;
        let (last, before) = steps.split_last().expect("a step");
        for one in before {
            let (status, body) = step(&simulator, one).await;
            assert_eq!(status, 200, "{one}: {body}");
        }
        let id = simulator.instances().first().map(|info| info.id.clone()).unwrap_or_default();
        let (status, body) = step(&simulator, last).await;
        let (seen, expected) = (error(&body), ((*code).to_owned(), text.replace("$ID", &id)));
        if (status, &seen) != (400, &expected) {
            wrong.push(format!("{last}: {status} {seen:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
