//! What holds for a queue whatever is asked, in whatever order, at whatever time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_simulator::sqs::{Command, NewMessage, Receive, Reply};
use proptest::prelude::*;

use crate::queue_bed::Bed;

/// Something that senders, readers or time do. Numbers pick among the deliveries so far.
#[derive(Debug, Clone)]
enum Deed {
    Pass(u64),
    Send(u32),
    Receive(u32, u32),
    Delete(usize),
    Visibility(usize, u32),
}

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..40_000_u64).prop_map(Deed::Pass),
        3 => (0..9_u32).prop_map(Deed::Send),
        5 => (1..5_u32, 0..40_u32).prop_map(|(max, visibility)| Deed::Receive(max, visibility)),
        3 => any::<usize>().prop_map(Deed::Delete),
        1 => (any::<usize>(), 0..40_u32).prop_map(|(pick, timeout)| Deed::Visibility(pick, timeout)),
    ]
}

const RETENTION: Duration = Duration::from_secs(120);

proptest! {
    #[test]
    fn nobody_gets_a_message_early_twice_at_once_or_after_its_end(
        all in proptest::collection::vec(deeds(), 1..120)
    ) {
        let mut bed = Bed::new(&[("MessageRetentionPeriod", "120")]);
        // A model of its own: by id, when it was sent, from when on it may be seen, and its latest handle.
        let mut messages = BTreeMap::new();
        let mut deliveries: Vec<(String, String)> = Vec::new();
        for deed in all {
            let pick = |index: usize| {
                deliveries.get(index.checked_rem(deliveries.len()).unwrap_or_default()).cloned()
            };
            match deed {
                Deed::Pass(time) => bed.now += Duration::from_millis(time),
                Deed::Send(delay) => {
                    let message = NewMessage { body: "m".into(), delay: Some(delay), ..NewMessage::default() };
                    let sent = bed.attempt(Command::Send { queue: "q".into(), message });
                    let Ok(Reply::Sent(sent)) = sent else { panic!("{sent:?}") };
                    let visible = bed.now + Duration::from_secs(u64::from(delay));
                    prop_assert!(messages.insert(sent.id, (bed.now, visible, String::new())).is_none());
                }
                Deed::Receive(max, visibility) => {
                    let wanted = Receive {
                        queue: "q".into(),
                        max: Some(max),
                        visibility: Some(visibility),
                        ..Receive::default()
                    };
                    let received = bed.attempt(Command::Receive(wanted));
                    let Ok(Reply::Messages(received)) = received else { panic!("{received:?}") };
                    let due = messages
                        .values()
                        .filter(|(sent, visible, _)| *visible <= bed.now && bed.now < *sent + RETENTION)
                        .count();
                    prop_assert_eq!(received.len(), due.min(max as usize));
                    let ids: BTreeSet<_> = received.iter().map(|message| &message.sent.id).collect();
                    prop_assert_eq!(ids.len(), received.len());
                    for message in received {
                        let known = messages.get_mut(&message.sent.id);
                        let Some((sent, visible, handle)) = known else { panic!("a deleted message came back") };
                        prop_assert!(*visible <= bed.now && bed.now < *sent + RETENTION);
                        *visible = bed.now + Duration::from_secs(u64::from(visibility));
                        handle.clone_from(&message.handle);
                        deliveries.push((message.sent.id, message.handle));
                    }
                }
                Deed::Delete(index) => {
                    let Some((id, handle)) = pick(index) else { continue };
                    let delete = Command::Delete { queue: "q".into(), handle: handle.clone() };
                    prop_assert_eq!(bed.attempt(delete), Ok(Reply::Done));
                    if messages.get(&id).is_some_and(|(_, _, latest)| *latest == handle) {
                        messages.remove(&id);
                    }
                }
                Deed::Visibility(index, timeout) => {
                    let Some((id, handle)) = pick(index) else { continue };
                    let change = Command::Visibility { queue: "q".into(), handle: handle.clone(), timeout };
                    let may = messages.get_mut(&id).filter(|(sent, visible, latest)| {
                        *latest == handle && bed.now < *visible && bed.now < *sent + RETENTION
                    });
                    prop_assert_eq!(bed.queues.handle(bed.now, change).is_ok(), may.is_some());
                    if let Some((_, visible, _)) = may {
                        *visible = bed.now + Duration::from_secs(u64::from(timeout));
                    }
                }
            }
        }
    }
}
