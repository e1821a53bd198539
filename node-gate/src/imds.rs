//! The adapter to the instance metadata service.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use aws_config::imds::Client;
use aws_config::imds::client::error::ImdsError;
use aws_config::provider_config::ProviderConfig;
use lifecycle::Target;

use crate::gate::{Imds, Policy, Until};
use crate::transport;

const TARGET: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
const INSTANCE_ID: &str = "/latest/meta-data/instance-id";
const GROUP_TAG: &str = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";

/// The longest documented value has 17 characters; a word of this length may still be one from the future.
const LONGEST_WORD: usize = 64;
/// AWS allows 255 characters in a group's name.
const LONGEST_NAME: usize = 255;
/// IMDS answers within milliseconds; what takes longer is out of order, and is asked again at the next look.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Where IMDS is: a plain `http` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl FromStr for Endpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not an http address";
        let uri: http::Uri = text.parse().map_err(|_| WRONG)?;
        if uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty()) {
            Ok(Endpoint(text.to_owned()))
        } else {
            Err(WRONG)
        }
    }
}

/// What one look at IMDS found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The target state.
    pub imds: Imds,
    /// `instance-id` was answered in the same look.
    pub identified: bool,
    /// The group that the instance tag names.
    pub tag: Option<String>,
}

/// Reads the target state, and what else the decision wants.
#[derive(Debug)]
pub struct Metadata {
    endpoint: Option<Endpoint>,
    wants_group: bool,
    wants_id: bool,
    client: Client,
    instance: Option<String>,
}

impl Metadata {
    /// A reader of what `policy` needs.
    pub fn new(endpoint: Option<Endpoint>, policy: &Policy) -> Self {
        Metadata {
            client: client(endpoint.as_ref()),
            endpoint,
            wants_group: !policy.groups.is_empty(),
            wants_id: policy.until == Until::InService,
            instance: None,
        }
    }

    /// The instance's id, once some look has needed it.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Where IMDS was said to be.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// Forgets connections and token.
    pub fn renew(&mut self) {
        self.client = client(self.endpoint.as_ref());
    }

    /// Looks once; takes a few seconds at most.
    pub async fn look(&mut self) -> Look {
        match self.try_look().await {
            Ok(look) => look,
            Err(problem) => {
                // The SDK keeps a token for its six hours even if IMDS has begun to refuse it: begin anew.
                self.renew();
                Look { imds: Imds::Failing(problem), identified: false, tag: None }
            }
        }
    }

    async fn try_look(&mut self) -> Result<Look, String> {
        let imds = match self.get(TARGET).await? {
            Some(text) => Imds::Target(word(&text)?.into()),
            None => Imds::NoTarget,
        };
        let (needs_id, needs_tag) = match &imds {
            Imds::NoTarget | Imds::Target(Target::Unknown(_)) => (true, true),
            Imds::Target(Target::InService) => (self.wants_id || self.wants_group, self.wants_group),
            Imds::Target(_) | Imds::Failing(_) => (false, false),
        };
        let mut identified = false;
        if needs_id && let Some(text) = self.get(INSTANCE_ID).await? {
            self.instance = Some(instance_id(&text)?.to_owned());
            identified = true;
        }
        let tag = if needs_tag { self.get(GROUP_TAG).await? } else { None };
        let tag = tag.map(|text| group_name(&text)).transpose()?;
        Ok(Look { imds, identified, tag })
    }

    /// `None` is 404, and 404 alone.
    async fn get(&self, path: &str) -> Result<Option<String>, String> {
        match self.client.get(path).await {
            Ok(text) => Ok(Some(text.as_ref().trim().to_owned())),
            Err(ImdsError::ErrorResponse(answer)) => match answer.response().status().as_u16() {
                404 => Ok(None),
                status => Err(format!("HTTP {status}")),
            },
            Err(err) => Err(innermost(&err)),
        }
    }
}

/// A client that tries once and never asks a proxy: the loop above is the only one that repeats.
pub(crate) fn client(endpoint: Option<&Endpoint>) -> Client {
    let builder = Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(transport::direct()))
        .max_attempts(1)
        .connect_timeout(TIMEOUT)
        .read_timeout(TIMEOUT)
        .operation_attempt_timeout(TIMEOUT)
        .operation_timeout(TIMEOUT);
    match endpoint {
        // The address was parsed when it was read; if the SDK should disagree, it finds its own default.
        Some(Endpoint(address)) => builder.clone().endpoint(address).unwrap_or(builder),
        None => builder,
    }
    .build()
}

/// A lifecycle state looks like one word; a page of HTML does not.
fn word(text: &str) -> Result<&str, String> {
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
    if text.is_empty() || text.len() > LONGEST_WORD || !text.chars().all(plausible) {
        return Err("its target lifecycle state is not a word".into());
    }
    Ok(text)
}

fn instance_id(text: &str) -> Result<&str, String> {
    match text.strip_prefix("i-") {
        Some(hex) if (8..=32).contains(&hex.len()) && hex.chars().all(|c| c.is_ascii_hexdigit()) => Ok(text),
        _ => Err("its instance id is none".into()),
    }
}

fn group_name(text: &str) -> Result<String, String> {
    if text.is_empty()
        || text.chars().count() > LONGEST_NAME
        || text.chars().any(|c| c.is_control() || c == '<')
    {
        return Err("its tag is no group's name".into());
    }
    Ok(text.to_owned())
}

/// The cause at the bottom says most: "Connection refused" rather than "dispatch failure".
fn innermost(err: &dyn Error) -> String {
    let mut cause = err;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_can_be_a_target() {
        assert_eq!(word("Warmed:Stopped"), Ok("Warmed:Stopped"));
        assert_eq!(word("SomethingNew-2"), Ok("SomethingNew-2"));
        let long = "x".repeat(LONGEST_WORD + 1);
        for wrong in ["", "<html>", "In Service", "InService\nInService", "Größe", "InService\0", &long] {
            assert!(word(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_an_instance_id_identifies() {
        assert!(instance_id("i-065912b0a0b011658").is_ok());
        assert!(instance_id("i-12345678").is_ok());
        for wrong in ["", "i-", "i-123", "OK", "<html>", "i-065912b0a0b01165g"] {
            assert!(instance_id(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_group_name_may_have_blanks_but_no_markup() {
        assert!(group_name("my group/1").is_ok());
        let long = "x".repeat(LONGEST_NAME + 1);
        for wrong in ["", "<!DOCTYPE html>", "a\nb", &long] {
            assert!(group_name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_endpoint_is_a_plain_http_address() {
        assert!("http://127.0.0.1:1338".parse::<Endpoint>().is_ok());
        assert!("http://[fd00:ec2::254]".parse::<Endpoint>().is_ok());
        for wrong in ["", "127.0.0.1:80", "https://169.254.169.254", "http://", "nonsense here"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong:?}");
        }
    }
}
