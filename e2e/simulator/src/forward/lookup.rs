//! Finds the metadata service of an instance by asking its simulator.

use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::address::Address;

/// How long the simulator may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest list read: that of tens of thousands of instances.
const LONGEST_LIST: u64 = 16 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    imds_endpoint: String,
}

/// Where the metadata service of `instance` is, for the instance's whole life.
pub(super) async fn endpoint(simulator: &str, instance: &str) -> anyhow::Result<Address> {
    let asked = async {
        let list = get(simulator, "/_simulator/instances").await?;
        find(&list, instance)
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|_| bail!("no answer within {PATIENCE:?}"))
        .with_context(|| format!("asking the simulator at {simulator} for {instance}"))
}

/// The body of an answer. By hand: nothing else here is an HTTP client.
async fn get(endpoint: &str, path: &str) -> anyhow::Result<Vec<u8>> {
    let address = endpoint
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'))
        .filter(|address| !address.is_empty() && !address.contains('/'))
        .context("not of the form http://HOST:PORT")?;
    let address = if address.contains(':') { address.to_owned() } else { format!("{address}:80") };
    let mut stream = TcpStream::connect(&address).await.context("connecting")?;
    // In version 1.0 the answer ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.context("asking")?;
    let mut answer = Vec::new();
    stream.take(LONGEST_LIST).read_to_end(&mut answer).await.context("reading the answer")?;
    body(&answer).map(<[u8]>::to_vec)
}

fn body(answer: &[u8]) -> anyhow::Result<&[u8]> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("no HTTP answer came back")?;
    let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        bail!("it answered {}", head.lines().next().unwrap_or_default());
    }
    Ok(body)
}

fn find(list: &[u8], instance: &str) -> anyhow::Result<Address> {
    let rows: Vec<Row> = serde_json::from_slice(list).context("the answer is no list of instances")?;
    let Some(row) = rows.iter().find(|row| row.id == instance) else {
        bail!("there is no such instance among its {}", rows.len());
    };
    row.imds_endpoint
        .trim_start_matches("http://")
        .parse()
        .map_err(|error| anyhow::anyhow!("its metadata service is at {:?}: {error}", row.imds_endpoint))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIST: &[u8] = br#"[{"id":"i-1","group":"g","imdsEndpoint":"http://127.0.0.1:5","power":"off"}]"#;

    #[test]
    fn an_instance_is_found_by_its_id() {
        assert_eq!(find(LIST, "i-1").expect("there").to_string(), "127.0.0.1:5");
        let error = find(LIST, "i-2").expect_err("not there");
        assert_eq!(error.to_string(), "there is no such instance among its 1");
    }

    #[test]
    fn only_a_good_answer_has_a_list() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n[]").expect("good"), b"[]");
        let error = body(b"HTTP/1.1 404 Not Found\r\n\r\n").expect_err("refused");
        assert_eq!(error.to_string(), "it answered HTTP/1.1 404 Not Found");
        assert!(body(b"SSH-2.0").is_err());
    }

    #[tokio::test]
    async fn an_address_of_another_form_is_refused() {
        for simulator in ["", "127.0.0.1:80", "https://127.0.0.1:80", "http://", "http://h/p"] {
            assert!(endpoint(simulator, "i-1").await.is_err(), "{simulator}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(answer in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = body(&answer);
            let _ = find(&answer, "i-1");
        }
    }
}
