//! How the instances of a group are spread over zones and subnets, which every launch asks for.

use std::collections::BTreeMap;

use super::instance::Instance;

/// Counts by zone and subnet; places where nobody is are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spread(BTreeMap<(String, String), Count>);

/// How many instances are in one place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    /// Those that count towards the desired capacity.
    serving: usize,
    /// Those that count towards the size of the warm pool.
    pooled: usize,
}

impl Spread {
    pub(super) fn add(&mut self, instance: &Instance) {
        self.change(instance, usize::saturating_add);
    }

    pub(super) fn take(&mut self, instance: &Instance) {
        self.change(instance, usize::saturating_sub);
    }

    /// Zones and subnets with how many are there: those that are pooled, or those that serve.
    pub(super) fn places(&self, pooled: bool) -> impl Iterator<Item = (&str, &str, usize)> {
        self.0.iter().map(move |((zone, subnet), count)| {
            (zone.as_str(), subnet.as_str(), if pooled { count.pooled } else { count.serving })
        })
    }

    fn change(&mut self, instance: &Instance, change: impl Fn(usize, usize) -> usize) {
        let (serving, pooled) = (instance.journey.serves(), instance.is_pooled());
        if !serving && !pooled {
            return;
        }
        let place = (instance.zone.clone(), instance.subnet.clone());
        let count = self.0.entry(place.clone()).or_default();
        count.serving = change(count.serving, usize::from(serving));
        count.pooled = change(count.pooled, usize::from(pooled));
        if *count == Count::default() {
            self.0.remove(&place);
        }
    }
}
