//! Scaling activities on the wire.

use std::time::{Duration, SystemTime};

use super::super::xml::Xml;
use crate::account::group_arn;
use crate::times::millis;
use crate::world::ActivityView;

pub(super) fn activity(xml: &mut Xml, view: &ActivityView) {
    xml.text("ActivityId", &view.id);
    xml.text("AutoScalingGroupName", &view.group);
    xml.text("Description", &view.description);
    xml.text("Cause", &view.cause);
    xml.text("StartTime", millis(view.start));
    xml.optional("EndTime", view.end.map(|end| millis(whole(end))));
    xml.text("StatusCode", view.status.as_str());
    xml.optional("StatusMessage", view.message.as_ref());
    xml.text("Progress", view.progress);
    xml.text("Details", view.details());
    xml.optional("AutoScalingGroupState", view.is_of_deleted_group.then_some("Deleted"));
    xml.text("AutoScalingGroupARN", group_arn(&view.group_uuid, &view.group));
}

/// As seen at AWS: a begin has milliseconds, an end has none.
fn whole(at: SystemTime) -> SystemTime {
    let part = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    at - Duration::from_nanos(u64::from(part))
}
