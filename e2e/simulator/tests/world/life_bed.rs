//! Short names for the operations on the life of members of the group `g`.

use aws_simulator::world::{Command, DescribeGroups, LifeCommand, Process, Reply};

use crate::bed::Bed;

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

pub(crate) fn enter(ids: &[&str], decrement: bool) -> Command {
    Command::Life(LifeCommand::EnterStandby { group: "g".into(), ids: owned(ids), decrement })
}

pub(crate) fn exit(ids: &[&str]) -> Command {
    Command::Life(LifeCommand::ExitStandby { group: "g".into(), ids: owned(ids) })
}

pub(crate) fn detach(ids: &[&str], decrement: bool) -> Command {
    Command::Life(LifeCommand::Detach { group: "g".into(), ids: owned(ids), decrement })
}

pub(crate) fn attach(ids: &[&str]) -> Command {
    Command::Life(LifeCommand::Attach { group: "g".into(), ids: owned(ids) })
}

pub(crate) fn protect(ids: &[&str], protected: bool) -> Command {
    Command::Life(LifeCommand::Protect { group: "g".into(), ids: owned(ids), protected })
}

pub(crate) fn health(id: &str, healthy: bool) -> Command {
    Command::Life(LifeCommand::SetHealth { id: id.into(), healthy, respect_grace: true })
}

pub(crate) fn suspend(processes: &[Process]) -> Command {
    Command::Life(LifeCommand::Suspend { group: "g".into(), processes: processes.to_vec() })
}

pub(crate) fn resume(processes: &[Process]) -> Command {
    Command::Life(LifeCommand::Resume { group: "g".into(), processes: processes.to_vec() })
}

impl Bed {
    /// The desired capacity of the only group.
    pub(crate) fn desired(&mut self) -> u32 {
        let Reply::Groups { groups, .. } = self.run(Command::DescribeGroups(DescribeGroups::default()))
        else {
            panic!("not groups")
        };
        groups[0].desired
    }

    /// The group `g` with this many in service, by age.
    pub(crate) fn serving(desired: u32) -> (Bed, Vec<String>) {
        let mut bed = Bed::new();
        bed.group(0);
        let mut ids = Vec::new();
        for size in 1..=desired {
            bed.desire(size);
            bed.pass(crate::bed::A_WHILE);
            let newest = bed.ids().into_iter().find(|id| !ids.contains(id));
            ids.push(newest.expect("a new one"));
        }
        (bed, ids)
    }
}
