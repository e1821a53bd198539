//! Short names for the operations of EC2.

use std::time::Duration;

use aws_simulator::world::ec2::{Command, Filter, Find, Reply, RunInstances};
use aws_simulator::world::{self, AwsError, MachineState, Page};

use crate::bed::Bed;

pub(crate) const MOMENT: Duration = Duration::from_millis(1);

pub(crate) fn filter(name: &str, values: &[&str]) -> Filter {
    Filter { name: name.into(), values: values.iter().map(|value| (*value).to_owned()).collect() }
}

impl Bed {
    pub(crate) fn try_ec2(&mut self, command: Command) -> Result<Reply, AwsError> {
        let reply = self.world.handle_ec2(self.now, command);
        self.events.extend(self.world.advance(self.now));
        reply
    }

    pub(crate) fn ec2(&mut self, command: Command) -> Reply {
        self.try_ec2(command).expect("the operation is in order")
    }

    pub(crate) fn terminate(&mut self, id: &str) {
        self.ec2(Command::Terminate { ids: vec![id.to_owned()] });
    }

    pub(crate) fn stop(&mut self, id: &str) {
        self.ec2(Command::Stop { ids: vec![id.to_owned()], hibernate: false });
    }

    pub(crate) fn start(&mut self, id: &str) {
        self.ec2(Command::Start { ids: vec![id.to_owned()] });
    }

    pub(crate) fn run_one(&mut self) -> String {
        let request = RunInstances { min: 1, max: 1, image: Some("ami-1".into()), ..RunInstances::default() };
        let Reply::Ran(ran) = self.ec2(Command::Run(request)) else { panic!("another reply") };
        ran[0].id.clone()
    }

    /// What EC2 tells, none if it knows nothing of it.
    pub(crate) fn machine_state(&mut self, id: &str) -> Option<MachineState> {
        let find = Find { ids: vec![id.to_owned()], ..Find::default() };
        match self.try_ec2(Command::Describe(find)) {
            Ok(Reply::Machines { machines, .. }) => Some(machines[0].state),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert_eq!(error.code, "InvalidInstanceID.NotFound");
                None
            }
        }
    }

    pub(crate) fn refused_ec2(&mut self, command: Command) -> (String, String) {
        let error = self.try_ec2(command).expect_err("the operation is out of order");
        (error.code, error.message)
    }

    pub(crate) fn listed(&mut self) -> Vec<String> {
        let all = world::Command::DescribeInstances { ids: Vec::new(), page: Page::default() };
        let world::Reply::Instances { instances, .. } = self.run(all) else { panic!("another reply") };
        instances.into_iter().map(|instance| instance.id).collect()
    }

    pub(crate) fn find(&mut self, filters: Vec<Filter>) -> Vec<String> {
        let find = Find { filters, ..Find::default() };
        let Reply::Machines { machines, next } = self.ec2(Command::Describe(find)) else {
            panic!("another reply")
        };
        assert_eq!(next, None);
        machines.into_iter().map(|machine| machine.id).collect()
    }

    pub(crate) fn run_many(&mut self, request: RunInstances) -> Vec<String> {
        let request = RunInstances { image: Some("ami-1".into()), ..request };
        let Reply::Ran(ran) = self.ec2(Command::Run(request)) else { panic!("another reply") };
        ran.into_iter().map(|machine| machine.id).collect()
    }

    pub(crate) fn code(&mut self, command: Command) -> String {
        self.try_ec2(command).expect_err("a refusal").code
    }
}
