//! Launch configurations as XML.

use super::super::xml::Xml;
use super::settings::tree;
use crate::times::millis;
use crate::world::ConfigurationView;

/// What AWS tells of a configuration that does not say so itself.
const USUAL: [(&str, &str); 4] =
    [("EbsOptimized", "false"), ("KernelId", ""), ("RamdiskId", ""), ("UserData", "")];

pub(super) fn configuration(xml: &mut Xml, view: &ConfigurationView) {
    xml.text("LaunchConfigurationName", &view.name);
    xml.text("LaunchConfigurationARN", &view.arn);
    xml.text("ImageId", &view.image);
    xml.text("InstanceType", &view.kind);
    xml.text("KeyName", view.key.as_deref().unwrap_or_default());
    xml.text("CreatedTime", millis(view.created));
    for (name, value) in &view.repeated {
        xml.element(name, |xml| tree(xml, value));
    }
    let is_new = |name: &str| !view.repeated.contains_key(name);
    for (name, value) in USUAL.into_iter().filter(|(name, _)| is_new(name)) {
        xml.text(name, value);
    }
    if is_new("InstanceMonitoring") {
        xml.element("InstanceMonitoring", |xml| xml.text("Enabled", true));
    }
    for name in ["SecurityGroups", "BlockDeviceMappings"].into_iter().filter(|name| is_new(name)) {
        xml.list(name, Vec::<String>::new(), Xml::value);
    }
}
