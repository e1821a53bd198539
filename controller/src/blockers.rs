//! Who holds up a drain, in words: pods that are not gone for the same reason are one sentence.

use std::collections::BTreeMap;

use crate::status::BlockerStatus;

/// The longest reason that is told in full; webhooks may say anything.
const REASON_LIMIT: usize = 200;

/// Pods that are still there for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Who holds them up, whatever pods they are: the same blocker has the same key all the time.
    pub key: String,
    /// True if somebody refuses to let them go; false if they are on their way.
    pub refuses: bool,
    /// How many there are.
    pub pods: usize,
    reason: String,
    such_as: String,
}

impl Group {
    /// "Disruption budget web allows no eviction now: 3 pods, such as shop/web-1".
    pub fn sentence(&self) -> String {
        let reason = capitalised(&self.reason);
        match self.pods {
            1 => format!("{reason}: {}", self.such_as),
            pods => format!("{reason}: {pods} pods, such as {}", self.such_as),
        }
    }
}

/// The groups of a drain's blockers; those that refuse come first, then the larger ones.
pub fn groups(blockers: &[BlockerStatus]) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for blocker in blockers {
        let reason = clipped(&lifecycle::one_line(&blocker.reason), REASON_LIMIT);
        let key = key(blocker, &reason);
        let group = groups.entry(key.clone()).or_insert_with(|| Group {
            key,
            refuses: !["terminating", "evicting"].contains(&blocker.kind),
            pods: 0,
            reason: String::new(),
            such_as: blocker.pod.clone(),
        });
        group.pods += 1;
        // of several times until which pods may terminate, the last
        group.reason = reason.max(std::mem::take(&mut group.reason));
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| (!group.refuses, usize::MAX - group.pods));
    groups
}

/// What the same blocker says of other pods may differ; only a budget and finalizers are told by their names.
fn key(blocker: &BlockerStatus, reason: &str) -> String {
    let namespace = blocker.pod.split('/').next().unwrap_or_default();
    match blocker.kind {
        "budget" => format!("budget {namespace} {reason}"),
        "finalizer" => format!("finalizer {reason}"),
        "many_budgets" | "forbidden" | "namespace" => format!("{} {namespace}", blocker.kind),
        other => other.to_owned(),
    }
}

/// `text` if it is short enough, else its beginning.
pub fn clipped(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text[..end].trim_end())
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "1 pod", "3 pods".
pub fn pods(count: usize) -> String {
    if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocker(pod: &str, kind: &'static str, reason: &str) -> BlockerStatus {
        BlockerStatus { pod: pod.to_owned(), kind, reason: reason.to_owned() }
    }

    fn sentences(blockers: &[BlockerStatus]) -> Vec<String> {
        groups(blockers).iter().map(Group::sentence).collect()
    }

    #[test]
    fn pods_of_one_budget_are_one_sentence_and_who_refuses_comes_first() {
        const WEB: &str = "disruption budget web allows no eviction now";
        let told = sentences(&[
            blocker("a/x", "terminating", "terminating, grace until 12:00:30"),
            blocker("a/y", "terminating", "terminating, grace until 12:00:10"),
            blocker("a/z", "evicting", "being evicted"),
            blocker("bank/web-9", "budget", WEB),
            blocker("shop/web-1", "budget", WEB),
            blocker("shop/web-2", "budget", WEB),
        ]);
        assert_eq!(
            told,
            [
                "Disruption budget web allows no eviction now: 2 pods, such as shop/web-1",
                "Disruption budget web allows no eviction now: bank/web-9",
                "Terminating, grace until 12:00:30: 2 pods, such as a/x",
                "Being evicted: a/z",
            ]
        );
    }

    #[test]
    fn a_webhook_that_words_each_refusal_otherwise_is_one_blocker() {
        let said = [blocker("a/x", "webhook", "not x\nbecause"), blocker("a/y", "webhook", "not y")];
        let groups = groups(&said);
        assert_eq!(groups.len(), 1);
        assert!(groups[0].refuses && groups[0].pods == 2);
        assert!(!groups[0].sentence().contains('\n'));
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let long = "ä".repeat(500);
        let sentence = &sentences(&[blocker("a/x", "webhook", &long)])[0];
        assert!(sentence.len() < REASON_LIMIT + 20, "{sentence}");
        assert_eq!(clipped("short", 5), "short");
        assert_eq!(clipped("longer", 5), "lo…");
    }
}
