//! What a group is told beyond its sizes, and what it answers with.

use std::collections::BTreeMap;

/// The settings of a group. In a request what is none stays, or takes AWS's default; a group answers with what was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupSettings {
    /// Whether an instance is kept if the hook of its termination is abandoned: the retention trigger
    /// `TerminateHookAbandon` of the instance lifecycle policy.
    pub retain: Option<bool>,
    /// Which deletions of the group are refused.
    pub protection: Option<Protection>,
    /// In seconds; 300 by default.
    pub default_cooldown: Option<u32>,
    /// A list with commas; `EC2` by default.
    pub health_check_type: Option<String>,
    /// In seconds; 0 by default.
    pub health_check_grace: Option<u32>,
    /// In seconds; `Some(None)` takes it away (-1 on the wire).
    pub instance_warmup: Option<Option<u32>>,
    /// For how long a member serves before another takes its place, in seconds; 0 means without end.
    pub max_lifetime: Option<u32>,
    /// Whether another takes the place of a member that EC2 recommends to replace.
    pub capacity_rebalance: Option<bool>,
    /// By what scale-in goes; `Default` by default.
    pub termination_policies: Option<Vec<String>>,
    /// Parameters by their names, most of them only repeated in answers; an empty text takes one away.
    pub repeated: BTreeMap<&'static str, Tree>,
}

/// Which deletions of a group are refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protection {
    /// None.
    #[default]
    None,
    /// Those with force.
    Force,
    /// All.
    All,
}

/// A parameter with an inside, kept as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A value.
    Text(String),
    /// A structure.
    Fields(BTreeMap<String, Tree>),
    /// A list, by the numbers of its members.
    List(BTreeMap<u32, Tree>),
}

impl Tree {
    /// The text at the end of a path of names.
    pub fn text(&self, path: &[&str]) -> Option<String> {
        match self.inside(path)? {
            Tree::Text(text) => Some(text.clone()),
            Tree::Fields(_) | Tree::List(_) => None,
        }
    }

    /// What is at the end of a path of names.
    pub fn inside(&self, path: &[&str]) -> Option<&Tree> {
        match (self, path) {
            (_, []) => Some(self),
            (Tree::Fields(fields), [name, rest @ ..]) => fields.get(*name)?.inside(rest),
            (Tree::Text(_) | Tree::List(_), _) => None,
        }
    }
}

impl GroupSettings {
    /// Takes over whatever a change names.
    pub(crate) fn apply(&mut self, change: GroupSettings) {
        self.retain = change.retain.or(self.retain);
        self.protection = change.protection.or(self.protection);
        self.default_cooldown = change.default_cooldown.or(self.default_cooldown);
        self.health_check_type = change.health_check_type.or(self.health_check_type.take());
        self.health_check_grace = change.health_check_grace.or(self.health_check_grace);
        self.instance_warmup = change.instance_warmup.or(self.instance_warmup);
        self.max_lifetime = change.max_lifetime.or(self.max_lifetime);
        self.capacity_rebalance = change.capacity_rebalance.or(self.capacity_rebalance);
        self.termination_policies = change.termination_policies.or(self.termination_policies.take());
        self.repeated.extend(change.repeated);
        self.repeated.retain(|_, tree| *tree != Tree::Text(String::new()));
    }
}
