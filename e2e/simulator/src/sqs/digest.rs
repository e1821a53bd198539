//! The MD5 digests by which clients check that messages arrived whole.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::message::AttributeValue;

/// The MD5 of a body, in hex.
pub(crate) fn of_body(body: &str) -> String {
    hex(Md5::new().chain_update(body))
}

/// The MD5 of attributes as AWS documents it: by name, each part with its length before it, and a byte that tells text
/// from bytes. None for no attributes.
pub(crate) fn of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a AttributeValue)>,
) -> Option<String> {
    // By name, whatever the caller's order.
    let sorted: BTreeMap<_, _> = attributes.into_iter().collect();
    if sorted.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, value) in sorted {
        part(&mut digest, name.as_bytes());
        part(&mut digest, value.data_type.as_bytes());
        digest.update([if value.is_binary() { 2 } else { 1 }]);
        part(&mut digest, &value.bytes);
    }
    Some(hex(digest))
}

fn part(digest: &mut Md5, bytes: &[u8]) {
    // No part is longer than a message.
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

fn hex(digest: Md5) -> String {
    digest.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_digests_of_rfc_1321() {
        for (body, digest) in [
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ] {
            assert_eq!(of_body(body), digest);
        }
    }

    #[test]
    fn attributes_have_the_digest_that_boto3_accepts() {
        let value = |data_type: &str, bytes: &[u8]| AttributeValue {
            data_type: data_type.into(),
            bytes: bytes.into(),
        };
        let attributes: BTreeMap<_, _> = [
            ("t".to_owned(), value("String", "ü".as_bytes())),
            ("n".to_owned(), value("Number", b"7")),
            ("b".to_owned(), value("Binary", &[0, 255, 1])),
        ]
        .into();
        assert_eq!(of_attributes(&attributes).as_deref(), Some("08864285aaac2aefa3ba123fba872fb7"));
        assert_eq!(of_attributes(&BTreeMap::new()), None);
    }
}
