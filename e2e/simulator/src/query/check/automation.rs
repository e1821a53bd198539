//! The rules of the operations on what changes a group by itself: policies and schedules.

use super::Rule;
use super::table::{GROUP, needed, text, there, word};

const OF_GROUP: Rule = text("AutoScalingGroupName", 1, 255);
const POLICY: Rule = needed("PolicyName", 1, 1600);

const ACTION_NAME: Rule = needed("ScheduledActionName", 1, 255);

/// Operations and their rules.
pub(super) const OPERATIONS: &[(&str, &[Rule])] = &[
    (
        "BatchDeleteScheduledAction",
        &[GROUP, there("ScheduledActionNames"), text("ScheduledActionNames.*", 1, 255)],
    ),
    (
        "BatchPutScheduledUpdateGroupAction",
        &[
            GROUP,
            there("ScheduledUpdateGroupActions"),
            needed("ScheduledUpdateGroupActions.*.ScheduledActionName", 1, 255),
            text("ScheduledUpdateGroupActions.*.Recurrence", 1, 255),
            text("ScheduledUpdateGroupActions.*.TimeZone", 1, 255),
        ],
    ),
    ("DeletePolicy", &[OF_GROUP, POLICY]),
    ("DescribePolicies", &[OF_GROUP, text("PolicyNames.*", 1, 1600), text("PolicyTypes.*", 1, 64)]),
    ("DeleteScheduledAction", &[GROUP, ACTION_NAME]),
    ("DescribeScheduledActions", &[OF_GROUP, text("ScheduledActionNames.*", 1, 255)]),
    ("ExecutePolicy", &[OF_GROUP, POLICY]),
    (
        "PutScalingPolicy",
        &[
            GROUP,
            needed("PolicyName", 1, 255),
            text("PolicyType", 1, 64),
            text("AdjustmentType", 1, 255),
            text("MetricAggregationType", 1, 32),
            there("StepAdjustments.*.ScalingAdjustment"),
            word(
                "TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType",
                &[
                    "ASGAverageCPUUtilization",
                    "ASGAverageCPUUtilizationHighResolution",
                    "ASGAverageNetworkIn",
                    "ASGAverageNetworkOut",
                    "ALBRequestCountPerTarget",
                ],
            ),
        ],
    ),
    (
        "PutScheduledUpdateGroupAction",
        &[GROUP, ACTION_NAME, text("Recurrence", 1, 255), text("TimeZone", 1, 255)],
    ),
];
