//! The faults in force, and which calls they hit.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::broken::{Broken, Refusal};
use crate::calls::Call;
use crate::fault::{Fault, Only};

/// Which API is called. An operation's name alone may belong to two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    AutoScaling,
    Ec2,
    Sqs,
}

impl Service {
    fn prefix(self) -> &'static str {
        match self {
            Service::AutoScaling => "autoscaling:",
            Service::Ec2 => "ec2:",
            Service::Sqs => "sqs:",
        }
    }
}

/// A call as far as faults look at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) service: Service,
    pub(crate) operation: &'a str,
    pub(crate) caller: &'a str,
    pub(crate) params: &'a BTreeMap<String, String>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(service: Service, call: &'a Call) -> Self {
        Asked { service, operation: &call.operation, caller: &call.caller, params: &call.params }
    }

    /// True if it only reads: what the faults of visibility change.
    fn describes(self) -> bool {
        self.service != Service::Sqs && self.operation.starts_with("Describe")
    }

    /// True if the parameter `name`, or one of its list `NAMEs.member.1`, `NAME.1`, has this value.
    fn names(self, name: &str, value: &str) -> bool {
        let is_it = |key: &str| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with("s.member."))
        };
        self.params.iter().any(|(key, text)| text == value && is_it(key))
    }
}

/// One fault in force.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: u64,
    /// `*`, `autoscaling:*`, `autoscaling:DescribeTags` or just `DescribeTags`.
    pub(crate) operation: String,
    pub(crate) fault: Fault,
    pub(crate) only: Only,
    /// How many calls it changed.
    pub(crate) applied: u64,
    bucket: Option<Bucket>,
}

/// All faults in force, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    all: Vec<Rule>,
    last: u64,
}

impl Rules {
    /// A fault from now on; its number.
    pub(crate) fn add(&mut self, operation: &str, fault: Fault, only: Only, now: SystemTime) -> u64 {
        self.last += 1;
        let bucket = if let Fault::TokenBucket { capacity, refill_per_second } = fault {
            Some(Bucket::full(capacity, refill_per_second, now))
        } else {
            None
        };
        self.all.push(Rule {
            id: self.last,
            operation: operation.to_owned(),
            fault,
            only,
            applied: 0,
            bucket,
        });
        self.last
    }

    pub(crate) fn all(&self) -> &[Rule] {
        &self.all
    }

    /// Ends one; false if there is none of this number.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.all.len();
        self.all.retain(|rule| rule.id != id);
        self.all.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    /// How old the oldest answer may be that somebody wants.
    pub(crate) fn oldest_view(&self) -> Option<Duration> {
        let ages = self
            .all
            .iter()
            .filter_map(|rule| if let Fault::Stale(age) = rule.fault { Some(age) } else { None });
        ages.max()
    }

    /// What goes wrong with a call.
    pub(crate) fn plan(&mut self, asked: &Asked<'_>, now: SystemTime, random: &mut fastrand::Rng) -> Broken {
        let mut broken = Broken::default();
        for rule in &mut self.all {
            if rule.hits(asked) && rule.only.share.is_none_or(|share| random.f64() < share) {
                rule.applied += u64::from(rule.apply(asked, now, random, &mut broken));
            }
        }
        broken
    }
}

impl Rule {
    fn hits(&self, asked: &Asked<'_>) -> bool {
        let name = self.operation.strip_prefix(asked.service.prefix()).unwrap_or(&self.operation);
        let only = &self.only;
        let is_about_calls =
            !matches!(self.fault, Fault::UnlistedAfterLaunch(_) | Fault::UnlistedWhileMoving(_));
        let names = |name: &str, wish: &Option<String>| {
            !is_about_calls || wish.as_ref().is_none_or(|wish| asked.names(name, wish))
        };
        (name == "*" || name == asked.operation)
            && only.caller.as_ref().is_none_or(|caller| caller == asked.caller)
            && names("AutoScalingGroupName", &only.group)
            && names("InstanceId", &only.instance)
            && only.times.is_none_or(|times| self.applied < times)
    }

    /// Adds its part to what goes wrong; false if it left the call alone.
    fn apply(
        &mut self,
        asked: &Asked<'_>,
        now: SystemTime,
        random: &mut fastrand::Rng,
        broken: &mut Broken,
    ) -> bool {
        let refusal = match &self.fault {
            Fault::Delay(delay) => {
                broken.delay = Some(broken.delay.unwrap_or_default() + *delay);
                return true;
            }
            Fault::Reset => {
                broken.reset = true;
                return true;
            }
            Fault::LoseReply => {
                broken.lose_reply = true;
                return true;
            }
            Fault::Stale(age) if asked.describes() => {
                broken.view.age = broken.view.age.max(*age);
                return true;
            }
            Fault::UnlistedAfterLaunch(time) if asked.describes() => {
                broken.view.new.push((*time, self.only.clone()));
                return true;
            }
            Fault::UnlistedWhileMoving(time)
                if matches!(asked.operation, "DescribeAutoScalingGroups" | "DescribeWarmPool") =>
            {
                broken.view.moving.push((*time, self.only.clone()));
                return true;
            }
            Fault::Stale(_) | Fault::UnlistedAfterLaunch(_) | Fault::UnlistedWhileMoving(_) => None,
            // Of several refusals the first counts.
            _ if broken.refusal.is_some() => None,
            Fault::Throttle { share } => (random.f64() < *share).then_some(Refusal::Throttled),
            Fault::Deny => Some(Refusal::Denied),
            Fault::Fail { status, code } => Some(Refusal::Failed { status: *status, code: code.clone() }),
            Fault::TokenBucket { .. } => {
                let counts = asked.service == Service::AutoScaling;
                let is_empty = counts && self.bucket.as_mut().is_some_and(|bucket| !bucket.take(now));
                is_empty.then_some(Refusal::Throttled)
            }
        };
        let is_refused = refusal.is_some();
        broken.refusal = broken.refusal.take().or(refusal);
        is_refused
    }
}

/// Tokens that calls take and time brings back.
#[derive(Debug, Clone)]
struct Bucket {
    capacity: f64,
    refill_per_second: f64,
    tokens: f64,
    at: SystemTime,
}

impl Bucket {
    fn full(capacity: u32, refill_per_second: f64, now: SystemTime) -> Self {
        let capacity = f64::from(capacity);
        Bucket { capacity, refill_per_second, tokens: capacity, at: now }
    }

    /// Takes a token; false if there is none.
    fn take(&mut self, now: SystemTime) -> bool {
        let passed = now.duration_since(self.at).unwrap_or_default().as_secs_f64();
        self.tokens = (self.tokens + passed * self.refill_per_second).min(self.capacity);
        self.at = self.at.max(now);
        let is_there = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(is_there));
        is_there
    }
}

#[cfg(test)]
mod tests;
