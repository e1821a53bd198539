//! The real binary against simulated AWS.

mod addresses;
mod bed;
mod by_hand;
mod cli;
mod doctor;
mod group;
mod hibernation;
mod imds;
mod misfortune;
mod proxy;
mod signals;
mod standalone;
mod strict;
mod told;
mod warm;
mod watch;
