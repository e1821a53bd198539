//! Faults of what describing calls see, and the bucket that all calls share.

use std::time::Duration;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::WarmPoolState;
use aws_simulator::{Fault, Only, Simulator};

use crate::bed::{complete, desire, group, launch_hook, only, refusal, sqs, start};

/// Longer than a test takes: what it hides stays hidden until it is cleared.
const LONG: Duration = Duration::from_secs(600);

async fn listed(client: &Client) -> Vec<String> {
    let listed = client.describe_auto_scaling_instances().send().await.expect("a list");
    listed.auto_scaling_instances().iter().filter_map(|row| row.instance_id.clone()).collect()
}

async fn in_group(client: &Client) -> Vec<String> {
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    let instances = groups.auto_scaling_groups().iter().flat_map(|group| group.instances().to_vec());
    instances.filter_map(|row| row.instance_id).collect()
}

async fn in_pool(client: &Client) -> Vec<String> {
    let pool = client.describe_warm_pool().auto_scaling_group_name("g").send().await.expect("a pool");
    pool.instances().iter().filter_map(|row| row.instance_id.clone()).collect()
}

async fn capacity(client: &Client) -> i32 {
    let groups = client.describe_auto_scaling_groups().send().await.expect("groups");
    groups.auto_scaling_groups()[0].desired_capacity.expect("a capacity")
}

#[tokio::test]
async fn an_empty_bucket_throttles_every_action_of_auto_scaling_and_no_queue() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let bucket = Fault::TokenBucket { capacity: 2, refill_per_second: 0.0 };
    simulator.fault("*", bucket);
    assert!(client.describe_auto_scaling_groups().send().await.is_ok());
    assert!(client.describe_auto_scaling_instances().send().await.is_ok());
    let hooks = client.describe_lifecycle_hooks().auto_scaling_group_name("g").send().await;
    let throttled = ("Throttling".to_owned(), "Rate exceeded".to_owned());
    assert_eq!(refusal(hooks), throttled);
    let set = client.set_desired_capacity().auto_scaling_group_name("g").desired_capacity(1);
    assert_eq!(refusal(set.clone().send().await), throttled);
    assert!(sqs(&simulator).list_queues().send().await.is_ok());
    simulator.clear_faults();
    assert!(set.send().await.is_ok());
}

#[tokio::test]
async fn a_bucket_fills_up_again() {
    let (simulator, client) = start().await;
    simulator.fault("*", Fault::TokenBucket { capacity: 1, refill_per_second: 20.0 });
    assert!(client.describe_auto_scaling_groups().send().await.is_ok());
    let mut refused = 0;
    while client.describe_auto_scaling_groups().send().await.is_err() {
        refused += 1;
        assert!(refused < 10_000, "no token came back");
    }
}

#[tokio::test]
async fn stale_answers_show_the_world_before_the_change() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let fault = simulator.fault_only("*", Fault::Stale(LONG), Only::default());
    desire(&client, 2).await;
    assert_eq!((capacity(&client).await, listed(&client).await.len()), (0, 0));
    // It happened all the same.
    assert_eq!(simulator.instances().len(), 2);
    assert!(simulator.mend(fault));
    assert_eq!((capacity(&client).await, listed(&client).await.len()), (2, 2));
}

#[tokio::test]
async fn a_change_shows_when_it_is_old_enough() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    simulator.fault("DescribeAutoScalingGroups", Fault::Stale(Duration::from_millis(300)));
    desire(&client, 2).await;
    let changed = std::time::Instant::now();
    assert_eq!(listed(&client).await.len(), 2, "another operation sees the present");
    while capacity(&client).await == 0 {}
    assert!(changed.elapsed() >= Duration::from_millis(290), "{:?}", changed.elapsed());
    assert_eq!(capacity(&client).await, 2);
}

#[tokio::test]
async fn stale_answers_may_be_one_callers_alone() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    let only = Only { caller: Some("SOMEBODY-ELSE".to_owned()), ..Only::default() };
    simulator.fault_only("*", Fault::Stale(LONG), only);
    desire(&client, 1).await;
    assert_eq!(capacity(&client).await, 1);
}

#[tokio::test]
async fn a_new_instance_is_unlisted_for_a_while_and_described_as_unknown() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let old = only(&simulator, "InService").await.id;
    let hidden = Only { instance: Some(old.clone()), ..Only::default() };
    for (limit, shown) in [(Only::default(), false), (hidden, false)] {
        let fault = simulator.fault_only("*", Fault::UnlistedAfterLaunch(LONG), limit);
        assert_eq!(listed(&client).await.contains(&old), shown);
        assert_eq!(in_group(&client).await.contains(&old), shown);
        let named = client.describe_auto_scaling_instances().instance_ids(&old).send().await.expect("a list");
        assert_eq!(named.auto_scaling_instances().len(), usize::from(shown));
        simulator.mend(fault);
    }
    // Others are seen, and so are those that were launched long enough ago.
    let other = Only { instance: Some("i-other".to_owned()), ..Only::default() };
    simulator.fault_only("*", Fault::UnlistedAfterLaunch(LONG), other);
    simulator.fault("*", Fault::UnlistedAfterLaunch(Duration::from_millis(1)));
    assert_eq!(listed(&client).await, std::slice::from_ref(&old));
    assert_eq!(in_group(&client).await, [old]);
}

/// A group `g` whose only instance waits for its launch hook on its way out of the pool.
async fn moving(simulator: &Simulator, client: &Client) -> String {
    group(client, 0).await;
    client
        .put_warm_pool()
        .auto_scaling_group_name("g")
        .pool_state(WarmPoolState::Stopped)
        .min_size(1)
        .max_group_prepared_capacity(1)
        .send()
        .await
        .expect("a pool");
    only(simulator, "Warmed:Stopped").await;
    launch_hook(client).await;
    client
        .update_auto_scaling_group()
        .auto_scaling_group_name("g")
        .max_size(1)
        .desired_capacity(1)
        .send()
        .await
        .expect("an update");
    let reached =
        |all: &[aws_simulator::InstanceInfo]| all.iter().any(|info| info.lifecycle_state == "Pending:Wait");
    let all =
        simulator.wait_until("one leaves the pool", crate::bed::PATIENCE, reached).await.expect("in time");
    all.into_iter().find(|info| info.lifecycle_state == "Pending:Wait").expect("it waits").id
}

#[tokio::test]
async fn an_instance_on_its_way_out_of_the_pool_is_in_neither_list() {
    let (simulator, client) = start().await;
    let id = moving(&simulator, &client).await;
    let fault = simulator.fault_only("*", Fault::UnlistedWhileMoving(LONG), Only::default());
    assert!(!in_group(&client).await.contains(&id) && !in_pool(&client).await.contains(&id));
    assert!(listed(&client).await.contains(&id), "by its id it is known");
    simulator.mend(fault);
    assert!(in_group(&client).await.contains(&id) && !in_pool(&client).await.contains(&id));
    // One that set out long ago has arrived in the list.
    simulator.fault("*", Fault::UnlistedWhileMoving(Duration::from_millis(1)));
    assert!(in_group(&client).await.contains(&id));
    complete(&client, &id).send().await.expect("a completion of what was hidden");
}

#[tokio::test]
async fn an_instance_that_was_launched_into_the_group_does_not_count_as_moving() {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let id = only(&simulator, "InService").await.id;
    simulator.fault("*", Fault::UnlistedWhileMoving(LONG));
    assert_eq!(in_group(&client).await, [id]);
}

#[tokio::test]
async fn a_fault_that_is_counted_hits_so_many_calls() {
    let (simulator, client) = start().await;
    let only = Only { times: Some(2), ..Only::default() };
    simulator.fault_only("DescribeAutoScalingGroups", Fault::Deny, only);
    for expected in [false, false, true, true] {
        assert_eq!(client.describe_auto_scaling_groups().send().await.is_ok(), expected);
    }
}
