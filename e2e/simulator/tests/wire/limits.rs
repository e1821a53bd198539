//! Names, numbers and tags outside of what AWS allows.

use aws_sdk_autoscaling::types::Tag;

use crate::bed::{group, new_group, refusal, start};

fn tag(group: &str, key: &str) -> Tag {
    Tag::builder().resource_id(group).resource_type("auto-scaling-group").key(key).value("v").build()
}

#[tokio::test]
async fn the_name_of_a_hook_is_letters_digits_dashes_underscores_and_slashes() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let put = |name: &str| {
        let put = client.put_lifecycle_hook().auto_scaling_group_name("g").lifecycle_hook_name(name);
        put.lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING").send()
    };
    for name in ["a hook", "a.hook", "häkchen", "a:b"] {
        let (code, message) = refusal(put(name).await);
        let pattern = "Member must satisfy regular expression pattern: [A-Za-z0-9\\-_\\/]+";
        assert_eq!(code, "ValidationError", "{name}");
        assert!(message.ends_with(pattern), "{name}: {message}");
    }
    for name in ["a-hook", "a/hook", "A_1"] {
        put(name).await.expect(name);
    }
}

#[tokio::test]
async fn sizes_are_ordered_and_never_negative() {
    let (_simulator, client) = start().await;
    let create = |min, max| new_group(&client, "g").min_size(min).max_size(max);
    let negative = |name: &str| {
        format!(
            "1 validation error detected: Value '-1' at '{name}' failed to satisfy constraint: Member must have value \
             greater than or equal to 0"
        )
    };
    let order = "Max bound, 1, must be greater than or equal to min bound, 2".to_owned();
    let outside = "Desired capacity:4 must be between the specified min size:1 and max size:3".to_owned();
    for (refused, expected) in [
        (refusal(create(-1, 1).send().await), negative("minSize")),
        (refusal(create(0, -1).send().await), negative("maxSize")),
        (refusal(create(2, 1).send().await), order),
        (refusal(create(1, 3).desired_capacity(4).send().await), outside),
        (refusal(create(1, 3).desired_capacity(-1).send().await), negative("desiredCapacity")),
    ] {
        assert_eq!(refused, ("ValidationError".to_owned(), expected));
    }
    create(1, 3).desired_capacity(3).send().await.expect("a group");
    let desire =
        |desired| client.set_desired_capacity().auto_scaling_group_name("g").desired_capacity(desired).send();
    assert_eq!(refusal(desire(-1).await).1, negative("desiredCapacity"));
    let below = "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.";
    assert_eq!(refusal(desire(0).await).1, below);
    desire(2).await.expect("within the limits");
}

#[tokio::test]
async fn an_instance_of_no_group_is_not_terminated() {
    let (_simulator, client) = start().await;
    let id = "i-0123456789abcdef0";
    let terminate = client.terminate_instance_in_auto_scaling_group().instance_id(id);
    let refused = refusal(terminate.should_decrement_desired_capacity(false).send().await);
    let text = format!("Instance Id not found - No managed instance found for instance ID: {id}");
    assert_eq!(refused, ("ValidationError".to_owned(), text));
}

#[tokio::test]
async fn reserved_keys_and_other_resources_are_not_tagged() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let put = |tag: Tag| client.create_or_update_tags().tags(tag).send();
    let other = Tag::builder().resource_id("g").resource_type("instance").key("k").build();
    for tag in [tag("g", "aws:name"), tag("g", "AWS:name"), other] {
        assert_eq!(refusal(put(tag.clone()).await).0, "ValidationError", "{tag:?}");
    }
    let create = new_group(&client, "h").min_size(0).max_size(1);
    assert_eq!(refusal(create.tags(tag("h", "aws:name")).send().await).0, "ValidationError");
    put(tag("g", "awsome")).await.expect("a key of one's own");
}

#[tokio::test]
async fn a_group_has_fifty_tags_and_no_more() {
    let (_simulator, client) = start().await;
    group(&client, 0).await;
    let many = |from: usize, to: usize| (from..to).map(|at| tag("g", &format!("k{at}"))).collect();
    let put = |tags: Vec<Tag>| client.create_or_update_tags().set_tags(Some(tags)).send();
    put(many(0, 50)).await.expect("fifty tags");
    assert_eq!(refusal(put(many(49, 51)).await).0, "LimitExceeded");
    put(many(0, 50)).await.expect("the same fifty");
    let tags = client.describe_tags().max_records(100).send().await.expect("tags");
    assert_eq!(tags.tags().len(), 50, "the refused one is not there");
    let create = new_group(&client, "h").min_size(0).max_size(1);
    assert_eq!(refusal(create.set_tags(Some(many(0, 51))).send().await).0, "LimitExceeded");
}
