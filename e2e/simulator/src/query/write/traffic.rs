//! Sources of traffic and metrics as XML.

use super::super::xml::Xml;
use crate::world::{GRANULARITY, METRICS, TrafficList, TrafficView};

pub(super) fn sources(xml: &mut Xml, list: TrafficList, sources: &[TrafficView]) {
    match list {
        TrafficList::LoadBalancers => xml.list("LoadBalancers", sources, |xml, view| {
            xml.text("LoadBalancerName", &view.source.id);
            xml.text("State", view.state);
        }),
        TrafficList::TargetGroups => xml.list("LoadBalancerTargetGroups", sources, |xml, view| {
            xml.text("LoadBalancerTargetGroupARN", &view.source.id);
            xml.text("State", view.state);
        }),
        TrafficList::Sources => xml.list("TrafficSources", sources, |xml, view| {
            xml.text("Identifier", &view.source.id);
            // Its old name.
            xml.text("TrafficSource", &view.source.id);
            xml.text("Type", &view.source.kind);
            xml.text("State", view.state);
        }),
    }
}

pub(super) fn metric_types(xml: &mut Xml) {
    xml.list("Metrics", METRICS, |xml, name| xml.text("Metric", name));
    xml.list("Granularities", [GRANULARITY], |xml, name| xml.text("Granularity", name));
}
