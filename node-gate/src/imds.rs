//! The adapter to the instance metadata service.

use lifecycle::Target;

use crate::address::{Addresses, Endpoint, Reply};
use crate::gate::{Imds, Policy, Until};
use crate::line::Line;

const TARGET: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
pub(crate) const INSTANCE_ID: &str = "/latest/meta-data/instance-id";
pub(crate) const GROUP_TAG: &str = "/latest/meta-data/tags/instance/aws:autoscaling:groupName";

/// The longest documented value has 17 characters; a word of this length may still be one from the future.
const LONGEST_WORD: usize = 64;
/// AWS allows 255 characters in a group's name.
const LONGEST_NAME: usize = 255;

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
        let id = policy.until == Until::InService;
        Self::wanting(addresses, Wants { group: !policy.groups.is_empty(), id, id_in_pool: false })
    }

    /// A reader for the watch, which asks the API about an instance that goes back to the pool.
    pub fn for_watch(addresses: Addresses) -> Self {
        Self::wanting(addresses, Wants { group: false, id: false, id_in_pool: true })
    }

    fn wanting(addresses: Addresses, wants: Wants) -> Self {
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
        let mut round = addresses.round();
        while let Some(at) = round.next() {
            let reply = reader.look(at).await;
            if let Some(look) = round.replied(reply) {
                return look;
            }
        }
        Look::failing(round.silence())
    }
}

impl Metadata {
    /// Reads something else where the last look was answered. `None` is 404.
    pub(crate) async fn read(&mut self, path: &str) -> Result<Option<String>, String> {
        match &mut self.reader.line {
            Some(line) => line.get(path).await,
            None => Err("nothing answered there yet".into()),
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

impl Reader {
    async fn look(&mut self, at: &Endpoint) -> Reply<Look> {
        let line = match &mut self.line {
            Some(line) if line.to() == at => line,
            line => line.insert(Line::new(at)),
        };
        line.listen();
        let read = self.wants.read(line, &mut self.instance).await;
        let heard = line.heard();
        if read.is_err() {
            // Be it the connection or the token that went bad: begin anew.
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
    /// The id also where the target is a pool; asked for once.
    id_in_pool: bool,
}

impl Wants {
    async fn read(self, imds: &mut Line, instance: &mut Option<String>) -> Result<Look, String> {
        let target = match imds.get(TARGET).await? {
            Some(text) => Imds::Target(word(&text)?.into()),
            None => Imds::NoTarget,
        };
        let (needs_id, needs_tag) = match &target {
            Imds::NoTarget | Imds::Target(Target::Unknown(_)) => (true, true),
            Imds::Target(Target::InService) => (self.id || self.group, self.group),
            Imds::Target(_) => (self.id_in_pool && instance.is_none(), false),
            Imds::Failing(_) => (false, false),
        };
        let mut identified = false;
        if needs_id && let Some(text) = imds.get(INSTANCE_ID).await? {
            *instance = Some(instance_id(&text)?.to_owned());
            identified = true;
        }
        let tag = if needs_tag { imds.get(GROUP_TAG).await? } else { None };
        let tag = tag.map(|text| group_name(&text)).transpose()?;
        Ok(Look { imds: target, identified, tag })
    }
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
