//! What the API server was asked for, by whom, and what it answered: its own audit log.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

/// The audit log from a certain moment on.
#[derive(Debug, Clone)]
pub struct Audit {
    file: PathBuf,
    start: u64,
}

/// One answered request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it came in.
    pub at: jiff::Timestamp,
    /// When it was answered; on a busy machine a request may be decided well after it came in.
    pub answered: jiff::Timestamp,
    /// Who asked.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// `nodes`, `pods`, `leases`, …
    pub resource: String,
    /// `status`, `eviction`, or nothing.
    pub subresource: String,
    /// Nothing for objects outside of namespaces.
    pub namespace: String,
    /// The object's name; nothing for lists.
    pub name: String,
    /// The path and the query as sent.
    pub uri: String,
    /// The status of the answer.
    pub code: u16,
    /// What was sent: known for writes of Nodes, evictions and deletions of pods.
    pub request: Option<Value>,
}

impl Entry {
    /// True if this was meant to change something; a dry run on the server's side counts too.
    pub fn is_write(&self) -> bool {
        !["get", "list", "watch"].contains(&self.verb.as_str())
    }

    /// True if the answer was a success.
    pub fn accepted(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// True for an attempt to evict a pod.
    pub fn is_eviction(&self) -> bool {
        self.resource == "pods" && self.subresource == "eviction"
    }

    /// The pod UID that an eviction or deletion was limited to.
    pub fn pod_uid(&self) -> Option<&str> {
        let request = self.request.as_ref()?;
        let options = if self.is_eviction() { &request["deleteOptions"] } else { request };
        options["preconditions"]["uid"].as_str()
    }
}

impl Audit {
    /// Reads what is written from now on.
    pub fn since_now(file: &Path) -> anyhow::Result<Self> {
        let start = fs::metadata(file).with_context(|| format!("reading {}", file.display()))?.len();
        Ok(Audit { file: file.to_owned(), start })
    }

    /// The same log from now on.
    pub fn from_now(&self) -> anyhow::Result<Self> {
        Self::since_now(&self.file)
    }

    /// Everything so far by one user, oldest answer first. A request is in the log shortly after its answer has gone
    /// out, so whoever expects one waits for it; see [`crate::wait::eventually`].
    pub fn by(&self, user: &str) -> anyhow::Result<Vec<Entry>> {
        let user = format!("\"username\":{}", serde_json::to_string(user)?);
        self.read(|line| line.contains(&user))
    }

    /// Everything so far that is not merely reading, by one user.
    pub fn writes_by(&self, user: &str) -> anyhow::Result<Vec<Entry>> {
        Ok(self.by(user)?.into_iter().filter(Entry::is_write).collect())
    }

    /// All attempts to evict pods of a namespace, whoever made them.
    pub fn evictions(&self, namespace: &str) -> anyhow::Result<Vec<Entry>> {
        let path = format!("/namespaces/{namespace}/pods/");
        let lines = self.read(|line| line.contains(&path) && line.contains("\"eviction\""))?;
        Ok(lines.into_iter().filter(Entry::is_eviction).collect())
    }

    /// The pods of a namespace whose evictions were accepted: UIDs where the request named them, else names. Each
    /// stands here as often as an eviction of it was accepted.
    pub fn evicted(&self, namespace: &str) -> anyhow::Result<Vec<String>> {
        let accepted = self.evictions(namespace)?.into_iter().filter(Entry::accepted);
        Ok(accepted.map(|entry| entry.pod_uid().unwrap_or(&entry.name).to_owned()).collect())
    }

    /// All writes of a Node, whoever made them.
    pub fn node_writes(&self, node: &str) -> anyhow::Result<Vec<Entry>> {
        let path = format!("/nodes/{node}");
        let lines = self.read(|line| line.contains(&path))?;
        let is_write = |entry: &Entry| entry.resource == "nodes" && entry.name == node && entry.is_write();
        Ok(lines.into_iter().filter(is_write).collect())
    }

    fn read(&self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Entry>> {
        let mut file = File::open(&self.file).with_context(|| format!("reading {}", self.file.display()))?;
        file.seek(SeekFrom::Start(self.start))?;
        let mut entries = Vec::new();
        let mut reader = BufReader::new(file);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            // a last line without its end is still being written
            if line.ends_with('\n') && wanted(&line) {
                let raw: Raw = serde_json::from_str(&line).with_context(|| format!("parsing {line}"))?;
                entries.extend(raw.entry());
            }
            line.clear();
        }
        Ok(entries)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw {
    stage: String,
    request_received_timestamp: jiff::Timestamp,
    stage_timestamp: jiff::Timestamp,
    user: RawUser,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    object_ref: RawObject,
    response_status: RawStatus,
    request_object: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawUser {
    username: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawObject {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    code: u16,
}

impl Raw {
    /// One request has several lines; the one that counts is written when it was answered, or when a watch began.
    fn entry(self) -> Option<Entry> {
        let counts = if self.verb == "watch" { "ResponseStarted" } else { "ResponseComplete" };
        (self.stage == counts).then_some(Entry {
            at: self.request_received_timestamp,
            answered: self.stage_timestamp,
            user: self.user.username,
            verb: self.verb,
            resource: self.object_ref.resource,
            subresource: self.object_ref.subresource,
            namespace: self.object_ref.namespace,
            name: self.object_ref.name,
            uri: self.uri,
            code: self.response_status.code,
            request: self.request_object,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;

    fn line(stage: &str, user: &str, verb: &str, code: u16) -> String {
        let line = json!({
            "stage": stage, "verb": verb, "user": {"username": user, "groups": ["a"]},
            "requestReceivedTimestamp": "2026-11-21T08:00:00.123456Z",
            "requestURI": "/api/v1/namespaces/shop/pods/web-1/eviction",
            "objectRef": {"resource": "pods", "namespace": "shop", "name": "web-1", "subresource": "eviction"},
            "responseStatus": {"code": code},
            "requestObject": {"deleteOptions": {"preconditions": {"uid": "u1"}}},
        });
        format!("{line}\n")
    }

    #[test]
    fn only_answers_since_the_start_count_and_refusals_are_told_from_acceptance() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(line("ResponseComplete", "us", "create", 201).as_bytes()).unwrap();
        let audit = Audit::since_now(file.path()).unwrap();
        for (stage, code) in [("ResponseStarted", 0), ("ResponseComplete", 429), ("ResponseComplete", 201)] {
            file.write_all(line(stage, "us", "create", code).as_bytes()).unwrap();
        }
        file.write_all(line("ResponseComplete", "them", "create", 201).as_bytes()).unwrap();
        file.write_all(b"{\"half a line").unwrap();
        assert_eq!(audit.by("us").unwrap().iter().map(|entry| entry.code).collect::<Vec<_>>(), [429, 201]);
        assert_eq!(audit.writes_by("us").unwrap().len(), 2);
        assert_eq!(audit.evictions("shop").unwrap().len(), 3);
        assert_eq!(audit.evictions("other").unwrap().len(), 0);
        assert_eq!(audit.evicted("shop").unwrap(), ["u1", "u1"]);
    }
}
