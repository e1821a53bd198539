use proptest::prelude::*;

use super::*;

fn set(content: &str) -> Vec<(String, String)> {
    parse(content.as_bytes()).unwrap().set
}

/// Files and what the variable A is in them; a test on a real machine holds systemd to the same.
const CASES: &str = include_str!("cases.json");

#[test]
fn values_are_read_as_systemd_reads_them() {
    let cases: Vec<serde_json::Value> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() >= 30);
    for case in cases {
        let read = set(case["file"].as_str().unwrap());
        let last = read.into_iter().rfind(|(name, _)| name == "A").map(|(_, value)| value);
        assert_eq!(last.as_deref(), case["a"].as_str(), "{case}");
    }
    assert_eq!(set("A=1\nB=2\nA=3").len(), 3);
}

#[test]
fn what_is_passed_over_is_told_with_its_line() {
    let odd = |content: &str| {
        let odd = parse(content.as_bytes()).unwrap().odd;
        odd.into_iter().map(|one| (one.line, one.kind, one.is_ours)).collect::<Vec<_>>()
    };
    assert_eq!(odd("# fine\n\nA=\"b\nc\"\nB=1\n"), []);
    assert_eq!(
        odd("A=1\nexport NODE_GATE_UNTIL=target\nC D=1"),
        [(2, Odd::NoName, true), (3, Odd::NoName, false)]
    );
    assert_eq!(odd("=1\n2A=1"), [(1, Odd::NoAssignment, false), (2, Odd::NoName, false)]);
    assert_eq!(
        odd("NODE_GATE_UNTIL: target\nhello"),
        [(1, Odd::NoAssignment, true), (2, Odd::NoAssignment, false)]
    );
    assert_eq!(odd("A=1\n\nNODE_GATE_GRACE=\"60s\nB=2\n"), [(3, Odd::OpenQuote, true)]);
    assert_eq!(odd("A='it"), [(1, Odd::OpenQuote, false)]);
    assert_eq!(odd("\n# C:\\\nA=1\nB=2"), [(2, Odd::LongComment, false)]);
    assert_eq!(set("\n# C:\\\nA=1\nB=2"), [("B".into(), "2".into())], "as before systemd 254");
}

#[test]
fn a_file_that_systemd_takes_nothing_from() {
    assert_eq!(parse(b"A=1\nB=\xff\n"), Err("line 2 is not UTF-8".into()));
    assert_eq!(parse(b"A=1\n\xff=2\n"), Err("line 2 is not UTF-8".into()));
    assert_eq!(parse(b"A=1\0\n"), Err("it contains a zero byte".into()));
    assert_eq!(parse(b"# caf\xe9\nA=1\n").map(|found| found.set.len()), Ok(1), "comments may be anything");
}

fn quoted(value: &str) -> String {
    let escape = |c: char| if "\"\\`$".contains(c) { format!("\\{c}") } else { c.to_string() };
    format!("\"{}\"", value.chars().map(escape).collect::<String>())
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&content);
    }

    #[test]
    fn likely_bytes_can_be_read(content in "[A-C=\"'\\\\ \t\r\n#;$]{0,60}") {
        let found = parse(content.as_bytes()).unwrap();
        prop_assert!(found.set.iter().all(|(name, _)| is_name(name)));
    }

    #[test]
    fn whatever_is_quoted_comes_back(values in prop::collection::vec("[^\0\u{fffe}\u{ffff}]{0,20}", 0..5)) {
        let lines: Vec<_> = values.iter().map(|value| format!("A={}\n", quoted(value))).collect();
        let found = parse(lines.concat().as_bytes()).unwrap();
        prop_assert_eq!(&found.odd, &[]);
        let read: Vec<_> = found.set.into_iter().map(|(_, value)| value).collect();
        prop_assert_eq!(read, values);
    }
}
