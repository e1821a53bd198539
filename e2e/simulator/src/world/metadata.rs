//! What an instance's metadata service tells beside its lifecycle, and how it may be asked.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use super::World;

/// How a metadata service may be asked: what `ModifyInstanceMetadataOptions` changes.
///
/// The defaults are those of images of today: tokens are required. Tags are shown, unlike in AWS, because the programs that
/// this simulator is for read their group there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataOptions {
    /// `HttpTokens`: true is `required`, false is `optional` (`IMDSv1`).
    pub tokens_required: bool,
    /// `HttpEndpoint`: false is `disabled`, and every request gets 403.
    pub enabled: bool,
    /// `InstanceMetadataTags`: false is `disabled`, and `tags/` is not there.
    pub shows_tags: bool,
    /// `HttpPutResponseHopLimit`: 1 to 64. Reported, without effect: everything here is one hop away.
    pub hop_limit: u8,
}

impl Default for MetadataOptions {
    fn default() -> Self {
        MetadataOptions { tokens_required: true, enabled: true, shows_tags: true, hop_limit: 1 }
    }
}

impl MetadataOptions {
    /// The same with a change.
    pub(crate) fn changed(self, change: MetadataChange) -> Self {
        MetadataOptions {
            tokens_required: change.tokens_required.unwrap_or(self.tokens_required),
            enabled: change.enabled.unwrap_or(self.enabled),
            shows_tags: change.shows_tags.unwrap_or(self.shows_tags),
            hop_limit: change.hop_limit.unwrap_or(self.hop_limit),
        }
    }
}

/// A change of options; what is none stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MetadataChange {
    /// `HttpTokens`
    pub tokens_required: Option<bool>,
    /// `HttpEndpoint`
    pub enabled: Option<bool>,
    /// `InstanceMetadataTags`
    pub shows_tags: Option<bool>,
    /// `HttpPutResponseHopLimit`
    pub hop_limit: Option<u8>,
}

/// What an instance's metadata service knows from EC2 rather than from Auto Scaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The private address, never given twice.
    pub address: Ipv4Addr,
    /// How it may be asked.
    pub options: MetadataOptions,
    /// True for a spot instance, false for one on demand.
    pub is_spot: bool,
    /// The target lifecycle state is 404 although the group has one. Seen at AWS on an `InService` instance that was stopped
    /// and started while the group's processes were suspended; gone with its next journey.
    pub target_lost: bool,
    /// The role whose credentials it hands out, if the machine has one.
    pub role: Option<String>,
}

impl Metadata {
    /// Of a new instance on demand.
    pub(crate) fn new(address: Ipv4Addr) -> Self {
        Metadata {
            address,
            options: MetadataOptions::default(),
            is_spot: false,
            target_lost: false,
            role: None,
        }
    }
}

impl World {
    /// Changes how the metadata service of an instance may be asked, at once; false if there is no such instance.
    pub fn change_metadata(&mut self, now: SystemTime, id: &str, change: MetadataChange) -> bool {
        self.run_until(now);
        let Some(instance) = self.machine_mut(id) else { return false };
        instance.metadata.options = instance.metadata.options.changed(change);
        true
    }
}
