//! From replies and errors to XML.

mod activity;
mod configuration;
mod launch;
mod life;
mod policy;
mod refresh;
mod schedule;
mod settings;
mod tags;
mod traffic;

use super::xml::Xml;
use crate::account::{group_arn, zone_id};
use crate::times::millis;
use crate::world::{
    AwsError, GroupView, HookView, InstanceView, LaunchTemplate, NotificationType, PoolView, Reply,
};
use activity::activity;
use life::{group_life, processes};
use refresh::refresh;
use settings::settings;
use tags::{limits, tag, types};

/// The answer to an operation that was carried out.
pub(crate) fn reply(operation: &str, reply: &Reply, request_id: &str) -> String {
    Xml::root(&format!("{operation}Response"), |xml| {
        xml.element(&format!("{operation}Result"), |xml| result(xml, reply));
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", request_id));
    })
}

/// The answer to an operation that was refused.
pub(crate) fn error(error: &AwsError, request_id: &str) -> String {
    Xml::root("ErrorResponse", |xml| {
        xml.element("Error", |xml| {
            xml.text("Type", if error.status < 500 { "Sender" } else { "Receiver" });
            xml.text("Code", &error.code);
            xml.text("Message", &error.message);
        });
        xml.text("RequestId", request_id);
    })
}

fn result(xml: &mut Xml, reply: &Reply) {
    match reply {
        Reply::Done => {}
        Reply::Groups { groups, next } => {
            xml.list("AutoScalingGroups", groups, group);
            xml.optional("NextToken", next.as_ref());
        }
        Reply::Instances { instances, next } => {
            xml.list("AutoScalingInstances", instances, |xml, view| {
                xml.text("AutoScalingGroupName", &view.group);
                // This operation shouts, the other two do not.
                instance(xml, view, if view.healthy { "HEALTHY" } else { "UNHEALTHY" });
                xml.text("ProtectedFromScaleIn", view.protected);
            });
            xml.optional("NextToken", next.as_ref());
        }
        Reply::WarmPool { pool, instances, next } => {
            if let Some(pool) = pool {
                xml.element("WarmPoolConfiguration", |xml| warm_pool(xml, pool));
            }
            xml.list("Instances", instances, |xml, view| instance(xml, view, health(view)));
            xml.optional("NextToken", next.as_ref());
        }
        Reply::Hooks { group, hooks } => {
            xml.list("LifecycleHooks", hooks, |xml, view| hook(xml, group, view));
        }
        Reply::Notifications { notifications, next } => {
            xml.list("NotificationConfigurations", notifications, |xml, view| {
                xml.text("AutoScalingGroupName", &view.group);
                xml.text("TopicARN", &view.topic);
                xml.text("NotificationType", view.kind.as_str());
            });
            xml.optional("NextToken", next.as_ref());
        }
        Reply::NotificationTypes => {
            let all = NotificationType::ALL.map(NotificationType::as_str);
            xml.list("AutoScalingNotificationTypes", all, Xml::value);
        }
        Reply::Activity(view) => {
            if let Some(view) = view {
                xml.element("Activity", |xml| activity(xml, view));
            }
        }
        Reply::Activities { activities, next } => {
            xml.list("Activities", activities, activity);
            xml.optional("NextToken", next.as_ref());
        }
        Reply::Processes => processes(xml),
        Reply::Tags { tags, next } => {
            xml.list("Tags", tags, |xml, (group, view)| tag(xml, group, view));
            xml.optional("NextToken", next.as_ref());
        }
        Reply::Limits { groups, configurations } => limits(xml, *groups, *configurations),
        Reply::Configurations { configurations, next } => {
            xml.list("LaunchConfigurations", configurations, configuration::configuration);
            xml.optional("NextToken", next.as_ref());
        }
        Reply::Launched(view) => launch::launched(xml, view),
        Reply::Traffic { list, sources, next } => {
            traffic::sources(xml, *list, sources);
            xml.optional("NextToken", next.as_ref());
        }
        Reply::Schedule(view) => schedule::reply(xml, view),
        Reply::Policy(view) => policy::reply(xml, view),
        Reply::Types(which) => types(xml, *which),
        Reply::Refreshing { id } => xml.text("InstanceRefreshId", id),
        Reply::Refreshes { refreshes, next } => {
            xml.list("InstanceRefreshes", refreshes, refresh);
            xml.optional("NextToken", next.as_ref());
        }
    }
}

fn group(xml: &mut Xml, view: &GroupView) {
    let name = &view.name;
    xml.text("AutoScalingGroupName", name);
    xml.text("AutoScalingGroupARN", group_arn(&view.uuid, name));
    xml.text("MinSize", view.min);
    xml.text("MaxSize", view.max);
    xml.text("DesiredCapacity", view.desired);
    settings(xml, &view.settings);
    xml.text("CreatedTime", millis(view.created));
    xml.list("AvailabilityZones", &view.zones, Xml::value);
    xml.optional("VPCZoneIdentifier", view.subnets.as_ref());
    template(xml, view.launch_template.as_ref());
    xml.optional("Status", view.deleting.then_some("Delete in progress"));
    group_life(xml, &view.life);
    xml.list("Tags", &view.tags, |xml, view| tag(xml, name, view));
    xml.list("Instances", &view.instances, |xml, view| {
        instance(xml, view, health(view));
        xml.text("ProtectedFromScaleIn", view.protected);
    });
    if let Some(pool) = &view.pool {
        xml.element("WarmPoolConfiguration", |xml| warm_pool(xml, pool));
        xml.text("WarmPoolSize", view.pool_size);
    }
}

fn health(view: &InstanceView) -> &'static str {
    if view.healthy { "Healthy" } else { "Unhealthy" }
}

fn warm_pool(xml: &mut Xml, view: &PoolView) {
    xml.optional("MaxGroupPreparedCapacity", view.max_prepared);
    xml.text("MinSize", view.min);
    xml.text("PoolState", view.state.as_str());
    xml.optional("Status", view.deleting.then_some("PendingDelete"));
    if let Some(reuse) = view.reuse {
        xml.element("InstanceReusePolicy", |xml| xml.text("ReuseOnScaleIn", reuse));
    }
}

fn instance(xml: &mut Xml, view: &InstanceView, health: &str) {
    xml.text("InstanceId", &view.id);
    xml.text("InstanceType", &view.kind);
    xml.text("AvailabilityZone", &view.zone);
    xml.optional("AvailabilityZoneId", zone_id(&view.zone));
    xml.text("LifecycleState", &view.state);
    xml.text("HealthStatus", health);
    xml.optional("LaunchConfigurationName", view.launch_configuration.as_ref());
    template(xml, view.launch_template.as_ref());
}

fn template(xml: &mut Xml, template: Option<&LaunchTemplate>) {
    if let Some(template) = template {
        xml.element("LaunchTemplate", |xml| {
            xml.optional("LaunchTemplateId", template.id.as_ref());
            xml.optional("LaunchTemplateName", template.name.as_ref());
            xml.optional("Version", template.version.as_ref());
        });
    }
}

fn hook(xml: &mut Xml, group: &str, view: &HookView) {
    xml.text("AutoScalingGroupName", group);
    xml.text("LifecycleHookName", &view.name);
    xml.text("LifecycleTransition", view.transition.as_str());
    xml.text("HeartbeatTimeout", view.heartbeat_timeout.as_secs());
    xml.text("GlobalTimeout", view.global_timeout.as_secs());
    xml.text("DefaultResult", view.default_result);
    xml.optional("NotificationMetadata", view.metadata.as_ref());
    if let Some(target) = &view.target {
        xml.text("NotificationTargetARN", &target.arn);
        xml.optional("RoleARN", target.role.as_ref());
    }
}
