//! One life of an instance as the real SDK sees it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_autoscaling::types::{Filter, InstanceReusePolicy, LifecycleState, Tag, WarmPoolState};
use aws_simulator::{CompletedBy, Event, Power};

use crate::bed::{CALLER, complete, desire, group, launch_hook, new_group, only, refusal, start};

#[tokio::test]
async fn an_instance_is_warmed_serves_comes_back_and_ends() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    for (hook, transition) in [
        ("launch", "autoscaling:EC2_INSTANCE_LAUNCHING"),
        ("terminate", "autoscaling:EC2_INSTANCE_TERMINATING"),
    ] {
        client
            .put_lifecycle_hook()
            .auto_scaling_group_name("g")
            .lifecycle_hook_name(hook)
            .lifecycle_transition(transition)
            .heartbeat_timeout(30)
            .send()
            .await
            .expect("a hook");
    }
    client
        .put_warm_pool()
        .auto_scaling_group_name("g")
        .max_group_prepared_capacity(1)
        .pool_state(WarmPoolState::Stopped)
        .instance_reuse_policy(InstanceReusePolicy::builder().reuse_on_scale_in(true).build())
        .send()
        .await
        .expect("a pool");
    let complete = |hook: &'static str, id: String| {
        client
            .complete_lifecycle_action()
            .auto_scaling_group_name("g")
            .lifecycle_hook_name(hook)
            .instance_id(id)
            .lifecycle_action_result("CONTINUE")
            .send()
    };

    let id = only(&simulator, "Warmed:Pending:Wait").await.id;
    complete("launch", id.clone()).await.expect("entering the pool");
    assert_eq!(only(&simulator, "Warmed:Stopped").await.power, Power::Off);
    let pool = client.describe_warm_pool().auto_scaling_group_name("g").send().await.expect("the pool");
    let configuration = pool.warm_pool_configuration().expect("a configuration");
    assert_eq!(configuration.max_group_prepared_capacity(), Some(1));
    assert_eq!(
        configuration.instance_reuse_policy().and_then(InstanceReusePolicy::reuse_on_scale_in),
        Some(true)
    );
    let member = &pool.instances()[0];
    assert_eq!(member.instance_id(), Some(id.as_str()));
    assert_eq!(member.lifecycle_state().map(LifecycleState::as_str), Some("Warmed:Stopped"));

    desire(&client, 1).await;
    only(&simulator, "Pending:Wait").await;
    complete("launch", id.clone()).await.expect("leaving the pool");
    only(&simulator, "InService").await;
    let listed =
        client.describe_auto_scaling_groups().auto_scaling_group_names("g").send().await.expect("groups");
    let listed = &listed.auto_scaling_groups()[0];
    assert_eq!(listed.instances()[0].instance_id(), Some(id.as_str()));
    assert_eq!((listed.desired_capacity(), listed.warm_pool_size()), (Some(1), Some(0)));
    assert!(listed.created_time().is_some());

    desire(&client, 0).await;
    only(&simulator, "Warmed:Pending:Wait").await;
    client
        .record_lifecycle_action_heartbeat()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("terminate")
        .instance_id(&id)
        .send()
        .await
        .expect("a heartbeat");
    complete("terminate", id.clone()).await.expect("coming back");
    assert_eq!(only(&simulator, "Warmed:Stopped").await.id, id, "the same instance");

    let delete = client.delete_auto_scaling_group().auto_scaling_group_name("g");
    assert_eq!(refusal(delete.clone().send().await).0, "ResourceInUse");
    delete.force_delete(true).send().await.expect("a deletion");
    only(&simulator, "Warmed:Terminating:Wait").await;
    complete("terminate", id.clone()).await.expect("leaving for good");
    simulator.wait_until("all are gone", crate::bed::PATIENCE, <[_]>::is_empty).await.expect("in time");
    assert_eq!(simulator.instance(&id).expect("remembered").lifecycle_state, "Warmed:Terminated");

    let completions =
        simulator.calls().into_iter().filter(|call| call.operation == "CompleteLifecycleAction");
    let completions: Vec<_> = completions.collect();
    assert_eq!(completions.len(), 4);
    for call in completions {
        assert_eq!((call.status, call.error, call.caller.as_str()), (200, None, CALLER));
        assert_eq!(call.params["InstanceId"], id);
    }
}

#[tokio::test]
async fn tags_and_describing_operations_reach_the_client_whole() {
    let (_simulator, client) = start().await;
    let odd = "<&> \"é\" +%";
    let tag = Tag::builder().key("team").value(odd).propagate_at_launch(true).build();
    new_group(&client, "g")
        .min_size(3)
        .max_size(3)
        .set_availability_zones(Some(vec!["us-east-1f".to_owned()]))
        .tags(tag)
        .send()
        .await
        .expect("a group");
    let later =
        Tag::builder().resource_id("g").resource_type("auto-scaling-group").key("late").value("yes").build();
    client.create_or_update_tags().tags(later).send().await.expect("a tag");
    let filter = Filter::builder().name("tag:team").values(odd).build();
    let groups = client.describe_auto_scaling_groups().filters(filter).send().await.expect("groups");
    let group = &groups.auto_scaling_groups()[0];
    let tags: Vec<_> = group.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(tags, [(Some("late"), Some("yes")), (Some("team"), Some(odd))]);
    let other = Filter::builder().name("tag-key").values("nobody").build();
    let none = client.describe_auto_scaling_groups().filters(other).send().await.expect("groups");
    assert!(none.auto_scaling_groups().is_empty());
    let without =
        client.describe_auto_scaling_groups().include_instances(false).send().await.expect("groups");
    assert!(without.auto_scaling_groups()[0].instances().is_empty());

    let pages: Vec<_> = client
        .describe_auto_scaling_instances()
        .max_records(2)
        .into_paginator()
        .send()
        .collect::<Result<_, _>>()
        .await
        .expect("pages");
    let sizes: Vec<_> = pages.iter().map(|page| page.auto_scaling_instances().len()).collect();
    assert_eq!(sizes, [2, 1]);
    let row = &pages[1].auto_scaling_instances()[0];
    assert_eq!((row.health_status(), row.availability_zone()), (Some("HEALTHY"), Some("us-east-1f")));
    let unknown =
        client.describe_auto_scaling_instances().instance_ids("i-0").send().await.expect("an answer");
    assert!(unknown.auto_scaling_instances().is_empty());

    let victim = row.instance_id().unwrap_or_default();
    let terminate = client.terminate_instance_in_auto_scaling_group().instance_id(victim);
    let refused = refusal(terminate.clone().should_decrement_desired_capacity(true).send().await);
    assert!(refused.1.contains("desiredSize equals minSize"), "{refused:?}");
    let answer = terminate.should_decrement_desired_capacity(false).send().await.expect("a termination");
    assert!(answer.activity().and_then(|activity| activity.activity_id()).is_some());
}

#[tokio::test]
async fn hooks_are_described_and_deleted() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let put = client
        .put_lifecycle_hook()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("h")
        .lifecycle_transition("autoscaling:EC2_INSTANCE_TERMINATING");
    put.clone().heartbeat_timeout(2).default_result("CONTINUE").send().await.expect("a short hook");
    let describe = || client.describe_lifecycle_hooks().auto_scaling_group_name("g").send();
    let hooks = describe().await.expect("hooks");
    let hook = &hooks.lifecycle_hooks()[0];
    assert_eq!((hook.heartbeat_timeout(), hook.global_timeout()), (Some(2), Some(200)));
    assert_eq!(hook.default_result(), Some("CONTINUE"));
    assert_eq!(refusal(put.heartbeat_timeout(0).send().await).0, "ValidationError");
    let delete =
        || client.delete_lifecycle_hook().auto_scaling_group_name("g").lifecycle_hook_name("h").send();
    delete().await.expect("a deletion");
    assert!(describe().await.expect("hooks").lifecycle_hooks().is_empty());
    assert_eq!(refusal(delete().await).0, "ValidationError");
}

#[tokio::test]
async fn real_time_alone_applies_the_default_result() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    client
        .put_lifecycle_hook()
        .auto_scaling_group_name("g")
        .lifecycle_hook_name("h")
        .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
        .heartbeat_timeout(1)
        .default_result("CONTINUE")
        .send()
        .await
        .expect("a hook");
    let mut events = simulator.subscribe();
    desire(&client, 1).await;
    only(&simulator, "InService").await;
    let mut ended = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::ActionCompleted { by, .. } = event {
            ended.push(by);
        }
    }
    assert_eq!(ended, [CompletedBy::TimedOut]);
}

#[tokio::test]
async fn the_observer_sees_a_completion_before_it_takes_effect() {
    let (simulator, client) = start().await;
    group(&client, 0).await;
    launch_hook(&client).await;
    desire(&client, 1).await;
    let id = only(&simulator, "Pending:Wait").await.id;

    let seen = Arc::new(Mutex::new(Vec::new()));
    let (record, asking) = (seen.clone(), client.clone());
    simulator.before_complete(move |request| {
        let (record, client) = (record.clone(), asking.clone());
        Box::pin(async move {
            // Long enough that an answer that does not wait would be seen.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let ids = request.instance.clone();
            let answer = client.describe_auto_scaling_instances().set_instance_ids(ids.map(|id| vec![id]));
            let answer = answer.send().await.expect("the API answers meanwhile");
            let state = answer.auto_scaling_instances()[0].lifecycle_state().map(str::to_owned);
            record.lock().expect("a lock").push((request, state));
        })
    });
    let complete = complete(&client, &id);
    complete.clone().send().await.expect("a completion");
    only(&simulator, "InService").await;
    let (code, message) = refusal(complete.send().await);
    assert_eq!(code, "ValidationError");
    assert_eq!(message, format!("No active Lifecycle Action found with instance ID {id}"));

    let seen = seen.lock().expect("a lock");
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[0].0.caller.as_str(), seen[0].1.as_deref()), (CALLER, Some("Pending:Wait")));
    assert!(seen[0].0.transition.is_some() && seen[1].0.transition.is_none(), "{seen:?}");
}
