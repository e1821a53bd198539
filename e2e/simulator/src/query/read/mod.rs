//! From the parameters of an operation to a command.
//!
//! Parameters that only describe the machines (images, subnets, health checks …) are taken and ignored. Those that would
//! change how instances live, and are not built, are refused, so that nobody waits for what will never come.

mod activity;
mod configuration;
mod group;
mod hook;
mod launch;
mod life;
mod notification;
mod policy;
mod pool;
mod refresh;
mod schedule;
mod settings;
mod tags;
mod traffic;

use super::params::{Params, missing};
use crate::world::{AwsError, Command, DescribeGroups, HookResult, Page, Types};
use activity::describe_activities;
use configuration::configuration;
use group::{create_group, filter, tag, update_group};
use hook::{action, hook};
use launch::launch;
use life::life;
use notification::put_notifications;
use policy::policy;
use pool::put_warm_pool;
use refresh::start_refresh;
use schedule::schedule;
use tags::{tag_filter, unwanted_tag};
use traffic::traffic;

/// The version of the Auto Scaling API.
pub(crate) const VERSION: &str = "2011-01-01";

const RESULTS: &[(&str, HookResult)] =
    &[("CONTINUE", HookResult::Continue), ("ABANDON", HookResult::Abandon)];

/// Reads the command that an operation and its parameters ask for.
pub(crate) fn command(operation: &str, version: &str, params: &Params) -> Result<Command, AwsError> {
    let group = || params.required("AutoScalingGroupName");
    let force = || Ok::<_, AwsError>(params.flag("ForceDelete")?.unwrap_or(false));
    if version != VERSION {
        return Err(unknown(operation, version));
    }
    for read in [policy, schedule, configuration, traffic, launch] {
        if let Some(command) = read(operation, params)? {
            return Ok(command);
        }
    }
    Ok(match operation {
        "CreateAutoScalingGroup" => Command::CreateGroup(create_group(params)?),
        "UpdateAutoScalingGroup" => Command::UpdateGroup(update_group(params)?),
        "DeleteAutoScalingGroup" => Command::DeleteGroup { name: group()?, force: force()? },
        "DescribeAutoScalingGroups" => Command::DescribeGroups(DescribeGroups {
            names: params.list("AutoScalingGroupNames"),
            filters: params.structures("Filters").iter().map(filter).collect::<Result<_, _>>()?,
            include_instances: params.flag("IncludeInstances")?.unwrap_or(true),
            page: page(params)?,
        }),
        "SetDesiredCapacity" => {
            Command::SetDesired { group: group()?, desired: params.required_number("DesiredCapacity")? }
        }
        "PutWarmPool" => Command::PutWarmPool(put_warm_pool(params)?),
        "DeleteWarmPool" => Command::DeleteWarmPool { group: group()?, force: force()? },
        "DescribeWarmPool" => Command::DescribeWarmPool { group: group()?, page: page(params)? },
        "PutLifecycleHook" => Command::PutHook { group: group()?, hook: hook(params)? },
        "DeleteLifecycleHook" => {
            Command::DeleteHook { group: group()?, hook: params.required("LifecycleHookName")? }
        }
        "DescribeLifecycleHooks" => {
            Command::DescribeHooks { group: group()?, names: params.list("LifecycleHookNames") }
        }
        "CompleteLifecycleAction" => Command::Complete {
            action: action(params)?,
            result: params
                .word("LifecycleActionResult", RESULTS)?
                .ok_or_else(|| missing("LifecycleActionResult"))?,
        },
        "RecordLifecycleActionHeartbeat" => Command::Heartbeat(action(params)?),
        "PutNotificationConfiguration" => Command::PutNotifications(put_notifications(params)?),
        "DeleteNotificationConfiguration" => {
            Command::DeleteNotifications { group: group()?, topic: params.required("TopicARN")? }
        }
        "DescribeNotificationConfigurations" => Command::DescribeNotifications {
            groups: params.list("AutoScalingGroupNames"),
            page: page(params)?,
        },
        "DescribeAutoScalingNotificationTypes" => Command::DescribeNotificationTypes,
        "DescribeScalingActivities" => Command::DescribeActivities(describe_activities(params)?),
        "DescribeAutoScalingInstances" => {
            Command::DescribeInstances { ids: params.list("InstanceIds"), page: page(params)? }
        }
        "TerminateInstanceInAutoScalingGroup" => Command::TerminateInstance {
            id: params.required("InstanceId")?,
            decrement: params.required_flag("ShouldDecrementDesiredCapacity")?,
        },
        "DescribeTags" => Command::DescribeTags {
            filters: params.structures("Filters").iter().map(tag_filter).collect::<Result<_, _>>()?,
            page: page(params)?,
        },
        "DeleteTags" => {
            Command::DeleteTags(params.structures("Tags").iter().map(unwanted_tag).collect::<Result<_, _>>()?)
        }
        "DescribeAccountLimits" => Command::DescribeLimits,
        "DescribeLifecycleHookTypes" => Command::DescribeTypes(Types::Hooks),
        "DescribeTerminationPolicyTypes" => Command::DescribeTypes(Types::TerminationPolicies),
        "DescribeMetricCollectionTypes" => Command::DescribeTypes(Types::Metrics),
        "DescribeAdjustmentTypes" => Command::DescribeTypes(Types::Adjustments),
        "StartInstanceRefresh" => Command::StartRefresh(start_refresh(params)?),
        "CancelInstanceRefresh" => Command::CancelRefresh {
            group: group()?,
            wait: params.flag("WaitForTransitioningInstances")?.unwrap_or(true),
        },
        "RollbackInstanceRefresh" => Command::RollbackRefresh { group: group()? },
        "DescribeInstanceRefreshes" => Command::DescribeRefreshes {
            group: group()?,
            ids: params.list("InstanceRefreshIds"),
            page: page(params)?,
        },
        "CreateOrUpdateTags" => Command::PutTags(
            params
                .structures("Tags")
                .iter()
                .map(|params| Ok((params.required("ResourceId")?, tag(params)?)))
                .collect::<Result<_, AwsError>>()?,
        ),
        _ => return life(operation, params)?.ok_or_else(|| unknown(operation, version)),
    })
}

fn unknown(operation: &str, version: &str) -> AwsError {
    AwsError::new(400, "InvalidAction", format!("Could not find operation {operation} for version {version}"))
}

fn page(params: &Params) -> Result<Page, AwsError> {
    Ok(Page {
        max: params.number("MaxRecords")?,
        token: params.text("NextToken").filter(|token| !token.is_empty()),
    })
}

fn not_built(what: &str) -> AwsError {
    AwsError::validation(format!("{what} is not supported by this simulator"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPERATIONS: &[&str] = &[
        "CreateAutoScalingGroup",
        "UpdateAutoScalingGroup",
        "DeleteAutoScalingGroup",
        "DescribeAutoScalingGroups",
        "SetDesiredCapacity",
        "PutWarmPool",
        "DeleteWarmPool",
        "DescribeWarmPool",
        "PutLifecycleHook",
        "DeleteLifecycleHook",
        "DescribeLifecycleHooks",
        "CompleteLifecycleAction",
        "RecordLifecycleActionHeartbeat",
        "DescribeAutoScalingInstances",
        "DescribeScalingActivities",
        "PutNotificationConfiguration",
        "DeleteNotificationConfiguration",
        "DescribeNotificationConfigurations",
        "DescribeAutoScalingNotificationTypes",
        "TerminateInstanceInAutoScalingGroup",
        "StartInstanceRefresh",
        "DescribeTags",
        "DeleteTags",
        "DescribeAccountLimits",
        "DescribeAdjustmentTypes",
        "DescribeLifecycleHookTypes",
        "DescribeTerminationPolicyTypes",
        "CancelInstanceRefresh",
        "RollbackInstanceRefresh",
        "DescribeInstanceRefreshes",
        "CreateOrUpdateTags",
        "EnterStandby",
        "ExitStandby",
        "DetachInstances",
        "AttachInstances",
        "SetInstanceProtection",
        "SetInstanceHealth",
        "SuspendProcesses",
        "ResumeProcesses",
        "DescribeScalingProcessTypes",
        "PutScalingPolicy",
        "DeletePolicy",
        "DescribePolicies",
        "ExecutePolicy",
        "GetPredictiveScalingForecast",
        "PutScheduledUpdateGroupAction",
        "BatchPutScheduledUpdateGroupAction",
        "DeleteScheduledAction",
        "BatchDeleteScheduledAction",
        "DescribeScheduledActions",
        "LaunchInstances",
        "CreateLaunchConfiguration",
        "DeleteLaunchConfiguration",
        "DescribeLaunchConfigurations",
        "AttachLoadBalancers",
        "DetachLoadBalancers",
        "DescribeLoadBalancers",
        "AttachLoadBalancerTargetGroups",
        "DetachLoadBalancerTargetGroups",
        "DescribeLoadBalancerTargetGroups",
        "AttachTrafficSources",
        "DetachTrafficSources",
        "DescribeTrafficSources",
        "EnableMetricsCollection",
        "DisableMetricsCollection",
        "DescribeMetricCollectionTypes",
    ];

    fn read(operation: &str, form: &str) -> Result<Command, AwsError> {
        command(operation, VERSION, &Params::parse(form.as_bytes())?)
    }

    #[test]
    fn an_unknown_operation_or_version_is_an_invalid_action() {
        for (operation, version) in [("DanceInCircles", VERSION), ("DescribeWarmPool", "2099-01-01")] {
            let error = command(operation, version, &Params::default()).expect_err(operation);
            assert_eq!((error.status, error.code.as_str()), (400, "InvalidAction"));
            assert_eq!(error.message, format!("Could not find operation {operation} for version {version}"));
        }
    }

    #[test]
    fn every_operation_is_read_and_stands_on_the_page() {
        let page = include_str!("../../../../../docs/aws-simulator-operations.md");
        for operation in OPERATIONS {
            assert!(page.contains(&format!("`{operation}`")), "{operation} is not on the page");
            let error = read(operation, "").err();
            assert!(error.is_none_or(|error| error.code != "InvalidAction"), "{operation}");
        }
    }

    #[test]
    fn minus_one_lifts_the_limit_of_a_pool() {
        for (text, expected) in [("", None), ("&MaxGroupPreparedCapacity=-1", Some(None))] {
            let read = read("PutWarmPool", &format!("AutoScalingGroupName=g{text}"));
            let Ok(Command::PutWarmPool(change)) = read else { panic!("{read:?}") };
            assert_eq!(change.max_prepared, expected);
        }
    }

    #[test]
    fn a_filter_of_another_name_is_refused() {
        let form = "Filters.member.1.Name=colour&Filters.member.1.Values.member.1=red";
        assert_eq!(read("DescribeAutoScalingGroups", form).expect_err("colour").code, "ValidationError");
    }

    proptest! {
        #[test]
        fn any_parameters_are_read_or_refused(
            operation in proptest::sample::select(OPERATIONS),
            pairs in proptest::collection::vec(
                ("(AutoScalingGroupName|ShouldDecrementDesiredCapacity|InstanceId|InstanceIds\\.member\\.1|ScalingProcesses\\.member\\.2|HealthStatus|MinSize|MaxSize|Filters\\.member\\.1\\.Name|Tags\\.member\\.9\\.Key|HeartbeatTimeout|[A-Za-z.]{0,9})", "\\PC{0,12}"),
                0..8,
            ),
        ) {
            let form: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if let Err(error) = read(operation, &form.join("&")) {
                prop_assert!((400..500).contains(&error.status));
            }
        }
    }
}
