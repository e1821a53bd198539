//! Scaling policies as XML.

use super::super::xml::Xml;
use super::settings::tree;
use crate::world::{Adjustment, Number, PolicyKind, PolicyReply, PolicyView, Step};

pub(super) fn reply(xml: &mut Xml, reply: &PolicyReply) {
    match reply {
        PolicyReply::Put(arn) => {
            xml.text("PolicyARN", arn);
            no_alarms(xml);
        }
        PolicyReply::Policies { policies, next } => {
            xml.list("ScalingPolicies", policies, policy);
            xml.optional("NextToken", next.as_ref());
        }
    }
}

fn policy(xml: &mut Xml, view: &PolicyView) {
    let PolicyView { policy, arn } = view;
    xml.text("AutoScalingGroupName", &policy.group);
    xml.text("PolicyName", &policy.name);
    xml.text("PolicyARN", arn);
    xml.text("PolicyType", policy.kind.as_str());
    xml.text("Enabled", policy.enabled);
    match &policy.kind {
        PolicyKind::Simple { how, by, cooldown } => {
            adjustment(xml, *how);
            xml.text("ScalingAdjustment", by);
            xml.optional("Cooldown", *cooldown);
        }
        PolicyKind::Step { how, steps, warmup, aggregation } => {
            adjustment(xml, *how);
            xml.list("StepAdjustments", steps, step);
            xml.optional("EstimatedInstanceWarmup", *warmup);
            xml.optional("MetricAggregationType", aggregation.as_ref());
        }
        PolicyKind::TargetTracking { configuration, warmup } => {
            xml.element("TargetTrackingConfiguration", |xml| tree(xml, configuration));
            xml.optional("EstimatedInstanceWarmup", *warmup);
        }
    }
    no_alarms(xml);
}

fn adjustment(xml: &mut Xml, how: Adjustment) {
    xml.text("AdjustmentType", how.as_str());
    if let Adjustment::Percent(least) = how {
        xml.optional("MinAdjustmentMagnitude", least);
    }
}

fn step(xml: &mut Xml, step: &Step) {
    xml.optional("MetricIntervalLowerBound", step.lower.map(Number::value));
    xml.optional("MetricIntervalUpperBound", step.upper.map(Number::value));
    xml.text("ScalingAdjustment", step.by);
}

/// At AWS target tracking makes alarms of its own.
fn no_alarms(xml: &mut Xml) {
    xml.list("Alarms", Vec::<String>::new(), Xml::value);
}
