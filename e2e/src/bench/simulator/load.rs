//! Callers that cost little: bytes prepared once, written and read on connections that stay.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};

/// So many connections, each with one call under way.
const CONNECTIONS: usize = 8;
/// A simulator that does not answer for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// One call, as it goes over the wire.
#[derive(Debug, Clone)]
pub(super) struct Request {
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Request {
    /// A call to Auto Scaling; `form` is its operation and parameters.
    pub(super) fn scaling(to: SocketAddr, form: &str) -> Self {
        let body = format!("{form}&Version=2011-01-01");
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\n\
            Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/autoscaling/aws4_request, \
            SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20260101T000000Z\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n";
        let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        Request { to, bytes: text.into_bytes() }
    }

    /// A question to the simulator itself.
    pub(super) fn get(to: SocketAddr, path: &str) -> Self {
        let text = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Request { to, bytes: text.into_bytes() }
    }

    /// Makes it once and returns the answer's body.
    pub(super) fn once(&self) -> anyhow::Result<String> {
        Connection::open(self.to)?.call(&self.bytes)
    }
}

/// How long each call took, all connections together, and the time they all took.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) times: Vec<Duration>,
    pub(super) took: Duration,
}

/// Makes a call over and over for a while, on several connections. Blocks.
pub(super) fn load(request: &Request, time: Duration) -> anyhow::Result<Load> {
    let started = Instant::now();
    let callers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let request = request.clone();
            thread::spawn(move || -> anyhow::Result<Vec<Duration>> {
                let mut connection = Connection::open(request.to)?;
                let mut times = Vec::new();
                while started.elapsed() < time {
                    let before = Instant::now();
                    connection.call(&request.bytes)?;
                    times.push(before.elapsed());
                }
                Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for caller in callers {
        times.extend(caller.join().map_err(|_| anyhow!("a caller panicked"))??);
    }
    Ok(Load { times, took: started.elapsed() })
}

/// A connection that stays, and what was read on it so far.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).context("connecting to the simulator")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection { stream, read: Vec::new() })
    }

    fn call(&mut self, request: &[u8]) -> anyhow::Result<String> {
        self.stream.write_all(request)?;
        self.read.clear();
        let mut chunk = [0; 16 << 10];
        let (head, length) = loop {
            if let Some(found) = head(&self.read)? {
                break found;
            }
            self.more(&mut chunk)?;
        };
        while self.read.len() < head + length {
            self.more(&mut chunk)?;
        }
        let text = String::from_utf8_lossy(&self.read);
        ensure!(text.starts_with("HTTP/1.1 200 "), "refused: {text}");
        Ok(String::from_utf8_lossy(&self.read[head..head + length]).into_owned())
    }

    fn more(&mut self, chunk: &mut [u8]) -> anyhow::Result<()> {
        let read = self.stream.read(chunk)?;
        if read == 0 {
            bail!("the simulator closed the connection");
        }
        self.read.extend_from_slice(&chunk[..read]);
        Ok(())
    }
}

/// The lengths of an answer's head and body, once the head is there.
fn head(read: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&read[..end])?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Ok(Some((end + 4, length.context("an answer without a length")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_head_and_body_are_there() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        for read in 0..37 {
            assert_eq!(head(&answer[..read]).unwrap(), None, "{read}");
        }
        assert_eq!(head(answer).unwrap(), Some((38, 2)));
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
