//! Answers to the operations on the life of members.

use super::super::xml::Xml;
use crate::times::millis;
use crate::world::{GroupLife, Process};

pub(super) fn processes(xml: &mut Xml) {
    xml.list("Processes", Process::ALL, |xml, process| xml.text("ProcessName", process.as_str()));
}

pub(super) fn group_life(xml: &mut Xml, life: &GroupLife) {
    xml.text("NewInstancesProtectedFromScaleIn", life.protects_new);
    xml.list("SuspendedProcesses", &life.suspended, |xml, (process, since)| {
        xml.text("ProcessName", process.as_str());
        // Cut to seconds, as AWS does.
        let since = millis(*since);
        let since = since.split_once('.').map_or(since.as_str(), |(whole, _)| whole);
        xml.text("SuspensionReason", format_args!("User suspended at {since}Z"));
    });
}
