//! Frames of the view as one SVG that moves by CSS alone: it works where a page shows it as an image, without scripts
//! and fonts of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

/// A picture and when it was taken.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Since the start.
    pub(super) at: Duration,
    pub(super) buffer: Buffer,
}

/// Nobody looks at the same picture for longer.
const LONGEST: f64 = 1.5;

/// For how long the end stays.
const END: f64 = 5.0;

/// A character's width and a line's height in pixels; the font's size goes with them.
const CELL: (f64, f64) = (8.4, 18.0);

/// Around the text.
const MARGIN: f64 = 14.0;

/// A row of characters that stays the same from one frame to another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Strip {
    y: u16,
    first: usize,
    /// The frame in which it is no longer there.
    end: usize,
    markup: String,
}

/// Draws all frames one after the other, for ever.
pub(super) fn animated(frames: &[Frame]) -> String {
    let times = times(frames);
    let total = times.last().copied().unwrap_or(END);
    let area = frames.last().map(|frame| frame.buffer.area).unwrap_or_default();
    let width = f64::from(area.width) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(area.height) * CELL.1 + 2.0 * MARGIN;
    let strips = strips(frames);
    // strips that come and go together share their timing
    let mut spans: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for strip in &strips {
        let next = spans.len();
        spans.entry((strip.first, strip.end)).or_insert(next);
    }
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}">
<title>cargo xtask demo</title>
<style>
text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d4d4d8;white-space:pre}}
g{{visibility:hidden;animation:{total:.2}s step-end infinite}}
.b{{font-weight:bold}}.d{{fill:#8b8b94}}
"#
    );
    for (name, colour) in COLOURS {
        let _ = writeln!(svg, ".{name}{{fill:{colour}}}");
    }
    for ((first, end), number) in &spans {
        let percent = |frame: usize| 100.0 * times.get(frame).copied().unwrap_or(total) / total;
        let _ = write!(svg, "@keyframes k{number}{{");
        if *first > 0 {
            svg.push_str("0%{visibility:hidden}");
        }
        let _ = write!(svg, "{:.2}%{{visibility:visible}}", percent(*first));
        if *end < frames.len() {
            let _ = write!(svg, "{:.2}%{{visibility:hidden}}", percent(*end));
        }
        let _ = writeln!(svg, "}}.s{number}{{animation-name:k{number}}}");
    }
    // who wants no motion sees the end
    svg.push_str(
        "@media(prefers-reduced-motion:reduce){g{animation:none}.end{visibility:visible}}\n</style>\n",
    );
    let _ = writeln!(svg, r##"<rect width="100%" height="100%" rx="8" fill="#18181b"/>"##);
    for strip in &strips {
        let number = spans.get(&(strip.first, strip.end)).copied().unwrap_or_default();
        let end = if strip.end == frames.len() { " end" } else { "" };
        let y = MARGIN + (f64::from(strip.y) + 0.75) * CELL.1;
        let _ = writeln!(svg, r#"<g class="s{number}{end}"><text y="{y:.1}">{}</text></g>"#, strip.markup);
    }
    svg.push_str("</svg>\n");
    svg
}

/// When each frame begins and, as the last one, when all is over. Long pauses are shortened.
fn times(frames: &[Frame]) -> Vec<f64> {
    let mut times = vec![0.0];
    let mut now = 0.0;
    for pair in frames.windows(2) {
        now += (pair[1].at.saturating_sub(pair[0].at)).as_secs_f64().min(LONGEST);
        times.push(now);
    }
    times.push(now + END);
    times
}

fn strips(frames: &[Frame]) -> Vec<Strip> {
    let Some(last) = frames.last() else { return Vec::new() };
    let mut strips = Vec::new();
    for y in 0..last.buffer.area.height {
        let rows: Vec<String> = frames.iter().map(|frame| markup(&frame.buffer, y)).collect();
        let mut first = 0;
        for end in 1..=rows.len() {
            if rows.get(end) != rows.get(first) {
                if !rows[first].is_empty() {
                    strips.push(Strip { y, first, end, markup: rows[first].clone() });
                }
                first = end;
            }
        }
    }
    strips
}

/// A row as words of one style, each at its place: fonts differ in width, so nothing is left to them. Empty if it is.
fn markup(buffer: &Buffer, y: u16) -> String {
    let mut words: Vec<(u16, String, String)> = Vec::new();
    // blanks before the next word: one is part of the text, two begin a new column
    let mut blanks = 2;
    for x in 0..buffer.area.width {
        let Some(cell) = buffer.cell((x, y)) else { continue };
        if cell.symbol() == " " {
            blanks += 1;
            continue;
        }
        let class = class(cell.fg, cell.modifier);
        match words.last_mut() {
            Some((_, text, before)) if blanks < 2 && *before == class => {
                text.push_str(&" ".repeat(blanks));
                text.push_str(cell.symbol());
            }
            _ => words.push((x, cell.symbol().to_owned(), class)),
        }
        blanks = 0;
    }
    let mut markup = String::new();
    for (x, text, class) in words {
        let x = MARGIN + f64::from(x) * CELL.0;
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let class = if class.is_empty() { class } else { format!(r#" class="{class}""#) };
        let _ = write!(markup, r#"<tspan x="{x:.1}"{class}>{text}</tspan>"#);
    }
    markup
}

/// Colours of the terminal, as they look on the picture's own dark ground.
const COLOURS: [(&str, &str); 6] = [
    ("red", "#f87171"),
    ("green", "#4ade80"),
    ("yellow", "#facc15"),
    ("blue", "#60a5fa"),
    ("magenta", "#e879f9"),
    ("cyan", "#22d3ee"),
];

fn class(colour: Color, modifier: Modifier) -> String {
    let name = colour.to_string().to_lowercase();
    let mut classes: Vec<&str> =
        COLOURS.iter().map(|(known, _)| *known).filter(|known| *known == name).collect();
    if modifier.contains(Modifier::BOLD) {
        classes.push("b");
    }
    if modifier.contains(Modifier::DIM) {
        classes.push("d");
    }
    classes.join(" ")
}
