//! A node behind a proxy asks its own IMDS directly.

use tokio::net::TcpListener;

use crate::bed::Bed;

#[tokio::test]
async fn imds_is_never_asked_through_a_proxy() {
    let bed = Bed::start().await;
    let instance = bed.serving(1).await.remove(0);
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let env: Vec<_> = names.iter().map(|name| (*name, address.as_str())).collect();
    let mut gate = bed.gate_with(&instance, &[], &env);
    gate.opens().await;
    let asked = tokio::time::timeout(std::time::Duration::ZERO, proxy.accept()).await;
    assert!(asked.is_err(), "the proxy was asked");
}
