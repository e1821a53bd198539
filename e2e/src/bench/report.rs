//! What was measured: a table for people, one flat JSON object a scenario for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// A measured value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measured {
    /// A time.
    Time(Duration),
    /// A whole number.
    Count(u64),
    /// A number that need not be whole.
    Number(f64),
    /// Bytes.
    Bytes(u64),
    /// Of a hundred.
    Percent(f64),
}

impl From<Duration> for Measured {
    fn from(time: Duration) -> Self {
        Measured::Time(time)
    }
}

impl From<usize> for Measured {
    fn from(count: usize) -> Self {
        Measured::Count(count as u64)
    }
}

impl Measured {
    /// As JSON has it and as bars compare it: seconds, megabytes (10^6 bytes), percent.
    fn number(&self) -> f64 {
        match self {
            Measured::Time(time) => time.as_secs_f64(),
            #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
            Measured::Count(count) => *count as f64,
            Measured::Number(number) | Measured::Percent(number) => *number,
            #[expect(clippy::cast_precision_loss, reason = "megabytes need no exact bytes")]
            Measured::Bytes(bytes) => *bytes as f64 / 1e6,
        }
    }

    fn json(&self) -> Value {
        match self {
            Measured::Count(count) => json!(count),
            // a tenth of a millisecond, a hundred bytes, a ten-thousandth of a percent
            Measured::Time(_) | Measured::Number(_) | Measured::Bytes(_) | Measured::Percent(_) => {
                json!((self.number() * 1e4).round() / 1e4)
            }
        }
    }

    /// A number of this kind, as people read it.
    fn show(&self, number: f64) -> String {
        match self {
            Measured::Time(_) if number < 0.1 => format!("{:.1} ms", number * 1e3),
            Measured::Time(_) => format!("{number:.2} s"),
            Measured::Count(_) => format!("{number:.0}"),
            Measured::Number(_) => format!("{number:.1}"),
            Measured::Bytes(_) => format!("{number:.1} MB"),
            Measured::Percent(_) => format!("{number:.3} %"),
        }
    }
}

/// What a value should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bar {
    /// At most this: seconds, megabytes, percent.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

#[derive(Debug, Clone)]
struct Figure {
    name: String,
    text: String,
    measured: Measured,
    bar: Option<Bar>,
}

impl Figure {
    fn is_missed(&self) -> bool {
        let number = self.measured.number();
        match self.bar {
            Some(Bar::AtMost(bar)) => number > bar,
            Some(Bar::AtLeast(bar)) => number < bar,
            None => false,
        }
    }

    fn bar(&self) -> String {
        match self.bar {
            Some(Bar::AtMost(0.0)) => "0".to_owned(),
            Some(Bar::AtMost(bar)) => format!("≤ {}", self.measured.show(bar)),
            Some(Bar::AtLeast(bar)) => format!("≥ {}", self.measured.show(bar)),
            None => String::new(),
        }
    }
}

/// One scenario and its figures, in the order in which they were added.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    name: String,
    about: String,
    figures: Vec<Figure>,
    notes: Vec<String>,
    broken: Vec<String>,
}

impl Scenario {
    /// Without any figure yet; `name` is for programs, `about` for people.
    pub(super) fn new(name: &str, about: impl Into<String>) -> Self {
        Scenario {
            name: name.to_owned(),
            about: about.into(),
            figures: Vec::new(),
            notes: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Adds a figure that has no bar. `name` says the unit: `_seconds`, `_mb`, `_percent`; an empty `text` keeps it out of
    /// the table.
    pub(super) fn figure(&mut self, name: &str, text: &str, measured: impl Into<Measured>) {
        let (name, text, measured) = (name.to_owned(), text.to_owned(), measured.into());
        self.figures.push(Figure { name, text, measured, bar: None });
    }

    /// Adds a figure that has one.
    pub(super) fn judged(&mut self, name: &str, text: &str, measured: impl Into<Measured>, bar: Bar) {
        let (name, text, measured) = (name.to_owned(), text.to_owned(), measured.into());
        self.figures.push(Figure { name, text, measured, bar: Some(bar) });
    }

    /// Adds the machine's load average at that time, for no figure means much without it.
    pub(super) fn load(&mut self, load: f64) {
        self.figure("load_average", "load average of the machine", Measured::Number(load));
    }

    /// Adds a line below the table.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Says that a promise was broken. That is no slow figure but an error.
    pub(super) fn broke(&mut self, promise: impl Into<String>) {
        self.broken.push(promise.into());
    }

    /// What was broken.
    pub(super) fn broken(&self) -> &[String] {
        &self.broken
    }

    /// One flat object.
    pub(super) fn json(&self) -> Value {
        let named = self.figures.iter().map(|figure| (figure.name.clone(), figure.measured.json()));
        let mut object = Map::new();
        object.insert("scenario".to_owned(), json!(self.name));
        object.extend(named);
        object.insert("bars_missed".to_owned(), json!(self.figures.iter().filter(|f| f.is_missed()).count()));
        object.insert("promises_broken".to_owned(), json!(self.broken.len()));
        Value::Object(object)
    }

    /// The table, with the bar beside each figure.
    pub(super) fn table(&self) -> String {
        let shown: Vec<[String; 3]> = self
            .figures
            .iter()
            .filter(|figure| !figure.text.is_empty())
            .map(|figure| {
                let measured = figure.measured.show(figure.measured.number());
                [figure.text.clone(), measured, figure.bar()]
            })
            .collect();
        let width = |column: usize, least: usize| {
            shown.iter().map(|row| row[column].chars().count()).chain([least]).max().unwrap_or(least)
        };
        let (text, value, bar) = (width(0, 4), width(1, 8), width(2, 3));
        let mut table = format!("{}: {}\n", self.name, self.about);
        let _ = writeln!(table, "  {:text$}  {:>value$}  {:>bar$}", "what", "measured", "bar");
        let judged = self.figures.iter().filter(|figure| !figure.text.is_empty());
        for ([what, measured, limit], figure) in shown.iter().zip(judged) {
            let mark = match (figure.bar, figure.is_missed()) {
                (None, _) => "",
                (Some(_), false) => "ok",
                (Some(_), true) => "MISSED",
            };
            let line = format!("  {what:text$}  {measured:>value$}  {limit:>bar$}  {mark}");
            let _ = writeln!(table, "{}", line.trim_end());
        }
        for note in &self.notes {
            let _ = writeln!(table, "  ({note})");
        }
        for promise in &self.broken {
            let _ = writeln!(table, "  BROKEN: {promise}");
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> Scenario {
        let mut scenario = Scenario::new("gate-opening", "a test");
        scenario.figure("runs", "", 200_usize);
        let p50 = Duration::from_millis(271);
        scenario.figure("open_latency_p50_seconds", "until open, p50", p50);
        scenario.judged("open_latency_p99_seconds", "until open, p99", 2 * p50, Bar::AtMost(0.5));
        scenario.judged("held_rss_mb", "RSS", Measured::Bytes(11_900_000), Bar::AtMost(12.0));
        scenario.judged("api_calls_while_held", "AWS API calls", 0_usize, Bar::AtMost(0.0));
        scenario.judged("opened", "opened", 999_usize, Bar::AtLeast(1000.0));
        scenario
    }

    #[test]
    fn each_figure_stands_beside_its_bar() {
        let table = scenario().table();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[2], ["until", "open,", "p50", "0.27", "s"], "{table}");
        assert_eq!(lines[3], ["until", "open,", "p99", "0.54", "s", "≤", "0.50", "s", "MISSED"], "{table}");
        assert_eq!(lines[4], ["RSS", "11.9", "MB", "≤", "12.0", "MB", "ok"], "{table}");
        assert_eq!(lines[5], ["AWS", "API", "calls", "0", "0", "ok"], "{table}");
        assert_eq!(lines[6], ["opened", "999", "≥", "1000", "MISSED"], "{table}");
        assert_eq!(lines.len(), 7, "what has no text is for programs only: {table}");
    }

    #[test]
    fn the_object_is_flat_and_its_units_are_those_of_its_names() {
        let json = scenario().json();
        assert_eq!(
            json,
            json!({
                "scenario": "gate-opening", "runs": 200,
                "open_latency_p50_seconds": 0.271, "open_latency_p99_seconds": 0.542,
                "held_rss_mb": 11.9, "api_calls_while_held": 0, "opened": 999,
                "bars_missed": 2, "promises_broken": 0,
            })
        );
    }

    #[test]
    fn a_broken_promise_is_more_than_a_missed_bar() {
        let mut scenario = scenario();
        assert!(scenario.broken().is_empty());
        scenario.broke("one opened early");
        assert_eq!(scenario.broken(), ["one opened early"]);
        assert!(scenario.table().contains("BROKEN: one opened early"));
        assert_eq!(scenario.json()["promises_broken"], 1);
    }
}
