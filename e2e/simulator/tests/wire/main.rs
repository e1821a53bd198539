//! The simulator over real sockets: the AWS SDK as client, and raw requests where the SDK would not ask so.

mod admin;
mod admin_events;
mod admin_page;
mod bed;
mod departed;
mod ec2;
mod ec2_bed;
mod ec2_protocol;
mod faults;
mod forward;
mod garbage;
mod group_settings;
mod handle;
mod imds;
mod imds_paths;
mod imds_sdk;
mod life;
mod notices;
mod protocol;
mod queues;
mod refresh;
mod serve;
mod story;
mod tags;
mod visibility;
mod wrong_requests;
