//! Who leaves when a group shrinks: the zone with the most instances first, there whom the termination policies name.
//!
//! From the documentation: the zones come before any policy, the policies in the order in which the group lists them, each
//! among those that the ones before leave equal; `Default` is a launch configuration before a launch template, the oldest
//! of them, and the instance closest to the next hour of its bill. Where AWS would draw lots the oldest goes.
//!
//! Judgements: `AllocationStrategy` makes no difference, as every simulated instance is what the strategy wants; the hours
//! of a bill count from the launch; a version that is no number, as `$Latest`, is newer than any that is; who is still on
//! its way in goes after those in service. Custom policies, which are functions, are not built.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::command::{LaunchTemplate, Tree};
use super::error::AwsError;
use super::group::Group;
use super::instance::Instance;

/// All that can be named.
const POLICIES: [&str; 7] = [
    "Default",
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
];
/// Seconds of an hour of the bill.
const AN_HOUR: u64 = 3600;

/// Refuses policies that are none, or that are not built.
pub(super) fn check_policies(policies: &[String]) -> Result<(), AwsError> {
    match policies.iter().find(|name| !POLICIES.contains(&name.as_str())) {
        Some(custom) if custom.starts_with("arn:aws:lambda:") => Err(AwsError::validation(
            "A custom termination policy with a Lambda function is not supported by this simulator",
        )),
        Some(unknown) => Err(AwsError::validation(format!("Termination policy {unknown} is not valid"))),
        None => Ok(()),
    }
}

/// The ids of those that leave, at most `count`, in the order in which they are chosen: of these members the ones that
/// may go. New instances would be launched from `template` now.
pub(super) fn leavers(
    group: &Group,
    template: Option<LaunchTemplate>,
    serving: &[&Instance],
    may_go: impl Fn(&Instance) -> bool,
    count: usize,
    now: SystemTime,
) -> Vec<String> {
    let usual = ["Default".to_owned()];
    let policies = group.settings.termination_policies.as_deref().unwrap_or(&usual);
    let judge = Judge::new(group, template, serving, now);
    let mut zones: BTreeMap<&str, Zone> = BTreeMap::new();
    for instance in serving {
        let zone = zones.entry(&instance.zone).or_default();
        zone.count += 1;
        if may_go(instance) {
            let by_policy = policies.iter().flat_map(|policy| judge.keys(policy, instance)).collect();
            zone.queue.push((!instance.is_at_rest(), by_policy, instance.launched, &instance.id));
        }
    }
    for zone in zones.values_mut() {
        // The first to go at the end.
        zone.queue.sort_by(|one, other| other.cmp(one));
    }
    let mut gone = Vec::new();
    while gone.len() < count {
        let open = zones.values_mut().filter(|zone| !zone.queue.is_empty());
        let Some(zone) = open.min_by(|one, other| one.turn().cmp(&other.turn())) else { break };
        zone.count -= 1;
        gone.extend(zone.queue.pop().map(|(.., id)| id.to_owned()));
    }
    gone
}

/// What decides between two instances: who is in service, the policies, the launch, the id. The least goes first.
type Rank<'a> = (bool, Vec<u128>, SystemTime, &'a str);

#[derive(Default)]
struct Zone<'a> {
    /// How many serve in it.
    count: usize,
    /// Those of them that may go.
    queue: Vec<Rank<'a>>,
}

impl<'a> Zone<'a> {
    /// The least is the zone whose turn it is.
    fn turn(&self) -> (std::cmp::Reverse<usize>, Option<&Rank<'a>>) {
        (std::cmp::Reverse(self.count), self.queue.last())
    }
}

/// What the policies have to know.
struct Judge<'a> {
    group: &'a Group,
    template: Option<LaunchTemplate>,
    /// Since when there are instances from a launch configuration: the simulator has no list of configurations.
    configurations: BTreeMap<&'a str, SystemTime>,
    now: SystemTime,
}

impl<'a> Judge<'a> {
    fn new(
        group: &'a Group,
        template: Option<LaunchTemplate>,
        serving: &[&'a Instance],
        now: SystemTime,
    ) -> Self {
        let mut configurations = BTreeMap::new();
        for instance in serving {
            if let Some(name) = instance.launch_configuration.as_deref() {
                let since = configurations.entry(name).or_insert(instance.launched);
                *since = instance.launched.min(*since);
            }
        }
        Judge { group, template, configurations, now }
    }

    /// What a policy goes by, the least first.
    fn keys(&self, policy: &str, instance: &Instance) -> Vec<u128> {
        match policy {
            "OldestInstance" => vec![nanos(instance.launched)],
            "NewestInstance" => vec![u128::MAX - nanos(instance.launched)],
            "OldestLaunchTemplate" => self.template_age(instance),
            "OldestLaunchConfiguration" => self.configuration_age(instance),
            "ClosestToNextInstanceHour" => vec![self.to_next_hour(instance)],
            "Default" => {
                let mut keys = self.configuration_age(instance);
                keys.extend(self.template_age(instance));
                keys.push(self.to_next_hour(instance));
                keys
            }
            _ => Vec::new(),
        }
    }

    /// Those from another template than the group's come first, then lower versions.
    fn template_age(&self, instance: &Instance) -> Vec<u128> {
        let named = |template: &Option<LaunchTemplate>| {
            template.as_ref().map(|template| (template.id.clone(), template.name.clone()))
        };
        let is_current = named(&instance.launch_template) == named(&self.template);
        let version = instance.launch_template.as_ref().and_then(|template| template.version.as_deref());
        let number = version.and_then(|version| version.parse().ok()).unwrap_or(u128::MAX);
        vec![u128::from(is_current), number]
    }

    /// Those from a configuration come first, of them those from another than the group's, then the oldest.
    fn configuration_age(&self, instance: &Instance) -> Vec<u128> {
        let Some(name) = instance.launch_configuration.as_deref() else { return vec![1, 0, 0] };
        let is_current = self.group.launch_configuration() == Some(name);
        vec![0, u128::from(is_current), self.configurations.get(name).copied().map_or(0, nanos)]
    }

    /// In seconds.
    fn to_next_hour(&self, instance: &Instance) -> u128 {
        let age = self.now.duration_since(instance.launched).unwrap_or_default().as_secs();
        u128::from(AN_HOUR - age % AN_HOUR)
    }
}

impl Group {
    /// The launch configuration it names.
    pub(super) fn launch_configuration(&self) -> Option<&str> {
        match self.settings.repeated.get("LaunchConfigurationName") {
            Some(Tree::Text(name)) => Some(name),
            Some(Tree::Fields(_) | Tree::List(_)) | None => None,
        }
    }
}

fn nanos(at: SystemTime) -> u128 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}
