//! The JSON protocol of SQS: `X-Amz-Target: AmazonSQS.SendMessage` and a JSON object in, JSON out.

mod params;
mod read;
mod record;
mod write;

pub(crate) use read::{command, operation};
pub(crate) use record::flat;
pub(crate) use write::{error, reply};
