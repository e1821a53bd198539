//! Whether what the gate asks, IMDS and Auto Scaling, gives it what it needs.

use lifecycle::Target;

use super::super::finding::Finding;
use super::super::look::{Api, Instance, Look};

const RIGHT: &str = "autoscaling:DescribeAutoScalingInstances";
const GRANT: &str = "allow autoscaling:DescribeAutoScalingInstances to the instance's role";
const TAGS: &str = "show instance tags in IMDS (InstanceMetadataTags=enabled in the launch template)";

/// Judges what was seen.
pub fn aws(look: &Look) -> Vec<Finding> {
    let instance = match &look.metadata {
        Err(why) => return vec![out_of_order(why)],
        Ok(instance) => instance,
    };
    let mut findings = vec![identified(instance), target(instance, look)];
    findings.extend(rights(instance, look));
    findings.extend(group(look));
    findings.extend(hooks(look));
    findings
}

fn out_of_order(why: &str) -> Finding {
    let remedy = if why.contains("HTTP 403") || why.contains("HTTP 404") {
        "IMDS seems to be off: aws ec2 modify-instance-metadata-options --http-endpoint enabled --instance-id ID"
    } else if why.contains("HTTP 401") {
        "something takes tokens back or gives out others: look for a proxy or an emulator at its address"
    } else {
        "is IMDS enabled, and does a firewall or a route keep it away? In a container its answer may not arrive \
         (hop limit 1): run the doctor on the instance itself"
    };
    Finding::fail("imds", format!("gives no usable answer, so the gate would hold: {why}"), remedy)
}

fn identified(instance: &Instance) -> Finding {
    match &instance.id {
        Some(id) => Finding::ok("imds", format!("answers: {id}")),
        None => Finding::fail(
            "imds",
            "does not tell the instance's id: the gate takes a missing target state for no answer",
            "is this IMDS of EC2? look for a proxy or an emulator at its address",
        ),
    }
}

/// The target state, or why there may be none.
fn target(instance: &Instance, look: &Look) -> Finding {
    const CHECK: &str = "target";
    let late = "right after a launch or an attachment that is so for a while. Else the instance was launched before March \
                2022, or started while its group's processes were suspended: replace it";
    if let Some(target) = &instance.target {
        if let Target::Unknown(_) = Target::from(target.as_str()) {
            return Finding::warn(
                CHECK,
                format!("{target}, which this version does not know: the gate asks the API instead"),
                "is there a newer node-gate?",
            );
        }
        return Finding::ok(CHECK, target.clone());
    }
    let missing =
        |group: &str| format!("IMDS knows no target state, although the instance is in group {group}");
    match (&look.api, &instance.group) {
        (Some(Api::Listed { group, state }), _) => {
            Finding::warn(CHECK, format!("{}: the API, which says {state}, decides", missing(group)), late)
        }
        (Some(Api::Unlisted), Some(group)) => Finding::warn(
            CHECK,
            format!("{}, by its tag; the API does not list it: the gate would hold", missing(group)),
            late,
        ),
        (Some(Api::Unlisted), None) => Finding::ok(CHECK, "none: the instance is in no group"),
        (_, Some(group)) => Finding::fail(
            CHECK,
            format!("{}, and the API cannot be asked: the gate would hold", missing(group)),
            format!("{GRANT}; {late}"),
        ),
        (_, None) => Finding::warn(
            CHECK,
            "none, and nothing tells whether the instance is in a group",
            "on a machine that bakes images that is right; on a node see the next lines",
        ),
    }
}

/// Whether the API may be asked, and what depends on it.
fn rights(instance: &Instance, look: &Look) -> Vec<Finding> {
    const CHECK: &str = "api";
    let problem = match &look.api {
        None => return Vec::new(),
        Some(Api::Listed { group, state }) => {
            return vec![Finding::ok(CHECK, format!("{state} in group {group}"))];
        }
        Some(Api::Unlisted) => {
            return vec![Finding::ok(CHECK, "may be asked, and does not list this instance")];
        }
        Some(Api::Failing(why)) => {
            return vec![Finding::warn(
                CHECK,
                format!("could not look: {why}"),
                "run the doctor again in a minute",
            )];
        }
        Some(Api::NoAccess(why)) => why,
    };
    let who = instance
        .role
        .as_ref()
        .map_or_else(|| "the instance has no role".to_owned(), |role| format!("as role {role}"));
    let seen = format!("may not be asked ({who}): {problem}");
    let has_tag = instance.group.is_some();
    // On a machine that bakes images the role is another one: there is nothing to hold for, and so nothing to see.
    let is_member = instance.target.is_some() || has_tag;
    let needs = if look.settings.strict {
        Some(format!("--until=in-service opens by nothing but {RIGHT}"))
    } else if !look.settings.groups.is_empty() && !has_tag {
        Some("--group opens only where the API or an instance tag names the group".to_owned())
    } else {
        None
    };
    if let Some(needs) = needs {
        let remedy = if look.settings.strict { GRANT.to_owned() } else { format!("{GRANT}, or {TAGS}") };
        return vec![if is_member {
            Finding::fail(CHECK, format!("{seen}. {needs}: the gate would hold for ever"), remedy)
        } else {
            Finding::warn(CHECK, format!("{seen}. {needs}: without it a node would be held for ever"), remedy)
        }];
    }
    if has_tag {
        return vec![Finding::ok(
            CHECK,
            "may not be asked; the instance tag tells the group where IMDS has no target",
        )];
    }
    let decides = if look.settings.opens_in_doubt { "open" } else { "hold" };
    let tags = if instance.shows_tags { "no tag names a group" } else { "IMDS shows no tags" };
    vec![Finding::warn(
        CHECK,
        format!("{seen}; {tags}. Where IMDS has no target state, --on-unknown={decides} decides"),
        format!("{GRANT}, or {TAGS}"),
    )]
}

/// Membership in the groups that the settings want.
fn group(look: &Look) -> Option<Finding> {
    let wanted = &look.settings.groups;
    let is_known = look.group().is_some() || matches!(look.api, Some(Api::Unlisted));
    if wanted.is_empty() || !is_known {
        return None;
    }
    let wish = wanted.join(" or ");
    Some(match look.group() {
        Some(group) if wanted.iter().any(|one| one == group) => {
            Finding::ok("group", format!("{group}, as wanted"))
        }
        Some(group) => Finding::warn(
            "group",
            format!("the instance is in group {group}: the gate holds until it is in {wish}"),
            "right if the instance is yet to be attached; else correct NODE_GATE_GROUP",
        ),
        None => Finding::warn(
            "group",
            format!("the instance is in no group: the gate holds until it is in {wish}"),
            "right if the instance is yet to be attached, or bakes images; else correct NODE_GATE_GROUP",
        ),
    })
}

/// A launch hook keeps the API from saying `InService`; whoever completes it must not wait for the node.
fn hooks(look: &Look) -> Option<Finding> {
    const CHECK: &str = "launch hook";
    if !look.settings.strict {
        return None;
    }
    let by_hand =
        "look at the group's hooks: aws autoscaling describe-lifecycle-hooks --auto-scaling-group-name NAME";
    Some(match (&look.hooks, look.group()) {
        (Some(Ok(hooks)), _) if hooks.is_empty() => Finding::ok(CHECK, "the group has none"),
        (Some(Ok(hooks)), group) => {
            let each =
                hooks.iter().map(|hook| format!("{} (after {} s: {})", hook.name, hook.timeout, hook.result));
            Finding::warn(
                CHECK,
                format!(
                    "group {} has {}: with --until=in-service the gate waits until it is completed",
                    group.unwrap_or("?"),
                    each.collect::<Vec<_>>().join(", ")
                ),
                "if the hook is completed by the node's joining, or by user data that waits for kubelet, each waits for \
                 the other: use --until=target",
            )
        }
        (Some(Err(why)), _) => Finding::warn(CHECK, format!("could not look: {why}"), by_hand),
        (None, _) => Finding::warn(CHECK, "could not look: the instance's group is not known", by_hand),
    })
}

#[cfg(test)]
mod tests;
