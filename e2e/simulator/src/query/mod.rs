//! The query protocol of Auto Scaling: parameters in, XML out.

mod check;
mod params;
mod read;
mod write;
mod xml;

pub(crate) use check::check;
pub(crate) use params::{Params, decode};
pub(crate) use read::{VERSION, command};
pub(crate) use write::{error, reply};
pub(crate) use xml::Xml;
