//! The query protocol of EC2: much like that of Auto Scaling, with lists, answers and errors of its own.

mod form;
mod read;
mod serve;
mod templates;
mod write;

pub(crate) use serve::serve;

/// The version of the EC2 API.
pub(crate) const VERSION: &str = "2016-11-15";

/// True if a request is meant for EC2: by the version it names, or, without one, by the service it was signed for.
pub(crate) fn is_asked(signed_for: Option<&str>, version: Option<&str>) -> bool {
    let is_signed_for_it = signed_for == Some("ec2");
    match version {
        Some(version) => version == VERSION || is_signed_for_it && version != crate::query::VERSION,
        None => is_signed_for_it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_for_ec2_by_its_version_or_its_signature() {
        for (service, version, expected) in [
            (None, None, false),
            (None, Some("2016-11-15"), true),
            (None, Some("2011-01-01"), false),
            (Some("ec2"), None, true),
            (Some("ec2"), Some("2006-01-01"), true),
            (Some("ec2"), Some("2011-01-01"), false),
            (Some("autoscaling"), None, false),
            (Some("autoscaling"), Some("2016-11-15"), true),
        ] {
            assert_eq!(is_asked(service, version), expected, "{service:?} {version:?}");
        }
    }
}
