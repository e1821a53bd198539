//! The settings of a group as XML.

use super::super::xml::Xml;
use crate::account::ACCOUNT;
use crate::world::{GroupSettings, Protection, Tree};

pub(super) fn settings(xml: &mut Xml, view: &GroupSettings) {
    xml.text("DefaultCooldown", view.default_cooldown.unwrap_or(300));
    xml.text("HealthCheckType", view.health_check_type.as_deref().unwrap_or("EC2"));
    xml.text("HealthCheckGracePeriod", view.health_check_grace.unwrap_or(0));
    xml.optional("DefaultInstanceWarmup", view.instance_warmup.flatten());
    xml.optional("MaxInstanceLifetime", view.max_lifetime);
    xml.optional("CapacityRebalance", view.capacity_rebalance);
    let default = vec!["Default".to_owned()];
    xml.list("TerminationPolicies", view.termination_policies.as_ref().unwrap_or(&default), Xml::value);
    let protection = match view.protection.unwrap_or_default() {
        Protection::None => "none",
        Protection::Force => "prevent-force-deletion",
        Protection::All => "prevent-all-deletion",
    };
    xml.text("DeletionProtection", protection);
    xml.element("InstanceLifecyclePolicy", |xml| {
        let word = if view.retain == Some(true) { "retain" } else { "terminate" };
        xml.element("RetentionTriggers", |xml| xml.text("TerminateHookAbandon", word));
    });
    for (name, value) in &view.repeated {
        xml.element(name, |xml| tree(xml, value));
    }
    if !view.repeated.contains_key("ServiceLinkedRoleARN") {
        xml.text(
            "ServiceLinkedRoleARN",
            format_args!(
                "arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
            ),
        );
    }
}

pub(super) fn tree(xml: &mut Xml, value: &Tree) {
    match value {
        Tree::Text(text) => xml.value(text),
        Tree::Fields(fields) => {
            for (name, inside) in fields {
                xml.element(name, |xml| tree(xml, inside));
            }
        }
        Tree::List(members) => {
            for inside in members.values() {
                xml.element("member", |xml| tree(xml, inside));
            }
        }
    }
}
