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
mod tests;
