//! The picture: headline, one row an instance, and the log under it.

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::cells::{BOLD, Cells, DIM, cut, shorten};
use super::columns::{Column, Place, fit};
use crate::demo::model::{Model, Row};
use crate::demo::teller::{Entry, Kind};

pub(in crate::demo) use super::cells::Palette;

/// Draws everything, however small the area is.
pub(in crate::demo) fn draw(model: &Model, now: Duration, palette: Palette, area: Rect, buffer: &mut Buffer) {
    // a line each: headline, pods, nothing, titles; nothing, keys
    let mut pen = Pen { buffer, area, y: area.y };
    headline(model, now, palette, &mut pen);
    pen.y += 1;
    let left = area.bottom().saturating_sub(pen.y);
    // the log keeps half of what is left, and more where the instances need less
    let rows: Vec<&Row> = model.rows(now).collect();
    let table = usize::from(left / 2).saturating_sub(1).max(1);
    instances(model, &rows, now, palette, table, &mut pen);
    pen.y += 1;
    let lines = usize::from(area.bottom().saturating_sub(pen.y + 1));
    log(model.log(), palette, lines, &mut pen);
    pen.y = area.bottom().saturating_sub(1);
    pen.line("q ends it", DIM);
}

/// Writes line by line, and nothing beyond its area.
struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    y: u16,
}

impl Pen<'_> {
    fn put(&mut self, x: u16, text: &str, style: Style) {
        if self.y < self.area.bottom() && x < self.area.width {
            let room = usize::from(self.area.width - x);
            self.buffer.set_stringn(self.area.x + x, self.y, text, room, style);
        }
    }

    fn line(&mut self, text: &str, style: Style) {
        self.put(0, &cut(text, usize::from(self.area.width)), style);
        self.y += 1;
    }

    /// Puts a text at the right edge, and returns where it begins.
    fn right(&mut self, text: &str, style: Style) -> u16 {
        let length = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
        let x = self.area.width.saturating_sub(length);
        self.put(x, text, style);
        x
    }
}

fn headline(model: &Model, now: Duration, palette: Palette, pen: &mut Pen<'_>) {
    let clock = pen.right(&format!("{:.1} s", now.as_secs_f64()), DIM);
    let room = usize::from(clock.saturating_sub(1));
    pen.put(0, &cut(model.headline(), room), BOLD.patch(palette.of(Color::Cyan)));
    pen.y += 1;
    let (pods, serve) = model.pods();
    let states = summary(model.rows(now));
    let pods = if pods == 0 { String::new() } else { format!("{serve} of {pods} pods run") };
    let parts = [states, pods].into_iter().filter(|part| !part.is_empty());
    pen.line(&parts.collect::<Vec<_>>().join(" · "), DIM);
}

/// `3 InService, 1 Warmed:Stopped`.
fn summary<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows.filter(|row| !row.is_gone()) {
        *states.entry(&row.state).or_default() += 1;
    }
    let counts = states.iter().map(|(state, count)| format!("{count} {state}"));
    counts.collect::<Vec<_>>().join(", ")
}

fn instances(model: &Model, rows: &[&Row], now: Duration, palette: Palette, most: usize, pen: &mut Pen<'_>) {
    if rows.is_empty() {
        pen.line("no instance yet", DIM);
        return;
    }
    let columns = fit(pen.area.width);
    let marks = columns.iter().any(|place| place.column == Column::Marks);
    let (shown, hidden) = choose(rows, most);
    for Place { column, x, width } in &columns {
        pen.put(*x, &cut(column.title(), usize::from(*width)), BOLD);
    }
    pen.y += 1;
    for row in shown {
        let cells = Cells { model, row, now, palette, marks };
        for Place { column, x, width } in &columns {
            let (text, style) = cells.cell(*column, usize::from(*width));
            pen.put(*x, &text, style);
        }
        pen.y += 1;
    }
    if !hidden.is_empty() {
        let text = format!("… {} more: {}", hidden.len(), summary(hidden.iter().copied()));
        pen.line(text.trim_end_matches([' ', ':']), DIM);
    }
}

/// Where not all fit: those at which something happens, and the latest of the others.
fn choose<'a>(rows: &[&'a Row], most: usize) -> (Vec<&'a Row>, Vec<&'a Row>) {
    if rows.len() <= most {
        return (rows.to_vec(), Vec::new());
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|index| {
        let row = rows[*index];
        let drains = row.drain.is_some() || row.ends.is_some();
        let rests = matches!(row.state.as_str(), "InService" | "Warmed:Stopped");
        (!drains, rests || row.is_gone(), std::cmp::Reverse(row.since))
    });
    // one line says how many are missing
    let best = &order[..most.saturating_sub(1)];
    let (shown, hidden): (Vec<_>, Vec<_>) =
        rows.iter().enumerate().partition(|(index, _)| best.contains(index));
    let only = |rows: Vec<(usize, &&'a Row)>| rows.into_iter().map(|(_, row)| *row).collect();
    (only(shown), only(hidden))
}

fn log(entries: &[Entry], palette: Palette, lines: usize, pen: &mut Pen<'_>) {
    for (entry, times) in latest(entries, lines) {
        let times = if times > 1 { format!("  (×{times})") } else { String::new() };
        let room = usize::from(pen.area.width).saturating_sub(9 + times.chars().count());
        let text = format!("{:>6.1}s  {}{times}", entry.at.as_secs_f64(), cut(&shorten(&entry.text), room));
        let style = match entry.kind {
            Kind::Chapter => BOLD.patch(palette.of(Color::Cyan)),
            Kind::Turn => Style::new(),
            Kind::Verdict if entry.text.starts_with("ok") => palette.of(Color::Green),
            Kind::Verdict => palette.of(Color::Red),
            Kind::Heartbeat | Kind::Eviction => DIM,
        };
        pen.line(&text, style);
    }
}

/// The last lines. Of heartbeats and evictions that follow each other only the last is told, and how many there were.
fn latest(entries: &[Entry], lines: usize) -> Vec<(&Entry, usize)> {
    let mut told: Vec<(&Entry, usize)> = Vec::new();
    for entry in entries {
        let many = |kind: Kind| matches!(kind, Kind::Heartbeat | Kind::Eviction);
        let run = told.iter().rev().take_while(|(before, _)| many(before.kind)).count();
        let run = told.len() - run;
        let same = told[run..].iter().position(|(before, _)| before.kind == entry.kind);
        match same {
            Some(index) => {
                let (_, times) = told.remove(run + index);
                told.push((entry, times + 1));
            }
            None => told.push((entry, 1)),
        }
    }
    told.split_off(told.len().saturating_sub(lines))
}
