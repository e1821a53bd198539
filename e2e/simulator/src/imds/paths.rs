//! What the metadata service of an instance answers: pure, from a machine and a path.

use serde_json::json;

use crate::account::ACCOUNT;
use crate::query::{INSTANCE_TYPE, decode};
use crate::world::Machine;

/// The first version that knows the target lifecycle state.
const FIRST_WITH_TARGET: &str = "2021-07-15";

/// The path of the target lifecycle state, below its version.
pub(crate) const TARGET: &str = "meta-data/autoscaling/target-lifecycle-state";

/// Splits `/latest/meta-data/x` into the version and `meta-data/x`; none if the version is none.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    let is_date = version.len() == 10
        && version.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    (version == "latest" || is_date).then_some((version, rest.trim_end_matches('/')))
}

/// The text under a path; none is 404.
pub(crate) fn lookup(machine: &Machine, path: &str) -> Option<String> {
    let (version, rest) = split(path)?;
    let region = machine.view.zone.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if rest == TARGET {
        let knows = version == "latest" || version >= FIRST_WITH_TARGET;
        return machine.target.filter(|_| knows).map(str::to_owned);
    }
    if let Some(key) = rest.strip_prefix("meta-data/tags/instance/") {
        return machine.tags.get(&decode(key.as_bytes()).ok()?).cloned();
    }
    Some(match rest {
        "meta-data/instance-id" => machine.view.id.clone(),
        "meta-data/instance-type" => INSTANCE_TYPE.to_owned(),
        "meta-data/instance-life-cycle" => "on-demand".to_owned(),
        "meta-data/placement/region" => region.to_owned(),
        "meta-data/placement/availability-zone" => machine.view.zone.clone(),
        "meta-data/services/partition" => "aws".to_owned(),
        "meta-data/services/domain" => "amazonaws.com".to_owned(),
        "meta-data/tags/instance" => machine.tags.keys().cloned().collect::<Vec<_>>().join("\n"),
        "dynamic/instance-identity/document" => json!({
            "accountId": ACCOUNT,
            "availabilityZone": machine.view.zone,
            "instanceId": machine.view.id,
            "instanceType": INSTANCE_TYPE,
            "region": region,
            "version": "2017-09-30",
        })
        .to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;
    use crate::world::{InstanceView, Metadata, Power};

    fn machine() -> Machine {
        Machine {
            view: InstanceView {
                id: "i-0123456789abcdef0".into(),
                group: "g".into(),
                zone: "us-east-1b".into(),
                state: "Pending".into(),
                launch_template: None,
            },
            power: Power::On,
            target: Some("InService"),
            launched: std::time::SystemTime::UNIX_EPOCH,
            metadata: Metadata::new(Ipv4Addr::new(10, 0, 0, 4)),
            tags: [("aws:autoscaling:groupName".to_owned(), "g".to_owned())].into(),
            warnings: crate::world::Warnings::default(),
        }
    }

    fn look(path: &str) -> Option<String> {
        lookup(&machine(), path)
    }

    #[test]
    fn the_documented_paths_answer() {
        assert_eq!(look("/latest/meta-data/instance-id").as_deref(), Some("i-0123456789abcdef0"));
        assert_eq!(look("/latest/meta-data/placement/region").as_deref(), Some("us-east-1"));
        assert_eq!(look("/latest/meta-data/placement/availability-zone").as_deref(), Some("us-east-1b"));
        let tag = "/latest/meta-data/tags/instance/aws%3Aautoscaling:groupName";
        assert_eq!(look(tag).as_deref(), Some("g"));
        let document = look("/latest/dynamic/instance-identity/document").expect("a document");
        assert!(document.contains(r#""region":"us-east-1""#), "{document}");
    }

    #[test]
    fn the_target_state_exists_since_its_version() {
        let target = |version: &str| look(&format!("/{version}/{TARGET}"));
        assert_eq!(target("latest").as_deref(), Some("InService"));
        assert_eq!(target("2021-07-15").as_deref(), Some("InService"));
        assert_eq!(target("2021-03-23"), None);
        assert_eq!(target("newest"), None);
    }

    #[test]
    fn a_machine_without_a_target_answers_404_there_alone() {
        let mut machine = machine();
        machine.target = None;
        assert_eq!(lookup(&machine, &format!("/latest/{TARGET}")), None);
        assert!(lookup(&machine, "/latest/meta-data/instance-id").is_some());
    }

    proptest! {
        #[test]
        fn any_path_is_answered_or_not_found(path in "\\PC{0,60}", tail in "\\PC{0,20}") {
            look(&path);
            look(&format!("/latest/meta-data/tags/instance/{tail}"));
        }
    }
}
