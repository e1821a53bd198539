//! What holds of activities whatever is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::world::HookResult::{Abandon, Continue};
use aws_simulator::world::HookTransition::{Launching, Terminating};
use aws_simulator::world::{ActivityView, Command, DescribeActivities, Page, PoolState, Reply};
use proptest::prelude::*;

use crate::activities::all;
use crate::bed::{A_WHILE, Bed};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked, and however its hooks are answered: each journey has one activity, and when nothing is left to
    /// happen, each has ended exactly once.
    #[test]
    fn each_activity_ends_exactly_once_when_its_instance_comes_to_rest(
        deeds in proptest::collection::vec((0..7_u8, 0..5_u32), 1..30),
    ) {
        let mut bed = Bed::new();
        bed.group(1);
        let (mut ended, mut seen) = (BTreeMap::new(), BTreeMap::new());
        for (kind, number) in deeds {
            let hook = if number % 2 == 0 { Launching } else { Terminating };
            match kind {
                0 => bed.desire(number),
                1 => bed.pool(number.min(2), PoolState::Stopped, number % 2 == 0),
                2 => bed.hook(hook, if number % 3 == 0 { Abandon } else { Continue }),
                3 => {
                    if let Some(id) = bed.ids().first().cloned() {
                        let _ = bed.attempt(Command::TerminateInstance { id, decrement: false });
                    }
                }
                _ => bed.pass(Duration::from_secs(u64::from(number) * 7)),
            }
            look(&mut bed, &mut seen, &mut ended)?;
        }
        // Without hooks it comes to rest.
        for hook in [Launching, Terminating] {
            let _ = bed.attempt(Command::DeleteHook { group: "g".into(), hook: crate::bed::name(hook).into() });
        }
        for _ in 0..20 {
            bed.pass(A_WHILE);
            look(&mut bed, &mut seen, &mut ended)?;
        }
        prop_assert!(bed.world.next_deadline().is_none());
        for view in all(&mut bed) {
            prop_assert!(view.end.is_some() && view.progress == 100, "{:?}", view);
        }
    }
}

/// Checks that nothing that ended changes, that nothing vanishes, and that an instance has one at a time.
fn look(
    bed: &mut Bed,
    seen: &mut BTreeMap<String, String>,
    ended: &mut BTreeMap<String, ActivityView>,
) -> Result<(), TestCaseError> {
    let mut open = BTreeMap::new();
    let mut page = Page::default();
    let mut views = Vec::new();
    loop {
        let request = DescribeActivities { page: page.clone(), ..Default::default() };
        let Reply::Activities { activities, next } = bed.run(Command::DescribeActivities(request)) else {
            panic!("not activities")
        };
        views.extend(activities);
        let Some(token) = next else { break };
        page.token = Some(token);
    }
    for view in views {
        seen.insert(view.id.clone(), view.instance.clone());
        if view.end.is_some() {
            let first = ended.entry(view.id.clone()).or_insert_with(|| view.clone());
            prop_assert_eq!(&*first, &view, "what has ended stays as it is");
        } else {
            prop_assert!(open.insert(view.instance.clone(), view.id.clone()).is_none(), "two at once");
        }
    }
    let under_way: Vec<_> = bed
        .world
        .machines()
        .map(|machine| machine.view)
        .filter(|view| !["InService", "Warmed:Stopped", "Warmed:Running"].contains(&view.state.as_str()))
        .map(|view| view.id)
        .collect();
    prop_assert_eq!(open.into_keys().collect::<Vec<_>>(), under_way);
    Ok(())
}
