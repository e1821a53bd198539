use super::*;
use crate::world::{Command, CreateGroup, HookResult, HookTransition, Page, PutHook, Reply};

/// A minute of a group whose instances all fail to launch, over and over, while nobody looks; when it began.
fn churn(size: u32) -> (Arc<Shared>, SystemTime) {
    let least = Duration::from_secs(1);
    let options = Options { speed: 1000.0, min_heartbeat_timeout: least, ..Options::default() };
    let shared = Shared::new(&options, String::new());
    let hook = PutHook {
        name: "h".into(),
        transition: Some(HookTransition::Launching),
        heartbeat_timeout: Some(least),
        default_result: Some(HookResult::Abandon),
        ..PutHook::default()
    };
    let group = CreateGroup {
        name: "g".into(),
        max: size,
        desired: Some(size),
        hooks: vec![hook],
        ..CreateGroup::default()
    };
    let born = shared.now();
    let mut inner = shared.lock();
    inner.world.handle(born, Command::CreateGroup(group)).expect("a group");
    shared.settle(&mut inner);
    drop(inner);
    while shared.now() < born + Duration::from_mins(1) {
        std::thread::yield_now();
    }
    (shared, born)
}

#[tokio::test]
async fn whoever_comes_and_goes_while_nobody_looks_takes_no_port() {
    let (shared, _) = churn(10);
    let mut inner = shared.lock();
    inner.world.at_most(usize::MAX);
    shared.settle(&mut inner);
    assert!(inner.world.remembered() > 100, "{} came and went", inner.world.remembered());
    assert!(inner.imds.len() <= 50, "{} metadata services", inner.imds.len());
}

#[tokio::test]
async fn a_call_is_answered_while_more_is_due_than_can_be_worked_off() {
    let (shared, born) = churn(20);
    let mut inner = shared.lock();
    let describe = Command::DescribeInstances { ids: Vec::new(), page: Page::default() };
    let mut moments = vec![inner.world.moment()];
    for _ in 0..5 {
        let reply = inner.world.handle(shared.now(), describe.clone()).expect("an answer");
        assert!(matches!(reply, Reply::Instances { .. }), "{reply:?}");
        shared.settle(&mut inner);
        moments.push(inner.world.moment());
        assert!(shared.is_behind(&inner), "all was worked off at once: {moments:?}");
    }
    assert!(moments.is_sorted() && moments.first() < moments.last(), "it goes on: {moments:?}");
    assert!(moments.last() < Some(&(born + Duration::from_mins(1))), "it is behind: {moments:?}");
}
