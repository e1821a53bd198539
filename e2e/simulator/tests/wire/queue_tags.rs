//! Tags of queues, and visibility changed in batches, through the real SDK.

use std::collections::HashMap;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, ChangeMessageVisibilityBatchResultEntry};
use aws_simulator::QueueInfo;

use crate::bed::{queue, sqs, start};

fn tags(all: &[(&str, &str)]) -> HashMap<String, String> {
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_queue_keeps_the_tags_it_is_made_with_gets_others_and_loses_them() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let created = client.create_queue().queue_name("q").tags("a", "1").tags("b", "2").send().await;
    let url = created.expect("a queue").queue_url.expect("an address");
    let listed = async || client.list_queue_tags().queue_url(&url).send().await.expect("tags").tags;
    assert_eq!(listed().await, Some(tags(&[("a", "1"), ("b", "2")])));
    client.tag_queue().queue_url(&url).tags("b", "3").tags("c", "").send().await.expect("tagged");
    client.untag_queue().queue_url(&url).tag_keys("a").tag_keys("no").send().await.expect("untagged");
    assert_eq!(listed().await, Some(tags(&[("b", "3"), ("c", "")])));
    for (key, value) in [("aws:x", "v".to_owned()), ("k", "v".repeat(257))] {
        let error = client.tag_queue().queue_url(&url).tags("d", "4").tags(key, value).send().await;
        assert_eq!(error.expect_err("refused").code(), Some("InvalidParameterValue"), "{key}");
    }
    let many = (0..49).map(|n| (n.to_string(), String::new())).collect();
    let error = client.tag_queue().queue_url(&url).set_tags(Some(many)).send().await.expect_err("51 tags");
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    assert_eq!(listed().await, Some(tags(&[("b", "3"), ("c", "")])), "all or nothing");
    client.untag_queue().queue_url(&url).tag_keys("b").tag_keys("c").send().await.expect("untagged");
    assert_eq!(listed().await, None);
}

#[tokio::test]
async fn visibility_changes_in_batches_entry_by_entry() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    for body in ["one", "two"] {
        client.send_message().queue_url(&url).message_body(body).send().await.expect("sent");
    }
    let received = client.receive_message().queue_url(&url).max_number_of_messages(10).send().await;
    let handles: Vec<_> = received.expect("messages").messages.unwrap_or_default();
    let entry = |id: &str, handle: Option<&str>, timeout| {
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(handle.unwrap_or("no"))
            .visibility_timeout(timeout)
            .build()
            .expect("an entry")
    };
    let changed = client
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(entry("now", handles[0].receipt_handle(), 0))
        .entries(entry("later", handles[1].receipt_handle(), 600))
        .entries(entry("strange", None, 0))
        .entries(entry("long", handles[1].receipt_handle(), 43_201))
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        changed.successful().iter().map(ChangeMessageVisibilityBatchResultEntry::id).collect::<Vec<_>>(),
        ["now", "later"]
    );
    let failed: Vec<_> = changed.failed().iter().map(|one| (one.id(), one.code())).collect();
    assert_eq!(failed, [("strange", "ReceiptHandleIsInvalid"), ("long", "InvalidParameterValue")]);
    let info = QueueInfo { visible: 1, in_flight: 1, received: 2, ..QueueInfo::default() };
    assert_eq!(simulator.queue(&url), Some(info));
    let twice = client
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(entry("a", None, 0))
        .entries(entry("a", None, 0));
    let error = twice.send().await.expect_err("the same id twice").into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct(), "{error:?}");
}
