//! What the text of a queue message says. Pure, and it trusts nothing: anybody may have written the text.

use jiff::Timestamp;
use lifecycle::Place;
use serde_json::{Map, Value};

/// The longest text that is read: what SQS itself allows.
const LONGEST: usize = 1024 * 1024;
/// The most ids that are taken from one message.
const MOST_IDS: usize = 50;
/// The longest name of a group or a hook.
const LONGEST_NAME: usize = 255;
/// What Auto Scaling says to a new notification target.
const TEST: &str = "autoscaling:TEST_NOTIFICATION";

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A lifecycle action began on an instance.
    Action {
        /// The instance's id.
        instance: String,
        /// What is said of the action.
        told: Told,
    },
    /// Something happened to these instances; none if the event names no instance.
    Event {
        /// The instances' ids.
        instances: Vec<String>,
    },
    /// Auto Scaling tries out whether it may write to the queue.
    Test,
    /// None of these, and why.
    Unreadable(&'static str),
}

/// What a message claims of a lifecycle action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The group's name.
    pub group: String,
    /// The hook's name.
    pub hook: String,
    /// The action's token.
    pub token: Option<String>,
    /// True for a termination hook's action, false for a launch hook's.
    pub terminating: bool,
    /// Where the instance comes from; older messages do not say.
    pub origin: Option<Place>,
    /// Where it goes; older messages do not say.
    pub destination: Option<Place>,
    /// When the action began.
    pub at: Option<Timestamp>,
}

impl Message {
    /// Reads a message's text: an event of EventBridge, a hook's own notification, either of them alone or in an
    /// envelope of SNS.
    pub fn read(text: &str) -> Self {
        Self::read_as(text, true)
    }

    fn read_as(text: &str, may_be_wrapped: bool) -> Self {
        if text.len() > LONGEST {
            return Message::Unreadable("it is too long");
        }
        let Ok(Value::Object(body)) = serde_json::from_str(text) else {
            return Message::Unreadable("it is no JSON object");
        };
        if let (true, Some(inner)) = (is_sns(&body), text_of(&body, "Message")) {
            return if may_be_wrapped {
                Self::read_as(inner, false)
            } else {
                Message::Unreadable("it is wrapped more than once")
            };
        }
        if body.contains_key("detail-type") {
            let Some(Value::Object(detail)) = body.get("detail") else {
                return Message::Unreadable("its event has no detail");
            };
            return event(detail, text_of(&body, "time"));
        }
        let message = event(&body, text_of(&body, "Time"));
        if message == (Message::Event { instances: Vec::new() }) {
            return Message::Unreadable("it names no instance");
        }
        message
    }

    /// The instances that it names.
    pub fn instances(&self) -> &[String] {
        match self {
            Message::Action { instance, .. } => std::slice::from_ref(instance),
            Message::Event { instances } => instances,
            Message::Test | Message::Unreadable(_) => &[],
        }
    }

    /// Its kind, as a metric's label.
    pub fn kind(&self) -> &'static str {
        match self {
            Message::Action { .. } => "lifecycle_action",
            Message::Event { .. } => "other_event",
            Message::Test => "test",
            Message::Unreadable(_) => "unreadable",
        }
    }
}

fn is_sns(body: &Map<String, Value>) -> bool {
    body.contains_key("TopicArn") || text_of(body, "Type") == Some("Notification")
}

/// What an event's detail, or a hook's notification, says; both have the same fields.
fn event(detail: &Map<String, Value>, time: Option<&str>) -> Message {
    if [text_of(detail, "Event"), text_of(detail, "LifecycleTransition")].contains(&Some(TEST)) {
        return Message::Test;
    }
    let named = ["EC2InstanceId", "instance-id"].map(|key| text_of(detail, key));
    let affected = detail.get("affectedEntities").and_then(Value::as_array).into_iter().flatten();
    let affected = affected.filter_map(|entity| entity.get("entityValue")?.as_str());
    let ids = named.into_iter().flatten().chain(affected).filter(|id| is_instance_id(id));
    let instances: Vec<String> = ids.take(MOST_IDS).map(ToOwned::to_owned).collect();
    match (told(detail, time), instances.first()) {
        (Some(told), Some(instance)) => Message::Action { instance: instance.clone(), told },
        (Some(_), None) => Message::Unreadable("its lifecycle action names no instance"),
        (None, _) => Message::Event { instances },
    }
}

fn told(detail: &Map<String, Value>, time: Option<&str>) -> Option<Told> {
    let terminating = match text_of(detail, "LifecycleTransition")? {
        "autoscaling:EC2_INSTANCE_TERMINATING" => true,
        "autoscaling:EC2_INSTANCE_LAUNCHING" => false,
        _ => return None,
    };
    let name = |key| {
        let name = text_of(detail, key)?;
        let fits = !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control);
        fits.then(|| name.to_owned())
    };
    let place = |key| text_of(detail, key).filter(|text| text.len() <= LONGEST_NAME).map(Place::from);
    let token = text_of(detail, "LifecycleActionToken").filter(|token| is_token(token));
    Some(Told {
        group: name("AutoScalingGroupName")?,
        hook: name("LifecycleHookName")?,
        token: token.map(ToOwned::to_owned),
        terminating,
        origin: place("Origin"),
        destination: place("Destination"),
        at: time.and_then(|time| time.parse().ok()),
    })
}

fn text_of<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str()
}

/// `i-` and 8 to 17 hexadecimal digits.
fn is_instance_id(text: &str) -> bool {
    let digits = text.strip_prefix("i-").unwrap_or_default();
    (8..=17).contains(&digits.len()) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A token is a UUID; whatever else claims to be one is not even tried.
fn is_token(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests;
