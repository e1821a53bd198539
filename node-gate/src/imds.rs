//! The adapter to the instance metadata service.

use std::error::Error;
use std::time::Duration;

use aws_config::imds::Client;
use aws_config::imds::client::error::ImdsError;
use aws_config::provider_config::ProviderConfig;
use lifecycle::Target;

use crate::address::{Addresses, Endpoint, Reply};
use crate::gate::{Imds, Policy, Until};
use crate::transport::{self, Heard};

const TARGET: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
const INSTANCE_ID: &str = "/latest/meta-data/instance-id";
const GROUP_TAG: &str = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";

/// The longest documented value has 17 characters; a word of this length may still be one from the future.
const LONGEST_WORD: usize = 64;
/// AWS allows 255 characters in a group's name.
const LONGEST_NAME: usize = 255;
/// IMDS answers within milliseconds; what takes longer is out of order, and is asked again at the next look.
const TIMEOUT: Duration = Duration::from_secs(1);

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
    addresses: Addresses,
    reader: Reader,
}

impl Metadata {
    /// A reader of what `policy` needs.
    pub fn new(addresses: Addresses, policy: &Policy) -> Self {
        let wants = Wants { group: !policy.groups.is_empty(), id: policy.until == Until::InService };
        Metadata { addresses, reader: Reader { wants, line: None, instance: None } }
    }

    /// The instance's id, once some look has needed it.
    pub fn instance(&self) -> Option<&str> {
        self.reader.instance.as_deref()
    }

    /// Where IMDS answered last.
    pub fn endpoint(&self) -> &Endpoint {
        self.addresses.current()
    }

    /// Forgets connections and token.
    pub fn renew(&mut self) {
        self.reader.line = None;
    }

    /// Looks once; takes a few seconds at most.
    pub async fn look(&mut self) -> Look {
        let Metadata { addresses, reader } = self;
        match addresses.ask(async |at: &Endpoint| reader.look(at).await).await {
            Ok(look) => look,
            Err(problem) => Look::failing(problem),
        }
    }
}

impl Look {
    /// True if it tells nothing about this instance, not even that there is nothing to tell.
    pub fn is_useless(&self) -> bool {
        match &self.imds {
            Imds::Failing(_) => true,
            Imds::NoTarget | Imds::Target(Target::Unknown(_)) => !self.identified,
            Imds::Target(_) => false,
        }
    }

    fn failing(problem: String) -> Look {
        Look { imds: Imds::Failing(problem), identified: false, tag: None }
    }
}

/// Reads at one address at a time.
#[derive(Debug)]
struct Reader {
    wants: Wants,
    line: Option<Line>,
    instance: Option<String>,
}

/// The way to one address, with its connection and its token.
#[derive(Debug)]
struct Line {
    to: Endpoint,
    client: Client,
    heard: Heard,
}

impl Line {
    fn new(to: &Endpoint) -> Line {
        let heard = Heard::default();
        Line { to: to.clone(), client: client(to, heard.clone()), heard }
    }
}

impl Reader {
    async fn look(&mut self, at: &Endpoint) -> Reply<Look> {
        let line = match &mut self.line {
            Some(line) if line.to == *at => line,
            line => line.insert(Line::new(at)),
        };
        line.heard.forget();
        let read = self.wants.read(&line.client, &mut self.instance).await;
        let heard = line.heard.anything();
        if read.is_err() {
            // The SDK keeps a token for its six hours even if IMDS has begun to refuse it: begin anew.
            self.line = None;
        }
        match read {
            Ok(look) => Reply::Answer(look),
            Err(problem) if heard => Reply::Answer(Look::failing(problem)),
            Err(problem) => Reply::Silence(problem),
        }
    }
}

/// What the policy wants to know besides the target.
#[derive(Debug, Clone, Copy)]
struct Wants {
    group: bool,
    id: bool,
}

impl Wants {
    async fn read(self, imds: &Client, instance: &mut Option<String>) -> Result<Look, String> {
        let target = match get(imds, TARGET).await? {
            Some(text) => Imds::Target(word(&text)?.into()),
            None => Imds::NoTarget,
        };
        let (needs_id, needs_tag) = match &target {
            Imds::NoTarget | Imds::Target(Target::Unknown(_)) => (true, true),
            Imds::Target(Target::InService) => (self.id || self.group, self.group),
            Imds::Target(_) | Imds::Failing(_) => (false, false),
        };
        let mut identified = false;
        if needs_id && let Some(text) = get(imds, INSTANCE_ID).await? {
            *instance = Some(instance_id(&text)?.to_owned());
            identified = true;
        }
        let tag = if needs_tag { get(imds, GROUP_TAG).await? } else { None };
        let tag = tag.map(|text| group_name(&text)).transpose()?;
        Ok(Look { imds: target, identified, tag })
    }
}

/// `None` is 404, and 404 alone.
async fn get(imds: &Client, path: &str) -> Result<Option<String>, String> {
    match imds.get(path).await {
        Ok(text) => Ok(Some(text.as_ref().trim().to_owned())),
        Err(ImdsError::ErrorResponse(answer)) => match answer.response().status().as_u16() {
            404 => Ok(None),
            status => Err(format!("HTTP {status}")),
        },
        Err(err) => Err(innermost(&err)),
    }
}

/// A client that tries once and never asks a proxy: the loop above is the only one that repeats.
pub(crate) fn client(endpoint: &Endpoint, heard: Heard) -> Client {
    let builder = Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(transport::direct(heard)))
        .max_attempts(1)
        .connect_timeout(TIMEOUT)
        .read_timeout(TIMEOUT)
        .operation_attempt_timeout(TIMEOUT)
        .operation_timeout(TIMEOUT);
    // The address was parsed when it was read; if the SDK should disagree, it finds its own default.
    builder.clone().endpoint(endpoint.as_str()).unwrap_or(builder).build()
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
}
