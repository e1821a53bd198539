//! The page that describes the interface: each of its examples is carried out and compared with its answer.

use crate::admin::send;
use crate::bed::{group_named, only, queue, sqs, start};

const PAGE: &str = include_str!("../../../../docs/aws-simulator-admin.md");

/// A command of the page, and what it says comes back.
fn examples() -> Vec<(&'static str, &'static str)> {
    let lines: Vec<_> = PAGE.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[0].starts_with("curl "));
    pairs
        .map(|pair| (pair[0], pair[1].strip_prefix("# => ").expect("an answer below each command")))
        .collect()
}

/// Method, path below the root and body of a command.
fn request(command: &str) -> (String, String, String) {
    let (before, body) = match command.split_once(" -d ") {
        Some((before, body)) => (before, body),
        None => (command, ""),
    };
    let body = match body.strip_prefix('\'') {
        Some(quoted) => quoted.trim_end_matches('\'').to_owned(),
        None => body.trim_matches('"').replace("\\\"", "\""),
    };
    let words: Vec<_> = before.split_whitespace().collect();
    let named = words.iter().position(|word| *word == "-X").map(|at| words[at + 1]);
    let method = named.unwrap_or(if body.is_empty() { "GET" } else { "POST" });
    let url = words.last().expect("an address").trim_matches('"');
    let path = url.strip_prefix("$SIMULATOR/_simulator/").expect("an address of the interface");
    (method.to_owned(), path.to_owned(), body)
}

/// Whether a text fits a pattern in which `...` is anything.
fn fits(text: &str, pattern: &str) -> bool {
    let parts: Vec<_> = pattern.split("...").collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in &parts[1..] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    parts.len() > 1 && text.ends_with(last) || rest.is_empty()
}

#[tokio::test]
async fn every_example_of_the_page_answers_as_it_says() {
    let (simulator, client) = start().await;
    let queue = queue(&sqs(&simulator)).await;
    group_named(&client, "web", 1).await;
    let id = only(&simulator, "InService").await.id;
    let fill = |text: &str| text.replace("$ID", &id).replace("$QUEUE", &queue);
    let examples = examples();
    assert!(examples.len() >= 18, "{} examples", examples.len());
    for (command, expected) in &examples {
        let (method, path, body) = request(&fill(command));
        let (status, answer) = send(&simulator.endpoint(), &method, &path, &body).await;
        assert_eq!(status, 200, "{command}: {answer}");
        assert!(fits(answer.trim_end(), expected), "{command}\n{answer}{expected}");
    }
}

#[tokio::test]
async fn the_page_names_every_endpoint() {
    let (simulator, _) = start().await;
    let (_, index) = send(&simulator.endpoint(), "GET", "", "").await;
    let rows: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    for row in rows.as_array().expect("a list") {
        let path = row["path"].as_str().expect("a path");
        // Those of one instance are named after the first as `…/rebalance`.
        let short = path.rsplit('/').next().expect("a last step");
        assert!(PAGE.contains(path) || PAGE.contains(&format!("`…/{short}`")), "{path}");
    }
}

#[test]
fn a_pattern_fits_only_what_it_describes() {
    assert!(fits("abc", "abc") && fits("a-x-c", "a...c") && fits("[1]", "[...]") && fits("abc", "ab..."));
    assert!(!fits("abcd", "abc") && !fits("abc", "a...d") && !fits("xabc", "abc") && !fits("ab", "a...c"));
}
