//! Finding machines: by id, by filters, a page at a time.

use super::view::VPC;
use super::{MachineView, invalid_value};
use crate::account::ACCOUNT;
use crate::world::command::Page;
use crate::world::error::AwsError;
use crate::world::hardware::MachineState;
use crate::world::instance::Instance;
use crate::world::{World, page};

/// How many machines a page may hold.
const FEWEST: u32 = 5;
const MOST: u32 = 1000;

/// Which machines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Find {
    /// Only these; all if empty.
    pub ids: Vec<String>,
    /// Only those that pass all of these.
    pub filters: Vec<Filter>,
    /// Which page.
    pub page: Page,
}

/// Lets through what has one of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// `instance-state-name`, `tag:KEY`, …
    pub name: String,
    /// With `*` for any text and `?` for any character.
    pub values: Vec<String>,
}

impl Filter {
    /// True if one of `texts` is one of the values.
    pub(super) fn passes<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        texts.into_iter().any(|text| self.values.iter().any(|pattern| matches(pattern, text)))
    }

    pub(super) fn unknown(&self) -> AwsError {
        invalid_value(format!("The filter '{}' is invalid", self.name))
    }
}

impl World {
    /// All machines that EC2 tells of, the terminated of the last hour included.
    pub(super) fn told(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values().chain(self.loose.values()).chain(self.gone.values())
    }

    /// One page of the machines asked for whose state is wanted, and where the next starts.
    pub(super) fn find(
        &self,
        find: &Find,
        wanted: impl Fn(MachineState) -> bool,
    ) -> Result<(Vec<MachineView>, Option<String>), AwsError> {
        self.check_ids(&find.ids)?;
        if !find.ids.is_empty() && find.page.max.is_some() {
            return Err(AwsError::new(
                400,
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults",
            ));
        }
        // One that nobody knows is refused, also when there is no machine to try it on.
        if let Some(filter) = find.filters.iter().find(|filter| !is_known(&filter.name)) {
            return Err(filter.unknown());
        }
        let mut machines: Vec<_> = self
            .told()
            .filter(|instance| find.ids.is_empty() || find.ids.contains(&instance.id))
            .map(|instance| self.machine_view(instance))
            .filter(|view| wanted(view.state) && find.filters.iter().all(|filter| passes(view, filter)))
            .collect();
        machines.sort_by(|one, other| one.id.cmp(&other.id));
        cut(machines, &find.page, |machine| &machine.id)
    }

    /// Refuses ids that are none, and those of no machine, all at once.
    pub(super) fn check_ids(&self, ids: &[String]) -> Result<(), AwsError> {
        for id in ids {
            let digits = id.strip_prefix("i-");
            let well_formed = digits.is_some_and(|digits| {
                matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            if !well_formed {
                let hint = if digits.is_some() { "" } else { " (expecting \"i-...\")" };
                let message = format!("Invalid id: \"{id}\"{hint}");
                return Err(AwsError::new(400, "InvalidInstanceID.Malformed", message));
            }
        }
        let missing: Vec<_> = ids.iter().filter(|id| self.known(id).is_none()).map(String::as_str).collect();
        let message = match missing[..] {
            [] => return Ok(()),
            [id] => format!("The instance ID '{id}' does not exist"),
            _ => format!("The instance IDs '{}' do not exist", missing.join(", ")),
        };
        Err(AwsError::new(400, "InvalidInstanceID.NotFound", message))
    }
}

/// All filters but `tag:KEY`.
const FILTERS: [&str; 24] = [
    "architecture",
    "availability-zone",
    "client-token",
    "hypervisor",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "instance.group-name",
    "key-name",
    "network-interface.addresses.private-ip-address",
    "owner-id",
    "private-dns-name",
    "private-ip-address",
    "reason",
    "reservation-id",
    "state-reason-code",
    "subnet-id",
    "tag-key",
    "tag-value",
    "tenancy",
    "vpc-id",
];

fn is_known(name: &str) -> bool {
    name.starts_with("tag:") || FILTERS.contains(&name)
}

fn passes(machine: &MachineView, filter: &Filter) -> bool {
    let one = |text: &str| filter.passes([text]);
    let networked = |text: &str| machine.has_network() && one(text);
    if let Some(key) = filter.name.strip_prefix("tag:") {
        return machine.tags.get(key).is_some_and(|value| one(value));
    }
    match filter.name.as_str() {
        "architecture" => one("x86_64"),
        "availability-zone" => one(&machine.zone),
        "client-token" => one(&machine.client_token),
        "hypervisor" => one("xen"),
        "image-id" => one(&machine.image),
        "instance-id" => one(&machine.id),
        "instance-lifecycle" => machine.spot && one("spot"),
        "instance-state-code" => one(&machine.state.code().to_string()),
        "instance-state-name" => one(machine.state.as_str()),
        "instance-type" => one(&machine.kind),
        "instance.group-name" => networked("default"),
        "key-name" => machine.key.as_deref().is_some_and(one),
        "owner-id" => one(ACCOUNT),
        "private-dns-name" => networked(&machine.private_dns()),
        "private-ip-address" | "network-interface.addresses.private-ip-address" => {
            networked(&machine.address.to_string())
        }
        "reason" => one(&machine.reason()),
        "reservation-id" => one(&machine.reservation),
        "state-reason-code" => machine.state_reason().is_some_and(|(code, _)| one(code)),
        "subnet-id" => networked(&machine.subnet),
        "tag-key" => filter.passes(machine.tags.keys().map(String::as_str)),
        "tag-value" => filter.passes(machine.tags.values().map(String::as_str)),
        "tenancy" => one("default"),
        "vpc-id" => networked(VPC),
        _ => false,
    }
}

/// One page of a sorted list, and where the next starts.
pub(super) fn cut<T>(
    items: Vec<T>,
    page: &Page,
    key: impl Fn(&T) -> &String,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let size = page.max.unwrap_or(MOST);
    if size < FEWEST {
        return Err(invalid_value(format!(
            "Value ( {size} ) for parameter maxResults is invalid. Expecting a value greater than {FEWEST}."
        )));
    }
    // AWS takes a page that is too large for its largest.
    let size = size.min(MOST) as usize;
    let bad = |_| AwsError::new(400, "InvalidNextToken", "The specified NextToken is not valid.");
    let last = page.token.as_deref().map(page::last_key).transpose().map_err(bad)?;
    Ok(page::after(items.into_iter(), last.as_deref(), size, key))
}

/// True if a text is as a filter's value says: `*` stands for any text, `?` for any character, `\` for the next as it is.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<_> = pattern.chars().collect();
    let text: Vec<_> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and how far it has swallowed.
    let mut star = None;
    loop {
        let fits = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            (Some('?'), Some(_)) => Some(1),
            (Some('\\'), Some(c)) if pattern.get(p + 1) == Some(c) => Some(2),
            (Some(wanted), Some(c)) if wanted == c && *wanted != '\\' => Some(1),
            _ => None,
        };
        match (fits, star) {
            (Some(step), _) => (p, t) = (p + step, t + 1),
            (None, Some((at, swallowed))) if swallowed < text.len() => {
                star = Some((at, swallowed + 1));
                (p, t) = (at + 1, swallowed + 1);
            }
            (None, _) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_filter_knows_stars_question_marks_and_escapes() {
        for (pattern, text, expected) in [
            ("running", "running", true),
            ("running", "Running", false),
            ("run*", "running", true),
            ("*n*g", "running", true),
            ("*n*x", "running", false),
            ("r?nning", "running", true),
            ("?", "", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("*a*a*a*", "aa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_ends_and_a_text_matches_itself(pattern in "[ab*?\\\\]{0,12}", text in "[ab]{0,20}") {
            matches(&pattern, &text);
            prop_assert!(matches(&text, &text));
            let around = format!("*{text}*");
            prop_assert!(matches(&around, &text));
        }
    }
}
