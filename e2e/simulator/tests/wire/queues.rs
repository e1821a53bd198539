//! SQS through the real SDK.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry,
};
use aws_simulator::{Fault, QueueInfo};

use crate::bed::{CALLER, PATIENCE, queue, raw, refusal, signed, sqs, start};

async fn send(client: &Client, url: &str, body: &str) {
    client.send_message().queue_url(url).message_body(body).send().await.expect("a message sent");
}

async fn receive(client: &Client, url: &str, wait: i32) -> Vec<Message> {
    let receive = client.receive_message().queue_url(url).wait_time_seconds(wait).max_number_of_messages(10);
    receive.send().await.expect("an answer").messages.unwrap_or_default()
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    assert_eq!(url, format!("{}/000000000000/q", simulator.endpoint()));
    let found = client.get_queue_url().queue_name("q").send().await.expect("a queue");
    assert_eq!(found.queue_url(), Some(url.as_str()));

    let value =
        MessageAttributeValue::builder().data_type("String").string_value("v").build().expect("a value");
    let sent =
        client.send_message().queue_url(&url).message_body("abc").message_attributes("n", value.clone());
    let sent = sent.send().await.expect("a message sent");
    // The digest of "abc" in RFC 1321.
    assert_eq!(sent.md5_of_message_body(), Some("900150983cd24fb0d6963f7d28e17f72"));

    let received = client
        .receive_message()
        .queue_url(&url)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .expect("an answer");
    let message = &received.messages()[0];
    assert_eq!(message.body(), Some("abc"));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(message.message_attributes().and_then(|all| all.get("n")), Some(&value));
    let system = message.attributes().expect("attributes");
    assert_eq!(system[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    let moment = |name| system[&name].parse::<u64>().expect("milliseconds");
    let sent_at = moment(MessageSystemAttributeName::SentTimestamp);
    assert!(sent_at > 1_700_000_000_000);
    assert!(moment(MessageSystemAttributeName::ApproximateFirstReceiveTimestamp) >= sent_at);

    // Not seen again within its visibility timeout.
    assert!(receive(&client, &url, 0).await.is_empty());
    let in_flight = QueueInfo { in_flight: 1, received: 1, ..QueueInfo::default() };
    assert_eq!(simulator.queue(&url), Some(in_flight));
    let delete = client.delete_message().queue_url(&url);
    delete.receipt_handle(message.receipt_handle().expect("a handle")).send().await.expect("deleted");
    let deleted = QueueInfo { received: 1, deleted: 1, ..QueueInfo::default() };
    assert_eq!(simulator.queue(&url), Some(deleted));
}

#[tokio::test]
async fn a_waiting_reader_gets_a_message_that_arrives() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    let reader = tokio::spawn({
        let (client, url) = (client.clone(), url.clone());
        async move { receive(&client, &url, 20).await }
    });
    // Nothing tells from outside that it waits; but it asked before these, and they are answered.
    for _ in 0..5 {
        tokio::task::yield_now().await;
        assert!(receive(&client, &url, 0).await.is_empty());
    }
    send(&client, &url, "late").await;
    // Far sooner than the wait would end by itself.
    let received = tokio::time::timeout(PATIENCE / 2, reader).await.expect("in time").expect("no panic");
    assert_eq!(bodies(&received), ["late"]);
}

#[tokio::test]
async fn a_waiting_reader_gets_a_message_that_becomes_visible_again() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    send(&client, &url, "again").await;
    let first =
        client.receive_message().queue_url(&url).visibility_timeout(1).send().await.expect("an answer");
    assert_eq!(first.messages().len(), 1);
    let again = tokio::time::timeout(PATIENCE / 2, receive(&client, &url, 20)).await.expect("in time");
    assert_eq!(bodies(&again), ["again"]);
}

#[tokio::test]
async fn a_reader_who_hangs_up_swallows_no_message() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    let cut = || simulator.calls().iter().any(|call| call.operation == "ReceiveMessage" && call.status == 0);
    let mut pause = Duration::from_millis(20);
    // Nothing tells from outside that it waits: it leaves later and later until it has been there.
    while !cut() {
        assert!(pause < PATIENCE);
        let left = tokio::time::timeout(pause, receive(&client, &url, 20)).await;
        assert!(left.is_err(), "there was nothing to receive");
        let _ = simulator.wait_until("the cut call is recorded", pause, |_| cut()).await;
        pause *= 2;
    }
    send(&client, &url, "m").await;
    assert_eq!(bodies(&receive(&client, &url, 0).await), ["m"]);
}

#[tokio::test]
async fn of_several_waiting_readers_one_gets_the_message() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    let read = |_| {
        let (client, url) = (client.clone(), url.clone());
        tokio::spawn(async move { receive(&client, &url, 1).await.len() })
    };
    let readers: Vec<_> = (0..5).map(read).collect();
    send(&client, &url, "m").await;
    let mut received = 0;
    for reader in readers {
        received += reader.await.expect("no panic");
    }
    assert_eq!(received, 1);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_comes_back() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    send(&client, &url, "twice").await;
    simulator.fault("ReceiveMessage", Fault::LoseReply);
    assert!(client.receive_message().queue_url(&url).visibility_timeout(1).send().await.is_err());
    simulator.clear_faults();
    assert_eq!(bodies(&receive(&client, &url, 20).await), ["twice"]);
}

#[tokio::test]
async fn batches_succeed_and_fail_entry_by_entry() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().expect("an entry")
    };
    let sent =
        client.send_message_batch().queue_url(&url).entries(entry("a", "one")).entries(entry("b", "\u{1}"));
    let sent = sent.send().await.expect("an answer");
    assert_eq!(sent.successful()[0].id(), "a");
    assert_eq!((sent.failed()[0].id(), sent.failed()[0].code()), ("b", "InvalidMessageContents"));

    let received = receive(&client, &url, 0).await;
    assert_eq!(bodies(&received), ["one"]);
    let entry = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().expect("an entry")
    };
    let handle = received[0].receipt_handle().expect("a handle");
    let deleted =
        client.delete_message_batch().queue_url(&url).entries(entry("x", handle)).entries(entry("y", "no"));
    let deleted = deleted.send().await.expect("an answer");
    assert_eq!(deleted.successful()[0].id(), "x");
    assert_eq!((deleted.failed()[0].id(), deleted.failed()[0].code()), ("y", "ReceiptHandleIsInvalid"));
    assert_eq!(simulator.queue(&url).map(|info| info.deleted), Some(1));
}

#[tokio::test]
async fn refusals_have_the_types_that_the_sdk_knows() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    let gone = format!("{}/000000000000/gone", simulator.endpoint());
    let error =
        client.receive_message().queue_url(&gone).send().await.expect_err("no queue").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    assert_eq!(error.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert_eq!(error.message(), Some("The specified queue does not exist."));
    let error =
        client.get_queue_url().queue_name("gone").send().await.expect_err("no queue").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    let delete = client.delete_message().queue_url(&url).receipt_handle("nonsense");
    let error = delete.send().await.expect_err("no handle").into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    let create = client.create_queue().queue_name("q").attributes(QueueAttributeName::VisibilityTimeout, "7");
    assert!(create.send().await.expect_err("another").into_service_error().is_queue_name_exists());
    let create =
        client.create_queue().queue_name("r").attributes(QueueAttributeName::VisibilityTimeout, "-1");
    assert!(create.send().await.expect_err("too little").into_service_error().is_invalid_attribute_value());
    let batch = client.send_message_batch().queue_url(&url).set_entries(Some(Vec::new()));
    assert!(batch.send().await.expect_err("empty").into_service_error().is_empty_batch_request());
    let many = client.receive_message().queue_url(&url).max_number_of_messages(11).send().await;
    assert_eq!(refusal(many).0, "InvalidParameterValue");
}

#[tokio::test]
async fn faults_speak_sqs_and_calls_are_recorded_with_their_parameters() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    for (fault, code, status) in [
        (Fault::Throttle { share: 1.0 }, "RequestThrottled", 400),
        (Fault::Deny, "AccessDenied", 403),
        (Fault::Fail { status: 503, code: "ServiceUnavailable".into() }, "ServiceUnavailable", 503),
    ] {
        simulator.fault("ReceiveMessage", fault);
        let result = client.receive_message().queue_url(&url).send().await;
        let raw = result.as_ref().err().and_then(|error| error.raw_response());
        assert_eq!(raw.map(|raw| raw.status().as_u16()), Some(status));
        assert_eq!(refusal(result).0, code);
        simulator.clear_faults();
    }
    assert!(client.receive_message().queue_url(&url).wait_time_seconds(0).send().await.is_ok());
    let calls = simulator.calls();
    let call = calls.last().expect("a call");
    assert_eq!((call.operation.as_str(), call.status, call.caller.as_str()), ("ReceiveMessage", 200, CALLER));
    assert_eq!(call.params["QueueUrl"], url);
    assert_eq!(call.params["WaitTimeSeconds"], "0");
    let errors: Vec<_> = calls.iter().filter_map(|call| call.error.as_deref()).collect();
    assert_eq!(errors, ["RequestThrottled", "AccessDenied", "ServiceUnavailable"]);
}

#[tokio::test]
async fn a_refusal_has_awss_shape_on_the_wire() {
    let (simulator, _) = start().await;
    let body = r#"{"QueueUrl":"http://x/000000000000/gone"}"#;
    let request = format!(
        "POST /000000000000/gone HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: AmazonSQS.PurgeQueue\r\n\
         {}Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n{body}",
        signed("sqs"),
        body.len()
    );
    let answer = raw(&simulator.endpoint(), request).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    for part in [
        "content-type: application/x-amz-json-1.0\r\n",
        "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender\r\n",
        "x-amzn-requestid: ",
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#,
    ] {
        assert!(answer.contains(part), "{part} in {answer}");
    }
}

#[tokio::test]
async fn queues_are_listed_described_changed_purged_and_deleted() {
    let (simulator, _) = start().await;
    let client = sqs(&simulator);
    let url = queue(&client).await;
    let listed = client.list_queues().queue_name_prefix("q").send().await.expect("a list");
    assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
    assert!(
        client.list_queues().queue_name_prefix("x").send().await.expect("a list").queue_urls().is_empty()
    );
    let set = client.set_queue_attributes().queue_url(&url);
    set.attributes(QueueAttributeName::MessageRetentionPeriod, "60").send().await.expect("changed");
    send(&client, &url, "one").await;
    let all = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All);
    let all = all.send().await.expect("attributes").attributes.expect("attributes");
    for (name, value) in [
        (QueueAttributeName::QueueArn, "arn:aws:sqs:us-east-1:000000000000:q"),
        (QueueAttributeName::MessageRetentionPeriod, "60"),
        (QueueAttributeName::VisibilityTimeout, "30"),
        (QueueAttributeName::ApproximateNumberOfMessages, "1"),
    ] {
        assert_eq!(all[&name], value, "{name}");
    }
    client.purge_queue().queue_url(&url).send().await.expect("purged");
    assert_eq!(simulator.queue(&url), Some(QueueInfo::default()));
    client.delete_queue().queue_url(&url).send().await.expect("deleted");
    assert_eq!(simulator.queue(&url), None);
}
