//! The record of calls: the newest ones as they were, and how many there were of each kind.
//!
//! Thousands come each second and stay for hours, so a row holds what repeats, names and callers, only once.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use crate::calls::Call;

/// Parameters of so many bytes are kept: a flood of long calls must not take all memory.
const MOST_BYTES: usize = 64 << 20;
/// What a parameter takes beside its text.
const PER_PARAMETER: usize = 48;
/// So many different names are told apart; clients that send no nonsense have a few dozen.
const MOST_NAMES: usize = 4096;
/// Calls of so many kinds are counted on their own.
const MOST_KINDS: usize = 4096;
/// Longer texts are hardly names.
const LONGEST_NAME: usize = 255;
/// What calls are counted as that are of one kind too many.
const OTHER: &str = "(other)";

/// All calls so far, the newest of them in full.
#[derive(Debug)]
pub(crate) struct CallLog {
    rows: VecDeque<Row>,
    /// How many calls came before the first row, or were forgotten on purpose.
    dropped: u64,
    most: usize,
    bytes: usize,
    names: HashSet<Arc<str>>,
    counts: HashMap<Kind, u64>,
}

/// What is counted: operation, caller, status.
type Kind = (Arc<str>, Arc<str>, u16);

#[derive(Debug)]
struct Row {
    at: SystemTime,
    operation: Arc<str>,
    caller: Arc<str>,
    params: Box<[(Arc<str>, Box<str>)]>,
    status: u16,
    error: Option<Arc<str>>,
}

/// Which calls are asked for; what is none does not matter.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) operation: Option<String>,
    pub(crate) caller: Option<String>,
    /// Those at this time or later, wall clock.
    pub(crate) since: Option<SystemTime>,
    /// Those after the call of this number.
    pub(crate) after: Option<u64>,
}

/// How many calls there were: by operation, then by status.
pub(crate) type Counts = BTreeMap<String, BTreeMap<u16, u64>>;

impl CallLog {
    /// A log that keeps the newest `most` calls.
    pub(crate) fn new(most: usize) -> Self {
        CallLog {
            rows: VecDeque::new(),
            dropped: 0,
            most,
            bytes: 0,
            names: HashSet::new(),
            counts: HashMap::new(),
        }
    }

    pub(crate) fn push(&mut self, call: Call) {
        let row = Row {
            at: call.at,
            operation: self.name(&call.operation),
            caller: self.name(&call.caller),
            params: call
                .params
                .into_iter()
                .map(|(name, value)| (self.name(&name), value.into_boxed_str()))
                .collect(),
            status: call.status,
            error: call.error.map(|code| self.name(&code)),
        };
        self.count(&row);
        self.bytes += row.bytes();
        self.rows.push_back(row);
        while self.rows.len() > self.most || self.bytes > MOST_BYTES {
            let Some(oldest) = self.rows.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.dropped += 1;
        }
    }

    /// Forgets all calls and counts; the numbers go on.
    pub(crate) fn clear(&mut self) {
        self.dropped += self.rows.len() as u64;
        self.rows.clear();
        self.bytes = 0;
        self.counts.clear();
    }

    /// All calls that are kept, oldest first.
    pub(crate) fn all(&self) -> Vec<Call> {
        self.rows.iter().map(Row::call).collect()
    }

    /// Those of the calls kept that are wanted, each with its number, oldest first.
    pub(crate) fn find(&self, wanted: &Wanted) -> impl Iterator<Item = (u64, Call)> {
        let is = |name: &str, wish: &Option<String>| wish.as_ref().is_none_or(|wish| wish == name);
        (self.dropped + 1..).zip(&self.rows).filter_map(move |(number, row)| {
            let fits = is(&row.operation, &wanted.operation)
                && is(&row.caller, &wanted.caller)
                && wanted.since.is_none_or(|since| row.at >= since)
                && wanted.after.is_none_or(|after| number > after);
            fits.then(|| (number, row.call()))
        })
    }

    /// How many calls there were since the last `clear`, also those that are no longer kept.
    pub(crate) fn counts(&self, operation: Option<&str>, caller: Option<&str>) -> Counts {
        let mut counts = Counts::new();
        for ((name, by, status), count) in &self.counts {
            if operation.is_none_or(|wish| wish == &**name) && caller.is_none_or(|wish| wish == &**by) {
                *counts.entry(name.to_string()).or_default().entry(*status).or_default() += count;
            }
        }
        counts
    }

    fn count(&mut self, row: &Row) {
        let kind = (row.operation.clone(), row.caller.clone(), row.status);
        if let Some(count) = self.counts.get_mut(&kind) {
            *count += 1;
            return;
        }
        let kind =
            if self.counts.len() < MOST_KINDS { kind } else { (OTHER.into(), OTHER.into(), row.status) };
        *self.counts.entry(kind).or_default() += 1;
    }

    /// One copy of a text that comes again and again.
    fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.get(text) {
            return known.clone();
        }
        let name: Arc<str> = text.into();
        if text.len() <= LONGEST_NAME {
            if self.names.len() >= MOST_NAMES {
                self.names.clear();
            }
            self.names.insert(name.clone());
        }
        name
    }
}

impl Row {
    fn bytes(&self) -> usize {
        let texts = self.operation.len() + self.caller.len();
        self.params.iter().map(|(name, value)| name.len() + value.len() + PER_PARAMETER).sum::<usize>()
            + texts
    }

    fn call(&self) -> Call {
        Call {
            at: self.at,
            operation: self.operation.to_string(),
            caller: self.caller.to_string(),
            params: self.params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            status: self.status,
            error: self.error.as_deref().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(operation: &str, caller: &str, status: u16) -> Call {
        let params = BTreeMap::from([("InstanceIds.member.1".to_owned(), "i-1".to_owned())]);
        Call {
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(status)),
            operation: operation.into(),
            caller: caller.into(),
            params,
            status,
            error: (status != 200).then(|| "Throttling".to_owned()),
        }
    }

    #[test]
    fn a_call_comes_back_as_it_was() {
        let mut log = CallLog::new(10);
        let calls = [call("DescribeWarmPool", "a", 200), call("DescribeWarmPool", "", 400)];
        for call in &calls {
            log.push(call.clone());
        }
        assert_eq!(log.all(), calls);
    }

    #[test]
    fn the_newest_are_kept_and_all_are_counted() {
        let mut log = CallLog::new(2);
        for status in [200, 400, 500] {
            log.push(call("DescribeWarmPool", "a", status));
        }
        let kept: Vec<_> = log.find(&Wanted::default()).map(|(number, call)| (number, call.status)).collect();
        assert_eq!(kept, [(2, 400), (3, 500)]);
        let by_status = BTreeMap::from([(200, 1), (400, 1), (500, 1)]);
        assert_eq!(log.counts(None, None), Counts::from([("DescribeWarmPool".to_owned(), by_status)]));
    }

    #[test]
    fn only_the_wanted_are_found_and_counted() {
        let mut log = CallLog::new(9);
        log.push(call("A", "x", 200));
        log.push(call("A", "y", 201));
        log.push(call("B", "x", 202));
        let found = |wanted: &Wanted| -> Vec<u16> { log.find(wanted).map(|(_, call)| call.status).collect() };
        assert_eq!(found(&Wanted { operation: Some("A".into()), ..Wanted::default() }), [200, 201]);
        assert_eq!(found(&Wanted { caller: Some("x".into()), ..Wanted::default() }), [200, 202]);
        assert_eq!(found(&Wanted { after: Some(2), ..Wanted::default() }), [202]);
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(201);
        assert_eq!(found(&Wanted { since: Some(since), ..Wanted::default() }), [201, 202]);
        assert_eq!(log.counts(Some("A"), Some("y"))["A"], BTreeMap::from([(201, 1)]));
        assert!(log.counts(Some("C"), None).is_empty());
    }

    #[test]
    fn what_was_cleared_is_gone_and_the_numbers_go_on() {
        let mut log = CallLog::new(9);
        log.push(call("A", "x", 200));
        log.clear();
        assert!(log.all().is_empty() && log.counts(None, None).is_empty());
        log.push(call("A", "x", 200));
        assert_eq!(log.find(&Wanted::default()).map(|(number, _)| number).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_flood_of_long_parameters_has_an_end() {
        let mut log = CallLog::new(1000);
        for _ in 0..100 {
            let params = BTreeMap::from([("A".to_owned(), "x".repeat(1 << 20))]);
            log.push(Call { params, ..call("A", "x", 200) });
        }
        assert!(log.bytes <= MOST_BYTES && log.rows.len() < 65, "{} rows", log.rows.len());
        assert_eq!(log.counts(None, None)["A"][&200], 100);
    }

    #[test]
    fn a_flood_of_operations_is_counted_together() {
        let mut log = CallLog::new(10);
        for number in 0..MOST_KINDS + 5 {
            log.push(call(&number.to_string(), "x", 200));
        }
        assert_eq!(log.counts(Some(OTHER), None)[OTHER][&200], 5);
        assert_eq!(log.counts(None, None).len(), MOST_KINDS + 1);
    }
}
