//! The query protocol of EC2: much like that of Auto Scaling, with lists, answers and errors of its own.

mod form;
mod read;
mod serve;
mod write;

use http::HeaderMap;

pub(crate) use serve::serve;

/// The version of the EC2 API.
pub(crate) const VERSION: &str = "2016-11-15";

/// True if a request is meant for EC2: by the version it names, or, without one, by the service it was signed for.
pub(crate) fn is_asked(headers: &HeaderMap, version: Option<&str>) -> bool {
    match version {
        Some(version) => version == VERSION || signed_for_ec2(headers) && version != crate::query::VERSION,
        None => signed_for_ec2(headers),
    }
}

/// `Credential=AKID/20260101/us-east-1/ec2/aws4_request`
fn signed_for_ec2(headers: &HeaderMap) -> bool {
    headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once("Credential="))
        .and_then(|(_, rest)| rest.split([',', ' ']).next()?.rsplit('/').nth(1))
        .is_some_and(|service| service == "ec2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_for_ec2_by_its_version_or_its_signature() {
        let ec2 = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let other = ec2.replace("/ec2/", "/autoscaling/");
        let nothing = "Credential=";
        for (signature, version, expected) in [
            (None, None, false),
            (None, Some("2016-11-15"), true),
            (None, Some("2011-01-01"), false),
            (Some(ec2), None, true),
            (Some(ec2), Some("2006-01-01"), true),
            (Some(ec2), Some("2011-01-01"), false),
            (Some(other.as_str()), None, false),
            (Some(other.as_str()), Some("2016-11-15"), true),
            (Some(nothing), None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(signature) = signature {
                headers.insert(http::header::AUTHORIZATION, signature.parse().expect("a header"));
            }
            assert_eq!(is_asked(&headers, version), expected, "{signature:?} {version:?}");
        }
    }
}
