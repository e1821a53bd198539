//! What stands in a cell: its text and its colour.

use std::time::Duration;

use ratatui::style::{Color, Modifier, Style};

use super::columns::Column;
use crate::demo::model::{Model, Row};
use crate::demo::news::NodeFacts;
use crate::node::GateState;

/// Colours of the terminal's own palette, so that they suit its background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::demo) enum Palette {
    Colour,
    /// Bold and dim only.
    Plain,
}

impl Palette {
    pub(super) fn of(self, colour: Color) -> Style {
        match self {
            Palette::Colour => Style::new().fg(colour),
            Palette::Plain => Style::new(),
        }
    }
}

pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// What is drawn of an instance, and where.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    pub(super) model: &'a Model,
    pub(super) row: &'a Row,
    pub(super) now: Duration,
    pub(super) palette: Palette,
    /// Whether there is a column for marks; else the cordon shows in the Node's.
    pub(super) marks: bool,
}

impl Cells<'_> {
    /// The text for a width, and its style.
    pub(super) fn cell(&self, column: Column, width: usize) -> (String, Style) {
        let (text, style) = match column {
            Column::Id => (id(&self.row.id, width), Style::new()),
            Column::State => (self.row.state.clone(), self.palette.of(state_colour(&self.row.state))),
            Column::Gate => self.gate(),
            Column::Node => self.node(),
            Column::Marks => self.marks(width),
            Column::Pods => self.pods(),
            Column::Time => (self.time(), Style::new()),
            Column::Blocker => self.blocker(width),
        };
        (cut(&text, width), if self.row.is_gone() { DIM } else { style })
    }

    fn gate(&self) -> (String, Style) {
        match self.row.gate {
            GateState::Off => ("off".into(), DIM),
            GateState::Held => ("held".into(), self.palette.of(Color::Yellow)),
            GateState::Open => ("open".into(), self.palette.of(Color::Green)),
        }
    }

    fn node(&self) -> (String, Style) {
        match &self.row.node {
            None => ("none".into(), DIM),
            Some(node) if node.cordoned && !self.marks => {
                ("cordoned".into(), self.palette.of(Color::Magenta))
            }
            Some(node) if node.ready => ("Ready".into(), self.palette.of(Color::Green)),
            Some(_) => ("NotReady".into(), self.palette.of(Color::Red)),
        }
    }

    fn marks(&self, width: usize) -> (String, Style) {
        let Some(node) = &self.row.node else { return (String::new(), DIM) };
        let long = marks(node, false);
        let text = if long.chars().count() <= width { long } else { marks(node, true) };
        let ours = node.cordoned || node.starting || node.out_of_service.is_some();
        (text, if ours { self.palette.of(Color::Magenta) } else { DIM })
    }

    fn pods(&self) -> (String, Style) {
        let pods = self.model.pods_on(&self.row.id);
        match (&self.row.drain, &self.row.node) {
            (_, None) => (String::new(), DIM),
            (None, Some(_)) => (pods.to_string(), Style::new()),
            (Some(_), Some(_)) => (format!("{pods} left"), BOLD),
        }
    }

    /// Until patience ends, or the action does.
    fn time(&self) -> String {
        let ends = [self.row.drain.as_ref().and_then(|drain| drain.deadline), self.row.ends];
        let soonest = ends.into_iter().flatten().min();
        soonest.map(|end| human(end.saturating_sub(self.now))).unwrap_or_default()
    }

    fn blocker(&self, width: usize) -> (String, Style) {
        let blocker = self.row.drain.as_ref().and_then(|drain| drain.blocker.as_ref());
        let Some(blocker) = blocker else { return (String::new(), DIM) };
        let long = format!("{}× {}", blocker.pods, blocker.reason);
        let fits = long.chars().count() <= width;
        let text = if fits { long } else { format!("{}× {}", blocker.pods, blocker.kind) };
        (text, if blocker.refuses { self.palette.of(Color::Red) } else { DIM })
    }
}

/// Green serves, yellow comes, blue waits in the pool, magenta leaves.
fn state_colour(state: &str) -> Color {
    match state {
        "InService" => Color::Green,
        "Warmed:Stopped" | "Warmed:Running" | "Warmed:Hibernated" => Color::Blue,
        state if state.contains("Terminat") => Color::Magenta,
        state if state.starts_with("Warmed:") => Color::Cyan,
        state if state.starts_with("Pending") => Color::Yellow,
        _ => Color::Reset,
    }
}

fn marks(node: &NodeFacts, brief: bool) -> String {
    let mut marks = Vec::new();
    if node.cordoned {
        marks.push(if brief { "cordon" } else { "cordoned" }.to_owned());
    }
    if node.starting {
        marks.push("starting".to_owned());
    }
    if let Some(value) = &node.out_of_service {
        marks.push(if brief { value.clone() } else { format!("out-of-service={value}") });
    }
    if brief {
        return marks.join(" ");
    }
    // a taint's name without its domain says enough
    let others = node.others.iter().map(|key| key.rsplit('/').next().unwrap_or(key).to_owned());
    marks.extend(others);
    marks.join(" ")
}

/// The whole id, or the beginning that tells instances from each other.
pub(super) fn id(id: &str, width: usize) -> String {
    if id.chars().count() <= width { id.to_owned() } else { id.chars().take(SHORT_ID).collect() }
}

/// `i-` and six digits.
const SHORT_ID: usize = 8;

/// The ids in a text, shortened.
pub(super) fn shorten(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_end_matches(':');
        let is_id = bare.len() == 19
            && bare.strip_prefix("i-").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if is_id {
            words.push(format!("{}{}", &bare[..SHORT_ID], &word[bare.len()..]));
        } else {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

/// The text, or as much of it as fits.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `9m 58s`, `12s`, `47h 59m`.
fn human(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ ..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}
