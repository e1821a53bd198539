//! How many instances of a group there are of each kind that scaling asks for after every arrival.

use super::instance::Instance;
use super::journey::Journey;

/// Counts of one group's instances, or of one instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) all: usize,
    /// Count towards the desired capacity.
    pub(super) serving: usize,
    /// Of these, those that are no Spot instances.
    pub(super) on_demand: usize,
    /// Count towards the size of the warm pool.
    pub(super) pooled: usize,
    /// Listed with the warm pool.
    pub(super) listed_in_pool: usize,
    /// On standby or on their way there.
    pub(super) parked: usize,
    pub(super) unhealthy: usize,
    /// With a rebalance recommendation.
    pub(super) recommended: usize,
}

impl Tally {
    pub(super) fn of(instance: &Instance) -> Tally {
        let journey = instance.journey;
        Tally {
            all: 1,
            serving: usize::from(journey.serves()),
            on_demand: usize::from(journey.serves() && !instance.metadata.is_spot),
            pooled: usize::from(instance.is_pooled()),
            listed_in_pool: usize::from(journey.is_listed_in_pool()),
            parked: usize::from(journey == Journey::Park),
            unhealthy: usize::from(instance.life.unhealthy),
            recommended: usize::from(instance.warnings.rebalance.is_some()),
        }
    }

    pub(super) fn plus(self, other: Tally) -> Tally {
        self.with(other, usize::saturating_add)
    }

    pub(super) fn minus(self, other: Tally) -> Tally {
        self.with(other, usize::saturating_sub)
    }

    fn with(self, other: Tally, count: impl Fn(usize, usize) -> usize) -> Tally {
        Tally {
            all: count(self.all, other.all),
            serving: count(self.serving, other.serving),
            on_demand: count(self.on_demand, other.on_demand),
            pooled: count(self.pooled, other.pooled),
            listed_in_pool: count(self.listed_in_pool, other.listed_in_pool),
            parked: count(self.parked, other.parked),
            unhealthy: count(self.unhealthy, other.unhealthy),
            recommended: count(self.recommended, other.recommended),
        }
    }
}
