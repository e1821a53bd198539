//! One request to EC2 from its parameters to the world and back, with whatever a test broke on the way.

use super::form::Form;
use super::{read, write};
use crate::broken::Refusal;
use crate::calls::Call;
use crate::carry::{carry_out, meet_faults};
use crate::http::Answer;
use crate::query::Params;
use crate::rules::Service;
use crate::shared::Shared;
use crate::world::{AwsError, World};

/// Answers the request that `call` records; `params` are its own, unless they could not be read.
pub(crate) async fn serve(
    shared: &Shared,
    version: Option<&str>,
    params: Result<Params, AwsError>,
    call: Call,
) -> Answer {
    let (broken, call) = meet_faults(shared, Service::Ec2, call).await?;
    let command = match broken.refusal {
        Some(refusal) => Err(refuse(refusal)),
        None => params.and_then(|params| {
            let form = Form(params);
            let command = read::command(&call.operation, version.unwrap_or(super::VERSION), &form)?;
            if form.flag("DryRun")? == Some(true) { Err(dry_run()) } else { Ok(command) }
        }),
    };
    let ask = |world: &mut World, now| command.and_then(|command| world.handle_ec2(now, command));
    let response = carry_out(shared, call, &broken.view, ask, |operation, outcome, id| match outcome {
        Ok(reply) => document(&write::reply(operation, reply, id)),
        Err(error) => document(&write::error(error, id)),
    });
    // A machine that was told to stop says so only when it has.
    shared.reschedule();
    (!broken.lose_reply).then_some(response)
}

/// A fault's refusal in EC2's words.
fn refuse(refusal: Refusal) -> AwsError {
    match refusal {
        Refusal::Throttled => AwsError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        Refusal::Denied => {
            AwsError::new(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
        }
        Refusal::Failed { status, code } => AwsError::new(status, &code, "Failed on purpose"),
    }
}

fn dry_run() -> AwsError {
    AwsError::new(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

fn document(xml: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}")
}
