use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";

/// A service that reads bodies of up to 10 bytes, and its address.
async fn service(limits: Limits) -> (Service, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = Service::start_within(limits, listener, |request: Request<Incoming>| async {
        let body = body_within(Duration::from_millis(100), request.into_body(), 10).await;
        Some(match body {
            Some(body) => answer(200, "text/plain", body),
            None => answer(413, "text/plain", "no"),
        })
    });
    (service, address)
}

async fn sent(address: std::net::SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // It may be cut while it is sent.
    let _ = stream.write_all(bytes).await;
    stream
}

/// All that comes until the other side closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await;
    let _ = read.expect("it is closed in time");
    String::from_utf8_lossy(&all).into_owned()
}

/// What comes first.
async fn first(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 1000];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await;
    let count = read.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&buffer[..count]).into_owned()
}

#[tokio::test]
async fn a_head_that_trickles_in_for_ever_is_given_up() {
    let limits = Limits { head_time: Duration::from_millis(100), ..Limits::default() };
    let (_service, address) = service(limits).await;
    let stream = sent(address, b"POST / HTTP/1.1\r\nHost: ").await;
    assert!(!rest(stream).await.contains(" 200 "));
    assert!(first(&mut sent(address, REQUEST).await).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let (_service, address) = service(Limits::default()).await;
    let mut stream = sent(address, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhi").await;
    assert!(first(&mut stream).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_head_without_end_is_not_swallowed() {
    let (_service, address) = service(Limits { head: 8192, ..Limits::default() }).await;
    let head = [b"GET / HTTP/1.1\r\nA: ".as_slice(), &vec![b'a'; 100_000]].concat();
    assert!(!rest(sent(address, &head).await).await.contains(" 200 "));
}

#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let (_service, address) = service(Limits { connections: 1, ..Limits::default() }).await;
    let mut one = sent(address, REQUEST).await;
    assert!(first(&mut one).await.starts_with("HTTP/1.1 200"));
    let mut other = sent(address, REQUEST).await;
    let early = tokio::time::timeout(Duration::from_millis(200), other.readable()).await;
    assert!(early.is_err(), "it was answered while the first was there");
    drop(one);
    assert!(first(&mut other).await.starts_with("HTTP/1.1 200"));
}
