//! The record of what a metadata service was asked: the newest requests, so that a client that asks for ever does not fill
//! the memory.

use std::collections::VecDeque;

use crate::calls::ImdsCall;

/// All services together keep about so many.
const MOST_OF_ALL: usize = 500_000;
/// And each so many of them, however many services there are.
const FEWEST: usize = 100;
const MOST: usize = 10_000;
/// Every path that there is, is shorter.
const LONGEST_PATH: usize = 512;

/// The newest requests to one service, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record(VecDeque<ImdsCall>);

impl Record {
    /// Adds a request; `services` share the room.
    pub(super) fn push(&mut self, mut call: ImdsCall, services: usize) {
        if call.path.len() > LONGEST_PATH {
            call.path = call.path.chars().take(LONGEST_PATH).collect();
        }
        self.0.push_back(call);
        let most = (MOST_OF_ALL / services.max(1)).clamp(FEWEST, MOST);
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ImdsCall> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn call(path: &str) -> ImdsCall {
        ImdsCall { at: SystemTime::UNIX_EPOCH, method: "GET".into(), path: path.into(), status: 200 }
    }

    fn kept(services: usize) -> (usize, Option<String>) {
        let mut record = Record::default();
        for number in 0..=MOST {
            record.push(call(&number.to_string()), services);
        }
        (record.iter().count(), record.iter().last().map(|call| call.path.clone()))
    }

    #[test]
    fn the_newest_are_kept_and_fewer_where_many_share_the_room() {
        let newest = Some(MOST.to_string());
        assert_eq!(kept(1), (MOST, newest.clone()));
        assert_eq!(kept(500), (1000, newest.clone()));
        assert_eq!(kept(1_000_000), (FEWEST, newest));
    }

    #[test]
    fn a_path_is_kept_as_it_came_unless_it_is_longer_than_any() {
        let mut record = Record::default();
        for path in ["/latest/meta-data/ami-id", &"x".repeat(60_000)] {
            record.push(call(path), 1);
        }
        let lengths: Vec<_> = record.iter().map(|call| call.path.len()).collect();
        assert_eq!(lengths, [24, LONGEST_PATH]);
    }
}
