//! The world as the controller would see it, were this instance all there is: its own decisions are asked in it.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use lifecycle::api::InstanceDetail;
use lifecycle::{Direction, LifecycleState};
use tokio::time::Instant;

use crate::decide::jobs::{self, Job, Work};
use crate::decide::marks::Wanted;
use crate::decide::memory::Memory;
use crate::decide::situation::situation;
use crate::decide::{Phase, destination};
use crate::drain::Context;
use crate::explain::facts::Facts;
use crate::explain::options::House;
use crate::explain::words::between;
use crate::intent::{Destination, Intent};
use crate::job::Ended;
use crate::nodes::{NodeView, Nodes, Ready};
use crate::world::{Group, Hook, Instance, Sweep, World};

/// Both clocks, read at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Ours.
    pub mono: Instant,
    /// The wall's.
    pub wall: Timestamp,
}

/// One instance with its Nodes, seen with the controller's eyes.
pub(super) struct Case<'a> {
    pub(super) now: Now,
    pub(super) house: &'a House,
    world: World,
    nodes: Nodes,
    memory: Memory,
    id: String,
    own: Option<NodeView>,
}

impl<'a> Case<'a> {
    /// The case of an instance that Auto Scaling lists.
    pub(super) fn new(facts: &Facts, house: &'a House, now: Now) -> Option<Self> {
        let detail = facts.listed.as_ref().ok()?.as_ref()?;
        let own = facts.own_nodes().first().map(|node| view(node, now));
        let views = facts.nodes.iter().flatten().map(|node| view(node, now));
        let nodes = Nodes {
            synced: facts.nodes.is_ok(),
            by_name: views.map(|view| (view.name.clone(), view)).collect(),
        };
        let group = facts.hooks.as_ref().ok().and_then(Option::as_ref).map(|hooks| hooks.ours.clone());
        let id = detail.id.clone();
        let mut case =
            Case { now, house, world: World::default(), nodes, memory: Memory::default(), id, own };
        case.see(detail, group.as_ref());
        if let Some(intent) = case.intent().filter(|intent| intent.completed.is_some()) {
            case.remember(&intent);
        }
        case.memory.look(now.mono, &case.world, &case.nodes);
        Some(case)
    }

    fn see(&mut self, detail: &InstanceDetail, group: Option<&Group>) {
        let name = detail.group.clone();
        let sweep = Sweep {
            scope: Some([name.clone()].into()),
            groups: group.map(|group| (name.clone(), group.clone())).into_iter().collect(),
            listed: vec![detail.clone()],
            pools_read: [name].into(),
        };
        self.world.apply_sweep(self.now.mono, self.now.mono, self.now.wall, sweep);
        let direction = self.recorded_direction(&detail.state);
        if let Some(instance) = self.world.instances.get_mut(&self.id) {
            instance.direction = direction;
        }
    }

    /// Which way it goes into the pool, as the controller has found out and written down.
    fn recorded_direction(&self, state: &LifecycleState) -> Option<Direction> {
        use LifecycleState as S;
        let into_the_pool =
            [S::WarmedPending, S::WarmedPendingWait, S::WarmedPendingProceed, S::WarmedPendingRetained];
        let node = self.own.as_ref().filter(|_| into_the_pool.contains(state))?;
        let intent = jobs::intent_of(node)?;
        (intent.destination == Destination::WarmPool).then_some(Direction::Returning)
    }

    fn remember(&mut self, intent: &Intent) {
        let Some(instance) = self.instance() else { return };
        let action = jobs::action(&self.id, instance, &intent.hook);
        let job = Job { since: instance.since, work: Work::Complete { action, why: "recorded" } };
        self.memory.done(&self.id, &job, Ended::Completed);
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The instance; always there.
    pub(super) fn instance(&self) -> Option<&Instance> {
        self.world.instances.get(&self.id)
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        self.instance().map(Instance::phase)
    }

    /// Our hooks on its group; none if they could not be read.
    pub(super) fn group(&self) -> Option<&Group> {
        self.world.groups.get(&self.instance()?.group)
    }

    pub(super) fn node(&self) -> Option<&NodeView> {
        self.own.as_ref()
    }

    /// A Node that has no provider id and may yet turn out to be this instance's.
    pub(super) fn nameless(&self) -> Option<&str> {
        let nameless = |node: &&NodeView| node.lacks_provider_id && !node.is_off_limits();
        self.nodes.by_name.values().find(nameless).map(|node| node.name.as_str())
    }

    /// The hook of ours that may hold it.
    pub(super) fn hook(&self) -> Option<(&str, Hook)> {
        jobs::holding_hook(self.instance()?, self.group()?, &self.house.rules.names)
    }

    /// Where it goes when our termination hook lets it.
    pub(super) fn destination(&self) -> Option<Destination> {
        let instance = self.instance()?;
        destination(&instance.state, instance.direction)
    }

    /// The record of the action that holds it now.
    pub(super) fn intent(&self) -> Option<Intent> {
        jobs::current_intent(self.node()?, self.instance()?, self.group()?, &self.house.rules.names)
    }

    /// What the controller does for it now.
    pub(super) fn work(&self) -> Option<Work> {
        self.work_at(self.now.mono, false)
    }

    /// What it does once it has waited for all that it waits for, and its record is written.
    pub(super) fn later_work(&self) -> Option<Work> {
        let patience = &self.house.rules.patience;
        let later = patience.warm_up + patience.leak + patience.node + std::time::Duration::from_secs(60);
        self.work_at(self.now.mono + later, true)
    }

    fn work_at(&self, at: Instant, recorded: bool) -> Option<Work> {
        let rules = jobs::Rules { dry_run: recorded, ..self.house.rules.clone() };
        let mut jobs = jobs::jobs(at, &self.world, &self.nodes, &self.memory, &rules);
        jobs.remove(&self.id).map(|job| job.work)
    }

    /// What a drain of its node has to know.
    pub(super) fn situation(&self) -> Option<Context> {
        let instance = self.instance()?;
        let names = &self.house.rules.names;
        Some(situation(self.now.mono, instance, self.group(), self.node(), names))
    }

    /// What the controller wants to stand on its Node.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        let instance = self.instance()?;
        let held = self.group().and_then(|group| group.termination).and(self.destination());
        let fresh = |destination| {
            let hook = &self.house.rules.names.termination;
            Intent::new(&instance.group, hook, destination, instance.since_wall)
        };
        let intent = match held {
            Some(destination) => Some(self.intent().unwrap_or_else(|| fresh(destination))),
            None => self.node().and_then(jobs::intent_of).filter(|_| instance.phase() == Phase::Leaving),
        };
        Some(Wanted::Marked { phase: instance.phase(), state: instance.state.clone(), intent })
    }
}

/// A Node with the time that its own Ready condition tells: we have not watched it.
pub(super) fn view(node: &Node, now: Now) -> NodeView {
    let view = NodeView::new(node, None, now.mono);
    let age = ready_since(node).map(|since| between(since, now.wall));
    let told = age.and_then(|age| now.mono.checked_sub(age)).unwrap_or(now.mono);
    NodeView { ready: Ready::new(view.ready.is, told), ..view }
}

/// Since when a Node is Ready or not.
pub(super) fn ready_since(node: &Node) -> Option<Timestamp> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready")?;
    ready.last_transition_time.as_ref().map(|time| time.0)
}
