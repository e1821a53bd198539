//! Scheduled actions as XML.

use super::super::xml::Xml;
use crate::times::millis;
use crate::world::{ScheduleReply, ScheduleView};

pub(super) fn reply(xml: &mut Xml, reply: &ScheduleReply) {
    match reply {
        ScheduleReply::NotPut(failed) => failures(xml, "FailedScheduledUpdateGroupActions", failed),
        ScheduleReply::NotDeleted(failed) => failures(xml, "FailedScheduledActions", failed),
        ScheduleReply::Actions { actions, next } => {
            xml.list("ScheduledUpdateGroupActions", actions, action);
            xml.optional("NextToken", next.as_ref());
        }
    }
}

fn action(xml: &mut Xml, view: &ScheduleView) {
    let action = &view.action;
    xml.text("AutoScalingGroupName", &view.group);
    xml.text("ScheduledActionName", &action.name);
    xml.text("ScheduledActionARN", &view.arn);
    // When it starts next, by its old name and its new.
    xml.text("Time", millis(view.due));
    xml.text("StartTime", millis(view.due));
    xml.optional("EndTime", action.end.map(millis));
    xml.optional("Recurrence", action.recurrence.as_ref());
    xml.optional("TimeZone", action.time_zone.as_ref());
    xml.optional("MinSize", action.min);
    xml.optional("MaxSize", action.max);
    xml.optional("DesiredCapacity", action.desired);
}

fn failures(xml: &mut Xml, list: &str, failed: &[(String, String, String)]) {
    xml.list(list, failed, |xml, (name, code, message)| {
        xml.text("ScheduledActionName", name);
        xml.text("ErrorCode", code);
        xml.text("ErrorMessage", message);
    });
}
