//! Instance refreshes as XML.

use super::super::xml::Xml;
use super::settings::tree;
use super::template;
use crate::times::millis;
use crate::world::{RefreshPreferences, RefreshView, Wanted};

pub(super) fn refresh(xml: &mut Xml, view: &RefreshView) {
    xml.text("InstanceRefreshId", &view.id);
    xml.text("AutoScalingGroupName", &view.group);
    xml.text("Strategy", view.strategy.as_str());
    xml.text("Status", view.status.as_str());
    xml.optional("StatusReason", view.status_reason);
    xml.text("StartTime", millis(view.started));
    xml.optional("EndTime", view.ended.map(millis));
    xml.text("PercentageComplete", view.percentage);
    xml.text("InstancesToUpdate", view.remaining);
    xml.element("Preferences", |xml| preferences(xml, &view.preferences));
    if let Some(wanted) = &view.wanted {
        xml.element("DesiredConfiguration", |xml| match wanted {
            Wanted::Template(wanted) => template(xml, Some(wanted)),
            Wanted::Mixed(policy) => xml.element("MixedInstancesPolicy", |xml| tree(xml, policy)),
        });
    }
    if let Some((at, percentage, remaining)) = view.rolled_back {
        xml.element("RollbackDetails", |xml| {
            xml.optional("RollbackReason", view.rollback_reason);
            xml.text("RollbackStartTime", millis(at));
            xml.text("PercentageCompleteOnRollback", percentage);
            xml.text("InstancesToUpdateOnRollback", remaining);
        });
    }
}

fn preferences(xml: &mut Xml, view: &RefreshPreferences) {
    xml.text("MinHealthyPercentage", view.min_healthy.unwrap_or(90));
    xml.optional("MaxHealthyPercentage", view.max_healthy);
    xml.optional("InstanceWarmup", view.warmup);
    if !view.checkpoints.is_empty() {
        xml.list("CheckpointPercentages", &view.checkpoints, Xml::value);
        xml.text("CheckpointDelay", view.checkpoint_delay.unwrap_or(3600));
    }
    xml.text("SkipMatching", view.skip_matching.unwrap_or(false));
    xml.text("AutoRollback", view.auto_rollback.unwrap_or(false));
    xml.text("ScaleInProtectedInstances", "Refresh");
    xml.text("StandbyInstances", "Ignore");
    xml.optional("BakeTime", view.bake_time);
}
