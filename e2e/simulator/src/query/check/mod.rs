//! What AWS refuses by the shape of a request alone: missing, empty, too long, none of the allowed words.
//!
//! All that is wrong is told at once, as AWS does: `2 validation errors detected: Value null at '…' …; Value …`. Lengths
//! and words are those of the service's model. That words are told before anything is looked up is documented nowhere; it
//! is so for all services of this kind.

mod automation;
mod launches;
mod table;

use super::Params;
use crate::world::AwsError;

/// A rule for one parameter.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// `AutoScalingGroupName`, `InstanceIds.*` for each member of a list, `Tags.*.Key` for a field of each.
    name: &'static str,
    needed: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// So many characters, at least and at most.
    Text(usize, usize),
    /// The same, all of them allowed by a pattern.
    Like(usize, usize, &'static Pattern),
    /// One of these.
    Word(&'static [&'static str]),
    /// Whatever; somebody else reads it.
    Any,
}

/// Which characters a text is made of.
#[derive(Debug)]
struct Pattern {
    /// As AWS tells it.
    shown: &'static str,
    allows: fn(char) -> bool,
}

/// All operations that have rules.
fn operations() -> impl Iterator<Item = &'static (&'static str, &'static [Rule])> {
    table::OPERATIONS.iter().chain(automation::OPERATIONS).chain(launches::OPERATIONS)
}

/// Refuses what the model of the service does not allow.
pub(crate) fn check(operation: &str, params: &Params) -> Result<(), AwsError> {
    let Some((_, rules)) = operations().find(|(name, _)| *name == operation) else {
        return Ok(());
    };
    let wrong: Vec<_> = rules.iter().flat_map(|rule| violations(rule, params)).collect();
    let count = match wrong.len() {
        0 => return Ok(()),
        1 => "1 validation error".to_owned(),
        many => format!("{many} validation errors"),
    };
    Err(AwsError::validation(format!("{count} detected: {}", wrong.join("; "))))
}

fn violations(rule: &Rule, params: &Params) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, shown) in places(rule.name, params) {
        let value = params.text(&name);
        let broken = match (&value, rule.kind) {
            // A list or a structure is there when anything in it is.
            (None, Kind::Any) if !params.under(&format!("{name}.")).is_empty() => vec![],
            (None, _) if rule.needed => vec!["Member must not be null".to_owned()],
            (None, _) | (Some(_), Kind::Any) => vec![],
            (Some(text), Kind::Text(least, most)) => wrong_length(text, least, most).into_iter().collect(),
            (Some(text), Kind::Like(least, most, pattern)) => {
                wrong_characters(text, pattern).into_iter().chain(wrong_length(text, least, most)).collect()
            }
            (Some(text), Kind::Word(words)) if words.contains(&text.as_str()) => vec![],
            (Some(_), Kind::Word(words)) => {
                vec![format!("Member must satisfy enum value set: [{}]", words.join(", "))]
            }
        };
        let value = value.map_or_else(|| "null".to_owned(), |text| format!("'{text}'"));
        wrong.extend(
            broken
                .iter()
                .map(|broken| format!("Value {value} at '{shown}' failed to satisfy constraint: {broken}")),
        );
    }
    wrong
}

fn wrong_characters(text: &str, pattern: &Pattern) -> Option<String> {
    let fits = !text.is_empty() && text.chars().all(pattern.allows);
    (!fits).then(|| format!("Member must satisfy regular expression pattern: {}", pattern.shown))
}

fn wrong_length(text: &str, least: usize, most: usize) -> Option<String> {
    let length = text.chars().count();
    if length < least {
        Some(format!("Member must have length greater than or equal to {least}"))
    } else if length > most {
        Some(format!("Member must have length less than or equal to {most}"))
    } else {
        None
    }
}

/// Where a rule applies: the parameters, and how AWS names them, `tags.1.member.key`.
fn places(pattern: &str, params: &Params) -> Vec<(String, String)> {
    let mut places = vec![(String::new(), String::new())];
    for step in pattern.split('.') {
        places = places
            .into_iter()
            .flat_map(|(name, shown)| match step {
                "*" => params
                    .indices(&name)
                    .into_iter()
                    .map(|index| (format!("{name}.member.{index}"), format!("{shown}.{index}.member")))
                    .collect(),
                step => vec![(joined(&name, step), joined(&shown, &lower(step)))],
            })
            .collect();
    }
    places
}

fn joined(before: &str, step: &str) -> String {
    if before.is_empty() { step.to_owned() } else { format!("{before}.{step}") }
}

/// AWS names members with a small first letter.
fn lower(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(operation: &str, form: &str) -> Option<String> {
        let params = Params::parse(form.as_bytes()).expect("a form");
        check(operation, &params).err().map(|error| {
            assert_eq!((error.status, error.code.as_str()), (400, "ValidationError"));
            error.message
        })
    }

    #[test]
    fn each_violation_is_told_in_awss_words() {
        let long = "x".repeat(256);
        let too_long = format!(
            "1 validation error detected: Value '{long}' at 'autoScalingGroupName' failed to satisfy constraint: Member \
             must have length less than or equal to 255"
        );
        for (operation, form, expected) in [
            (
                "DescribeWarmPool",
                String::new(),
                "1 validation error detected: Value null at 'autoScalingGroupName' failed to satisfy constraint: Member \
                 must not be null",
            ),
            (
                "DescribeWarmPool",
                "AutoScalingGroupName=".to_owned(),
                "1 validation error detected: Value '' at 'autoScalingGroupName' failed to satisfy constraint: Member must \
                 have length greater than or equal to 1",
            ),
            ("DescribeWarmPool", format!("AutoScalingGroupName={long}"), too_long.as_str()),
            (
                "PutWarmPool",
                "PoolState=Boiling".to_owned(),
                "2 validation errors detected: Value null at 'autoScalingGroupName' failed to satisfy constraint: Member \
                 must not be null; Value 'Boiling' at 'poolState' failed to satisfy constraint: Member must satisfy enum \
                 value set: [Stopped, Running, Hibernated]",
            ),
            (
                "CreateOrUpdateTags",
                "Tags.member.1.Key=k&Tags.member.2.Value=v".to_owned(),
                "1 validation error detected: Value null at 'tags.2.member.key' failed to satisfy constraint: Member must \
                 not be null",
            ),
            (
                "DescribeAutoScalingInstances",
                "InstanceIds.member.1=i-1&InstanceIds.member.2=i-01234567890123456789".to_owned(),
                "1 validation error detected: Value 'i-01234567890123456789' at 'instanceIds.2.member' failed to satisfy \
                 constraint: Member must have length less than or equal to 19",
            ),
            (
                "DeleteLifecycleHook",
                "AutoScalingGroupName=g&LifecycleHookName=a+hook".to_owned(),
                "1 validation error detected: Value 'a hook' at 'lifecycleHookName' failed to satisfy constraint: Member \
                 must satisfy regular expression pattern: [A-Za-z0-9\\-_\\/]+",
            ),
            (
                "DeleteLifecycleHook",
                "AutoScalingGroupName=g&LifecycleHookName=".to_owned(),
                "2 validation errors detected: Value '' at 'lifecycleHookName' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: [A-Za-z0-9\\-_\\/]+; Value '' at 'lifecycleHookName' failed to \
                 satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                "UpdateAutoScalingGroup",
                "AutoScalingGroupName=g&LaunchTemplate.LaunchTemplateName=lt!".to_owned(),
                "1 validation error detected: Value 'lt!' at 'launchTemplate.launchTemplateName' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9\\(\\)\\.\\-/_]+",
            ),
            (
                "CompleteLifecycleAction",
                "AutoScalingGroupName=g&LifecycleHookName=h&LifecycleActionResult=CONTINUE&LifecycleActionToken=t".to_owned(),
                "1 validation error detected: Value 't' at 'lifecycleActionToken' failed to satisfy constraint: Member \
                 must have length greater than or equal to 36",
            ),
        ] {
            assert_eq!(message(operation, &form).as_deref(), Some(expected), "{operation}");
        }
    }

    #[test]
    fn what_is_right_passes_and_what_is_unknown_is_left_to_others() {
        for (operation, form) in [
            ("DescribeWarmPool", "AutoScalingGroupName=g"),
            ("DescribeAutoScalingInstances", ""),
            ("CreateOrUpdateTags", "Tags.member.1.Key=k"),
            ("PutWarmPool", "AutoScalingGroupName=g&PoolState=Running"),
            ("DeleteLifecycleHook", "AutoScalingGroupName=g&LifecycleHookName=a-b_c/1"),
            (
                "UpdateAutoScalingGroup",
                "AutoScalingGroupName=g&LaunchTemplate.LaunchTemplateName=(a.b-c/d_1)",
            ),
            ("DanceInCircles", ""),
        ] {
            assert_eq!(message(operation, form), None, "{operation}");
        }
    }

    #[test]
    fn every_operation_refuses_a_request_without_what_it_needs() {
        for (operation, rules) in operations() {
            let needed = rules.iter().filter(|rule| rule.needed && !rule.name.contains('*')).count();
            let told =
                message(operation, "").map_or(0, |text| text.matches("Member must not be null").count());
            assert_eq!(told, needed, "{operation}");
        }
    }

    proptest! {
        #[test]
        fn any_parameters_are_checked(
            at in 0..operations().count(),
            pairs in proptest::collection::vec(("(Tags\\.member\\.[0-9]{1,12}\\.Key|[A-Za-z.]{0,12})", "[a-z]{0,4}"), 0..8),
        ) {
            let form: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let params = Params::parse(form.join("&").as_bytes()).expect("a form");
            let (operation, _) = operations().nth(at).expect("an operation");
            let _ = check(operation, &params);
        }
    }
}
