//! Tags of groups and what the service tells about itself, as the real SDK sees them.

use aws_sdk_autoscaling::types::{Filter, Tag, TagDescription};

use crate::bed::{new_group, refusal, start};

fn tag(group: &str, key: &str, value: &str, propagate: bool) -> Tag {
    Tag::builder()
        .resource_id(group)
        .resource_type("auto-scaling-group")
        .key(key)
        .value(value)
        .propagate_at_launch(propagate)
        .build()
}

#[tokio::test]
async fn tags_are_found_by_all_filters_in_pages_and_deleted_by_key() {
    let (_simulator, client) = start().await;
    for name in ["a", "b"] {
        new_group(&client, name).min_size(0).max_size(1).send().await.expect("a group");
    }
    client
        .create_or_update_tags()
        .tags(tag("a", "team", "blue", true))
        .tags(tag("a", "stage", "test", false))
        .tags(tag("b", "team", "red", false))
        .send()
        .await
        .expect("tags");
    let find = |filters: &[(&str, &str)]| {
        let filters =
            filters.iter().map(|(name, value)| Filter::builder().name(*name).values(*value).build());
        client.describe_tags().set_filters(Some(filters.collect())).send()
    };
    for (filters, expected) in [
        (vec![], vec!["stage=test", "team=blue", "team=red"]),
        (vec![("auto-scaling-group", "a")], vec!["stage=test", "team=blue"]),
        (vec![("key", "team")], vec!["team=blue", "team=red"]),
        (vec![("value", "red")], vec!["team=red"]),
        (vec![("propagate-at-launch", "true")], vec!["team=blue"]),
        (vec![("key", "team"), ("auto-scaling-group", "b")], vec!["team=red"]),
        (vec![("key", "nobody's")], vec![]),
    ] {
        let answer = find(&filters).await.expect("tags");
        let found: Vec<_> = answer
            .tags()
            .iter()
            .map(|tag| format!("{}={}", tag.key().unwrap_or_default(), tag.value().unwrap_or_default()))
            .collect();
        assert_eq!(found, expected, "{filters:?}");
    }
    assert_eq!(refusal(find(&[("colour", "red")]).await).0, "ValidationError");

    let mut pages = client.describe_tags().max_records(1).into_paginator().send();
    let mut owners = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        assert_eq!(page.tags().len(), 1);
        owners.extend(page.tags().iter().filter_map(TagDescription::resource_id).map(str::to_owned));
    }
    assert_eq!(owners, ["a", "a", "b"]);

    let delete = |group: &str, key: &str| client.delete_tags().tags(tag(group, key, "", false)).send();
    delete("a", "team").await.expect("a deletion");
    delete("a", "team").await.expect("what is gone may be deleted again");
    assert_eq!(refusal(delete("c", "team").await).0, "ValidationError");
    assert_eq!(find(&[("key", "team")]).await.expect("tags").tags().len(), 1);
}

#[tokio::test]
async fn the_service_tells_its_limits_and_types() {
    let (_simulator, client) = start().await;
    crate::bed::group(&client, 0).await;
    let limits = client.describe_account_limits().send().await.expect("limits");
    assert_eq!(
        (limits.number_of_auto_scaling_groups(), limits.max_number_of_auto_scaling_groups()),
        (Some(1), Some(500))
    );
    let hooks = client.describe_lifecycle_hook_types().send().await.expect("types");
    assert!(hooks.lifecycle_hook_types().contains(&"autoscaling:EC2_INSTANCE_TERMINATING".to_owned()));
    let policies = client.describe_termination_policy_types().send().await.expect("types");
    assert_eq!(policies.termination_policy_types().len(), 7);
    let adjustments = client.describe_adjustment_types().send().await.expect("types");
    let names: Vec<_> =
        adjustments.adjustment_types().iter().filter_map(|one| one.adjustment_type()).collect();
    assert_eq!(names, ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"]);
}
