//! Bytes that no client would send.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::bed::{PATIENCE, client, start};

const REQUESTS: &[&str] = &[
    "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/autoscaling/aws4_request, SignedHeaders=host, Signature=0\r\nDate: x\r\nContent-Length: 60\r\n\r\nAction=DescribeWarmPool&Version=2011-01-01&AutoScalingGroupName=",
    "GET /?Action=CreateAutoScalingGroup&MinSize=1&MaxSize=9&AutoScalingGroupName=g HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/autoscaling/aws4_request, SignedHeaders=host, Signature=0\r\nDate: x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0\r\nDate: x\r\nx-amz-target: AmazonSQS.SendMessage\r\nContent-Length: 33\r\n\r\n{\"QueueUrl\":\"u\",\"MessageBody\":[]}",
    "POST /_simulator/faults HTTP/1.1\r\nHost: x\r\nContent-Length: 32\r\n\r\n{\"fault\":\"delay\",\"operation\":{}}",
    "POST /_simulator/instances/i-1/state HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{\"state\":\"x\"}",
    "GET /_simulator/calls?since=2026-01-01T00:00:00Z&limit=1&after=9 HTTP/1.1\r\nHost: x\r\n\r\n",
];

/// A request with some bytes changed, left out or put in.
fn spoilt(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = REQUESTS[random.usize(..REQUESTS.len())].as_bytes().to_vec();
    for _ in 0..random.usize(..6) {
        let at = random.usize(..bytes.len());
        match random.u8(..3) {
            0 => bytes[at] = random.u8(..),
            1 => drop(bytes.remove(at)),
            _ => bytes.insert(at, random.u8(..)),
        }
    }
    bytes
}

/// Sends all of it, ends, and reads what comes back.
fn exchange(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it still listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    // It may be cut before all is sent or read.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_requests_are_refused_and_the_next_call_is_served() {
    let (simulator, _) = start().await;
    let endpoint = simulator.endpoint();
    let address = endpoint.trim_start_matches("http://").to_owned();
    let sending = tokio::task::spawn_blocking(move || {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..400 {
            let bytes = spoilt(&mut random);
            let answer = exchange(&address, &bytes);
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!answer.starts_with("HTTP/1.1 5"), "{shown}\n{answer}");
        }
        for _ in 0..100 {
            let length = random.usize(1..300);
            let noise: Vec<_> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
            let answer = exchange(&address, &noise);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
    });
    sending.await.expect("no panic");
    simulator.clear_faults();
    assert!(client(&endpoint).describe_auto_scaling_groups().send().await.is_ok());
}
