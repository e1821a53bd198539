//! The JSON protocol of SQS: `X-Amz-Target: AmazonSQS.SendMessage` and a JSON object in, JSON out.

mod base64;
mod read;
mod write;

pub(crate) use read::{command, flat, operation};
pub(crate) use write::{error, reply};
