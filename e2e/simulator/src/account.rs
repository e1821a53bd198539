//! The one account and region that all arns name.

/// The account.
pub(crate) const ACCOUNT: &str = "000000000000";
/// How many launch configurations the account may have: AWS's default.
pub(crate) const MOST_LAUNCH_CONFIGURATIONS: usize = 200;
/// The region.
pub(crate) const REGION: &str = "us-east-1";

/// The arn of a group; `uuid` tells it from another group of this name.
pub(crate) fn group_arn(uuid: &str, name: &str) -> String {
    format!("arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}")
}

/// The arn of an instance.
pub(crate) fn instance_arn(id: &str) -> String {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{id}")
}

/// The arn of the instance profile of a role, which has the same name.
pub(crate) fn profile_arn(role: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:instance-profile/{role}")
}

/// The id of every instance profile.
pub(crate) const PROFILE_ID: &str = "AIPA0123456789ABCDEF0";

/// The zones of the region, each with its id as seen in one account of AWS.
pub(crate) const ZONES: [(&str, &str); 6] = [
    ("us-east-1a", "use1-az6"),
    ("us-east-1b", "use1-az1"),
    ("us-east-1c", "use1-az2"),
    ("us-east-1d", "use1-az4"),
    ("us-east-1e", "use1-az3"),
    ("us-east-1f", "use1-az5"),
];

/// The id of a zone; none if it is no zone of the region.
pub(crate) fn zone_id(zone: &str) -> Option<&'static str> {
    ZONES.iter().find(|(name, _)| *name == zone).map(|(_, id)| *id)
}

/// The arn of a queue.
pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// The queue that an arn of this account and region names.
pub(crate) fn queue_of_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:aws:sqs:")?
        .strip_prefix(REGION)?
        .strip_prefix(':')?
        .strip_prefix(ACCOUNT)?
        .strip_prefix(':')
}

/// The path of a queue's address.
pub(crate) fn queue_path(name: &str) -> String {
    format!("/{ACCOUNT}/{name}")
}

/// The queue that an address names, whatever its host; none if it is no queue's address, or another account's.
pub(crate) fn queue_of_url(url: &str) -> Option<&str> {
    let (before, name) = url.rsplit_once('/')?;
    (before.rsplit_once('/')?.1 == ACCOUNT && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_and_addresses_lead_back_to_their_queue() {
        assert_eq!(queue_of_arn(&queue_arn("q")), Some("q"));
        assert_eq!(queue_of_url(&format!("http://127.0.0.1:9{}", queue_path("q"))), Some("q"));
        for strange in ["", "q", "arn:aws:sns:us-east-1:000000000000:q", "arn:aws:sqs:us-east-1:1:q"] {
            assert_eq!(queue_of_arn(strange), None, "{strange}");
        }
        for strange in ["", "q", "http://127.0.0.1:9/q", "http://h/1/q", "http://h/000000000000/"] {
            assert_eq!(queue_of_url(strange), None, "{strange}");
        }
    }
}
