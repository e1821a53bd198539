//! EC2 by hand-written requests.

use aws_simulator::{InstanceInfo, Simulator};

use crate::bed::post;

/// A form to EC2, with the id of the request and all times taken out of the answer.
pub(crate) async fn ec2(simulator: &Simulator, form: &str) -> (u16, String) {
    let (status, body) = post(&simulator.endpoint(), format!("{form}&Version=2016-11-15").as_bytes()).await;
    let body = body.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a prolog");
    let body = blank(&blank(body, "requestId"), "RequestID");
    (status, blank(&blank(&body, "launchTime"), "reason"))
}

/// Takes the text out of every element of this name, unless it is empty.
fn blank(xml: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut parts = xml.split(open.as_str());
    let mut blanked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (text, rest) = part.split_once(close.as_str()).expect("an end");
        let mark = if text.is_empty() { "" } else { "…" };
        blanked.extend([open.as_str(), mark, close.as_str(), rest]);
    }
    blanked
}

/// An answer to an operation, with what stands between its request id and its end.
pub(crate) fn answer(operation: &str, inside: &str) -> String {
    let namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";
    format!(
        "<{operation}Response xmlns=\"{namespace}\"><requestId>…</requestId>{inside}</{operation}Response>"
    )
}

pub(crate) fn refusal(code: &str, message: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
         <RequestID>…</RequestID></Response>"
    )
}

/// A pretty text as one line.
pub(crate) fn flat(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

pub(crate) async fn run(simulator: &Simulator, form: &str) -> InstanceInfo {
    let (status, body) =
        ec2(simulator, &format!("Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1{form}")).await;
    assert_eq!(status, 200, "{body}");
    let found = simulator.instances().into_iter().find(|info| body.contains(&info.id));
    found.expect("a machine")
}

/// Waits until the machine answers to EC2 as wished.
pub(crate) async fn reach(simulator: &Simulator, id: &str, state: &str) {
    let form = format!(
        "Action=DescribeInstances&InstanceId.1={id}&Filter.1.Name=instance-state-name&Filter.1.Value.1={state}"
    );
    let found = async {
        while !ec2(simulator, &form).await.1.contains(id) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::bed::PATIENCE, found).await.expect("in time");
}
