//! Clients that mean harm, or mean well and are broken, at the endpoint and at metadata services.

use std::io::{Read, Write};
use std::net::TcpStream;

use aws_simulator::{InstanceInfo, Simulator};

use crate::bed::{PATIENCE, ask, group, only, raw, start};

const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";

async fn serving() -> (Simulator, InstanceInfo) {
    let (simulator, client) = start().await;
    group(&client, 1).await;
    let instance = only(&simulator, "InService").await;
    (simulator, instance)
}

/// That both are still there for others.
async fn still_serves(simulator: &Simulator, instance: &InstanceInfo) {
    assert_eq!(ask(&simulator.endpoint(), "GET", "/_simulator/instances", &[]).await.0, 200);
    let token = ask(&instance.imds_endpoint, "PUT", "/latest/api/token", &[(TTL, "60")]).await.1;
    let token = [("X-aws-ec2-metadata-token", token.as_str())];
    let read = ask(&instance.imds_endpoint, "GET", "/latest/meta-data/instance-id", &token).await;
    assert_eq!(read, (200, instance.id.clone()));
}

/// The status of whatever comes back; none if the connection ends without an answer.
async fn status(endpoint: &str, request: impl Into<Vec<u8>>) -> Option<u16> {
    let answer = raw(endpoint, request).await.unwrap_or_default();
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[tokio::test]
async fn heads_that_are_no_heads_are_refused() {
    let (simulator, instance) = serving().await;
    let long = "x".repeat(1 << 20);
    let many = "X-Many: y\r\n".repeat(500);
    // The last is a whole head, and its body no body: the endpoint reads it, a metadata service does not get so far.
    for (endpoint, of_body) in [(simulator.endpoint(), 413), (instance.imds_endpoint.clone(), 405)] {
        for (request, expected) in [
            (format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n").into_bytes(), 431),
            (b"GET /latest/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 400),
            (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n".to_vec(), 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400),
            (b"GET / HTTP/1.1\r\nHost: x\r\nX-Bad\x00: y\r\n\r\n".to_vec(), 400),
            (
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_vec(),
                400,
            ),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(), of_body),
        ] {
            let shown = String::from_utf8_lossy(&request).chars().take(60).collect::<String>();
            assert_eq!(status(&endpoint, request).await, Some(expected), "{endpoint} {shown}");
        }
        for request in [
            format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"),
            format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        ] {
            let shown = request[..20].to_owned();
            // Who still sends when the connection ends may lose the answer.
            let got = status(&endpoint, request).await;
            assert!(got.is_none_or(|got| got == 431), "{endpoint} {shown}: {got:?}");
        }
    }
    still_serves(&simulator, &instance).await;
}

/// Connections to an endpoint; every second one has sent half a request.
fn hold(endpoint: &str) -> Vec<TcpStream> {
    let address = endpoint.trim_start_matches("http://");
    let connect = |number| {
        let mut stream = TcpStream::connect(address).expect("a connection");
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: ").expect("half a request");
        }
        stream
    };
    (0..500).map(connect).collect()
}

#[tokio::test]
async fn a_thousand_connections_that_say_nothing_or_half_do_not_keep_others_out() {
    let (simulator, instance) = serving().await;
    for endpoint in [simulator.endpoint(), instance.imds_endpoint.clone()] {
        let held = tokio::task::spawn_blocking(move || hold(&endpoint)).await.expect("no panic");
        still_serves(&simulator, &instance).await;
        assert_eq!(held.len(), 500);
    }
    still_serves(&simulator, &instance).await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_is_no_harm() {
    let (simulator, instance) = serving().await;
    for endpoint in [simulator.endpoint(), instance.imds_endpoint.clone()] {
        let address = endpoint.trim_start_matches("http://");
        for part in [
            "",
            "GET",
            "PUT /latest/api/token HTTP/1.1\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nAct",
        ] {
            for _ in 0..20 {
                let mut stream = TcpStream::connect(address).expect("a connection");
                stream.write_all(part.as_bytes()).expect("a part");
            }
        }
    }
    still_serves(&simulator, &instance).await;
}

#[tokio::test]
async fn a_body_that_nobody_wants_does_not_hold_up_a_metadata_service() {
    let (simulator, instance) = serving().await;
    let request = "PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
    let address = instance.imds_endpoint.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
        stream.write_all(request.as_bytes()).expect("a head");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).map(|()| answer)
    });
    let answer = answer.await.expect("no panic").expect("an answer before the body");
    assert_eq!(&answer, b"HTTP/1.1 400");
    still_serves(&simulator, &instance).await;
}

#[tokio::test]
async fn methods_and_lifetimes_that_are_none_are_refused_by_a_metadata_service() {
    let (_simulator, instance) = serving().await;
    let endpoint = &instance.imds_endpoint;
    for (ttl, expected) in [
        ("1", 200),
        ("21600", 200),
        ("0", 400),
        ("21601", 400),
        ("-1", 400),
        ("1.5", 400),
        ("1e3", 400),
        ("0x10", 400),
        ("99999999999999999999999999", 400),
        ("", 400),
    ] {
        assert_eq!(ask(endpoint, "PUT", "/latest/api/token", &[(TTL, ttl)]).await.0, expected, "{ttl}");
    }
    for (method, path, expected) in [
        ("GET", "/latest/api/token", 405),
        ("POST", "/latest/api/token", 405),
        ("HEAD", "/latest/meta-data/", 401),
        ("OPTIONS", "/latest/meta-data/", 200),
        ("POST", "/latest/meta-data/", 405),
        ("DELETE", "/latest/meta-data/", 405),
        ("TRACE", "/latest/meta-data/", 405),
        ("BREW", "/latest/meta-data/", 405),
        ("GET", "http://169.254.169.254/latest/meta-data/", 401),
    ] {
        assert_eq!(ask(endpoint, method, path, &[]).await.0, expected, "{method} {path}");
    }
}
