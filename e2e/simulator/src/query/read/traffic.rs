//! Parameters of the operations on sources of traffic and on metrics.

use super::super::params::Params;
use super::page;
use crate::world::{AwsError, Command, GRANULARITY, TrafficCommand, TrafficList, TrafficSource};

const KINDS: [&str; 3] = ["elb", "elbv2", "vpc-lattice"];

/// The command, or none if the operation is of another subject.
pub(super) fn traffic(operation: &str, params: &Params) -> Result<Option<Command>, AwsError> {
    let group = || params.required("AutoScalingGroupName");
    let (verb, list) = match operation {
        "EnableMetricsCollection" => {
            let granularity = params.required("Granularity")?;
            if granularity != GRANULARITY {
                let message = format!("Invalid granularity: {granularity}. It must be {GRANULARITY}");
                return Err(AwsError::validation(message));
            }
            let command = TrafficCommand::EnableMetrics { group: group()?, metrics: params.list("Metrics") };
            return Ok(Some(Command::Traffic(command)));
        }
        "DisableMetricsCollection" => {
            let command = TrafficCommand::DisableMetrics { group: group()?, metrics: params.list("Metrics") };
            return Ok(Some(Command::Traffic(command)));
        }
        _ => match operation.find("LoadBalancer").or_else(|| operation.find("TrafficSources")) {
            Some(at) => operation.split_at(at),
            None => return Ok(None),
        },
    };
    let list = match list {
        "LoadBalancers" => TrafficList::LoadBalancers,
        "LoadBalancerTargetGroups" => TrafficList::TargetGroups,
        "TrafficSources" => TrafficList::Sources,
        _ => return Ok(None),
    };
    let command = match verb {
        "Attach" => TrafficCommand::Attach { group: group()?, list, sources: sources(list, params)? },
        "Detach" => TrafficCommand::Detach { group: group()?, list, sources: sources(list, params)? },
        "Describe" => TrafficCommand::Describe {
            group: group()?,
            list,
            kind: params.text("TrafficSourceType").filter(|_| list == TrafficList::Sources),
            page: page(params)?,
        },
        _ => return Ok(None),
    };
    Ok(Some(Command::Traffic(command)))
}

fn sources(list: TrafficList, params: &Params) -> Result<Vec<TrafficSource>, AwsError> {
    let plain = |name: &str, kind: &str| {
        let ids = params.list(name).into_iter();
        Ok(ids.map(|id| TrafficSource { id, kind: kind.to_owned() }).collect())
    };
    match list {
        TrafficList::LoadBalancers => plain("LoadBalancerNames", "elb"),
        TrafficList::TargetGroups => plain("TargetGroupARNs", "elbv2"),
        TrafficList::Sources => params.structures("TrafficSources").iter().map(source).collect(),
    }
}

fn source(params: &Params) -> Result<TrafficSource, AwsError> {
    let id = params.required("Identifier")?;
    let kind = params.text("Type").or_else(|| kind_of(&id).map(str::to_owned)).ok_or_else(|| {
        AwsError::validation(format!("Type is required for the traffic source {id}, which is no ARN"))
    })?;
    if !KINDS.contains(&kind.as_str()) {
        return Err(AwsError::validation(format!("{kind} is not a valid type of traffic sources")));
    }
    Ok(TrafficSource { id, kind })
}

/// What an arn is one of.
fn kind_of(id: &str) -> Option<&'static str> {
    match id.strip_prefix("arn:")?.split(':').nth(1)? {
        "vpc-lattice" => Some("vpc-lattice"),
        "elasticloadbalancing" => Some("elbv2"),
        _ => None,
    }
}
