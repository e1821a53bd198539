//! Launch templates as XML.

use crate::account::ACCOUNT;
use crate::query::Xml;
use crate::times::whole_seconds;
use crate::world::Tree;
use crate::world::ec2::{TemplateView, VersionView};

/// Lists that are answered by another name than all others: `SecurityGroupId` of a network interface, and licenses.
const RENAMED: [(&str, &str); 1] = [("LicenseSpecification", "licenseSet")];

pub(super) fn template(xml: &mut Xml, view: &TemplateView) {
    xml.text("launchTemplateId", &view.id);
    xml.text("launchTemplateName", &view.name);
    xml.text("createTime", whole_seconds(view.created));
    xml.text("createdBy", creator());
    xml.text("defaultVersionNumber", view.default);
    xml.text("latestVersionNumber", view.latest);
    if !view.tags.is_empty() {
        xml.items("tagSet", &view.tags, |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
    }
}

pub(super) fn version(xml: &mut Xml, view: &VersionView) {
    let VersionView { template, number, created, description, data } = view;
    xml.text("launchTemplateId", &template.id);
    xml.text("launchTemplateName", &template.name);
    xml.text("versionNumber", number);
    xml.optional("versionDescription", description.as_ref());
    xml.text("createTime", whole_seconds(*created));
    xml.text("createdBy", creator());
    xml.text("defaultVersion", *number == template.default);
    xml.element("launchTemplateData", |xml| {
        for (name, value) in data {
            field(xml, name, value, false);
        }
    });
}

/// A parameter as it is answered: with a small first letter, a list with `Set` behind it.
fn field(xml: &mut Xml, name: &str, value: &Tree, is_of_interface: bool) {
    let mut small = name.to_owned();
    if let Some(first) = small.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    match value {
        Tree::Text(text) => xml.text(&small, text),
        Tree::Fields(fields) => xml.element(&small, |xml| {
            for (name, value) in fields {
                field(xml, name, value, false);
            }
        }),
        Tree::List(members) => {
            let renamed = RENAMED.iter().find(|(from, _)| *from == name).map(|(_, to)| (*to).to_owned());
            let list = match renamed {
                Some(list) => list,
                None if is_of_interface && name == "SecurityGroupId" => "groupSet".to_owned(),
                None => format!("{small}Set"),
            };
            xml.items(&list, members.values(), |xml, member| match member {
                Tree::Text(text) => xml.value(text),
                Tree::Fields(fields) => {
                    for (inner, value) in fields {
                        field(xml, inner, value, name == "NetworkInterface");
                    }
                }
                Tree::List(_) => {}
            });
        }
    }
}

fn creator() -> String {
    format!("arn:aws:iam::{ACCOUNT}:root")
}
