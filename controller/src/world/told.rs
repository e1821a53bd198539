//! What messages claim of lifecycle actions: kept while it may be true, and used only where the API's state agrees.

use lifecycle::api::Action;
use lifecycle::{Direction, LifecycleState, Place};
use tokio::time::Instant;

use super::{Instance, Probe, World};
use crate::aws::HookNames;
use crate::queue::message::Told;

impl World {
    /// Keeps what a message claims of an instance of ours, which was looked up since the message came.
    pub fn tell(&mut self, now: Instant, id: &str, told: Told, names: &HookNames) {
        let ours = if told.terminating { &names.termination } else { &names.launch };
        let Some(instance) = self.instances.get_mut(id) else { return };
        if told.hook != *ours || told.group != instance.group {
            return;
        }
        // Messages come late and out of order; an older one never takes the place of a younger one that fits.
        let keeps = instance
            .told
            .as_ref()
            .is_some_and(|known| known.at >= told.at && (fits(known, instance) || !fits(&told, instance)));
        if !keeps {
            instance.told = Some(told);
            instance.told_at = Some(now);
        }
    }
}

/// True if what a message claims agrees with the state that the API tells: this very action may be holding the instance.
pub fn fits(told: &Told, instance: &Instance) -> bool {
    use LifecycleState as S;
    use Place::{AutoScalingGroup as Group, Ec2, WarmPool as Pool};
    let (terminating, origins, destination) = match (&instance.state, instance.direction) {
        (S::TerminatingWait, _) => (true, &[Group][..], Ec2),
        (S::WarmedTerminatingWait, _) => (true, &[Pool][..], Ec2),
        (S::ReplacingRootVolumeWait, _) => (true, &[Group][..], Group),
        (S::WarmedPendingWait, Some(Direction::Returning)) => (true, &[Group][..], Pool),
        (S::WarmedPendingWait, Some(Direction::Entering)) => (false, &[Ec2][..], Pool),
        (S::PendingWait, _) => (false, &[Ec2, Pool, Group][..], Group),
        _ => return false,
    };
    told.group == instance.group
        && told.terminating == terminating
        && told.origin.as_ref().is_none_or(|origin| origins.contains(origin))
        && told.destination.as_ref().is_none_or(|place| *place == destination)
}

/// The actions that may be holding an instance at the pool's door. The message's comes first, with its token: if AWS
/// knows that token, it is no earlier cycle's.
pub(super) fn guesses(
    id: &str,
    instance: &Instance,
    has_launch_hook: bool,
    names: &HookNames,
) -> Vec<(Action, Probe)> {
    let action = |hook: &str, token: Option<String>| Action {
        group: instance.group.clone(),
        hook: hook.to_owned(),
        instance: id.to_owned(),
        token,
    };
    let claimed = instance.told.as_ref().filter(|told| told.token.is_some()).map(|told| {
        let meaning = if told.terminating { Probe::Returning } else { Probe::Entering };
        (action(&told.hook, told.token.clone()), meaning)
    });
    let launch = has_launch_hook.then(|| (action(&names.launch, None), Probe::Entering));
    let termination = (action(&names.termination, None), Probe::Returning);
    claimed.into_iter().chain([termination]).chain(launch).collect()
}
