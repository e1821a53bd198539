//! An environment file as systemd reads it, which is neither how a shell does nor how Docker does.

use serde::{Deserialize, Serialize};

/// What a file sets, and what in it does not do what it seems to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignments {
    /// Names and values, in order; of a name that comes twice the last one counts.
    pub set: Vec<(String, String)>,
    /// What is passed over, or read otherwise than it looks.
    pub odd: Vec<Oddity>,
}

/// Something in an environment file that its writer did not mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    /// The line, from 1.
    pub line: usize,
    /// What it is.
    pub kind: Odd,
    /// It speaks of a setting of ours.
    pub is_ours: bool,
}

/// What can be odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Odd {
    /// A line without `=`.
    NoAssignment,
    /// A name that is none, as in `export NAME=value`.
    NoName,
    /// A quote that is never closed.
    OpenQuote,
    /// A comment that ends in a backslash: systemd before 254 takes the next line for a comment as well.
    LongComment,
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Name,
    BeforeValue,
    Value,
    ValueEscape,
    Single,
    Double,
    DoubleEscape,
    Comment,
    CommentEscape,
}

/// Reads a file. The error says why systemd takes nothing from it at all.
pub fn parse(content: &[u8]) -> Result<Assignments, String> {
    if content.contains(&0) {
        return Err("it contains a zero byte".into());
    }
    let mut reader = Reader::default();
    for &byte in content {
        reader.take(byte)?;
    }
    reader.end()
}

struct Reader {
    at: At,
    line: usize,
    began: usize,
    name: Vec<u8>,
    value: Vec<u8>,
    /// How long the value is without the blanks at its end.
    kept: usize,
    found: Assignments,
}

impl Default for Reader {
    fn default() -> Self {
        let found = Assignments::default();
        Reader { at: At::Start, line: 1, began: 1, name: Vec::new(), value: Vec::new(), kept: 0, found }
    }
}

fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

impl Reader {
    fn take(&mut self, byte: u8) -> Result<(), String> {
        self.at = match self.at {
            At::Start => self.start(byte),
            At::Name if is_newline(byte) => {
                self.odd(Odd::NoAssignment);
                self.name.clear();
                At::Start
            }
            At::Name if byte == b'=' => At::BeforeValue,
            At::Name => {
                self.name.push(byte);
                At::Name
            }
            At::BeforeValue | At::Value if is_newline(byte) => {
                self.push()?;
                At::Start
            }
            At::BeforeValue => match byte {
                b'\'' => At::Single,
                b'"' => At::Double,
                b'\\' => At::ValueEscape,
                _ if is_blank(byte) => At::BeforeValue,
                _ => self.value(byte, At::Value),
            },
            At::Value if byte == b'\\' => {
                self.kept = self.value.len();
                At::ValueEscape
            }
            At::Value if is_blank(byte) => {
                self.value.push(byte);
                At::Value
            }
            At::ValueEscape if is_newline(byte) => At::Value,
            At::Value | At::ValueEscape => self.value(byte, At::Value),
            At::Single if byte == b'\'' => At::BeforeValue,
            At::Single => self.value(byte, At::Single),
            At::Double => match byte {
                b'"' => At::BeforeValue,
                b'\\' => At::DoubleEscape,
                _ => self.value(byte, At::Double),
            },
            At::DoubleEscape => match byte {
                b'\n' => At::Double,
                b'"' | b'\\' | b'`' | b'$' => self.value(byte, At::Double),
                _ => {
                    self.value(b'\\', At::Double);
                    self.value(byte, At::Double)
                }
            },
            At::Comment if byte == b'\\' => At::CommentEscape,
            At::Comment if is_newline(byte) => At::Start,
            At::Comment => At::Comment,
            At::CommentEscape => {
                if is_newline(byte) {
                    self.odd(Odd::LongComment);
                }
                At::Comment
            }
        };
        if byte == b'\n' {
            self.line += 1;
        }
        Ok(())
    }

    fn start(&mut self, byte: u8) -> At {
        match byte {
            b'#' | b';' => At::Comment,
            _ if is_blank(byte) => At::Start,
            _ => {
                self.began = self.line;
                self.name.push(byte);
                At::Name
            }
        }
    }

    /// One more byte of the value that stays, even if it is a blank.
    fn value(&mut self, byte: u8, at: At) -> At {
        self.value.push(byte);
        self.kept = self.value.len();
        at
    }

    fn end(mut self) -> Result<Assignments, String> {
        match self.at {
            At::Start | At::Comment | At::CommentEscape => {}
            At::Name => self.odd(Odd::NoAssignment),
            At::Single | At::Double | At::DoubleEscape => {
                self.odd(Odd::OpenQuote);
                self.push()?;
            }
            At::BeforeValue | At::Value | At::ValueEscape => self.push()?,
        }
        Ok(self.found)
    }

    fn push(&mut self) -> Result<(), String> {
        self.value.truncate(self.kept);
        self.kept = 0;
        let text =
            |bytes: Vec<u8>, line| String::from_utf8(bytes).map_err(|_| format!("line {line} is not UTF-8"));
        let value = text(std::mem::take(&mut self.value), self.began)?;
        let is_ours = self.is_ours();
        let name = text(std::mem::take(&mut self.name), self.began)?;
        let name = name.trim_end_matches([' ', '\t']);
        if is_name(name) {
            self.found.set.push((name.to_owned(), value));
        } else {
            self.found.odd.push(Oddity { line: self.began, kind: Odd::NoName, is_ours });
        }
        Ok(())
    }

    fn is_ours(&self) -> bool {
        String::from_utf8_lossy(&self.name).contains("NODE_GATE_")
    }

    fn odd(&mut self, kind: Odd) {
        let (line, is_ours) = match kind {
            Odd::LongComment => (self.line, false),
            Odd::NoAssignment | Odd::NoName | Odd::OpenQuote => (self.began, self.is_ours()),
        };
        self.found.odd.push(Oddity { line, kind, is_ours });
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(content: &str) -> Vec<(String, String)> {
        parse(content.as_bytes()).unwrap().set
    }

    /// Files and what the variable A is in them; a test on a real machine holds systemd to the same.
    const CASES: &str = include_str!("environment/cases.json");

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
        assert_eq!(
            parse(b"# caf\xe9\nA=1\n").map(|found| found.set.len()),
            Ok(1),
            "comments may be anything"
        );
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
}
