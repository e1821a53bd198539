//! Pictures of known models, at several sizes.

use std::time::Duration;

use aws_simulator::Event;
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use serde_json::json;

use super::draw::{Palette, draw};
use super::screen::{ends, palette_for};
use super::svg::{Frame, animated};
use crate::demo::model::Model;
use crate::demo::model::tests::{change, node, pod};
use crate::demo::news::News;
use crate::node::GateState;

const LEAVES: &str = "i-0aaaaaaaaaaaaaaaa";
const STAYS: &str = "i-0bbbbbbbbbbbbbbbb";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn moves(id: &str, to: &str) -> News {
    let (id, group, to) = (id.to_owned(), "workers".to_owned(), to.to_owned());
    News::Happened(Event::LifecycleChanged { at: std::time::UNIX_EPOCH, id, group, from: None, to })
}

/// One node drains and a budget stands in the way, the other serves.
fn blocked() -> Model {
    let mut model = Model::new(Timestamp::UNIX_EPOCH);
    model.apply(secs(1), News::Chapter("Scale-in by one: its node is drained under the budget.".into()));
    model.apply(secs(2), moves(LEAVES, "Terminating:Wait"));
    model.apply(secs(2), moves(STAYS, "InService"));
    let gates = [(LEAVES.to_owned(), GateState::Open), (STAYS.to_owned(), GateState::Open)];
    model.apply(secs(3), News::Gates(gates.into()));
    let taints = json!([{"key": "node-gate.io/out-of-service", "value": "leaving", "effect": "NoSchedule"}]);
    let leaves = node(LEAVES, &json!({"unschedulable": true, "taints": taints}));
    let stays = node(STAYS, &json!({}));
    model.apply(secs(3), News::Nodes(vec![change(LEAVES, Some(leaves)), change(STAYS, Some(stays))]));
    let pods = ["a", "b", "c"].map(|name| change(name, Some(pod(name, LEAVES))));
    model.apply(secs(3), News::Pods(pods.into()));
    let refused = |name| json!({"pod": name, "kind": "budget", "reason": "disruption budget web allows no eviction now"});
    let status = json!({"instances": {LEAVES: {
        "action": {"ends": "1970-01-01T02:00:00Z"},
        "drain": {"deadline": "1970-01-01T00:10:04Z", "blockers": [
            refused("d/a"), refused("d/b"), {"pod": "d/c", "kind": "terminating", "reason": "terminating"}]}}}});
    model.apply(secs(3), News::Status(serde_json::from_value(status).unwrap()));
    model
}

fn picture(model: &Model, now: Duration, palette: Palette, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, now, palette, frame.area(), frame.buffer_mut())).unwrap();
    terminal.backend().buffer().clone()
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    let rows = buffer.content().chunks(width);
    rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned())
        .collect()
}

fn text(model: &Model, width: u16, height: u16) -> Vec<String> {
    lines(&picture(model, secs(4), Palette::Colour, width, height))
}

#[test]
fn before_anything_is_there_it_says_so() {
    let model = Model::new(Timestamp::UNIX_EPOCH);
    assert_eq!(
        text(&model, 60, 6),
        [
            "                                                       4.0 s",
            "",
            "",
            "no instance yet",
            "",
            "q ends it"
        ]
    );
}

#[test]
fn eighty_columns_show_all_of_a_blocked_drain() {
    assert_eq!(
        text(&blocked(), 80, 12),
        [
            "Scale-in by one: its node is drained under the budget.                     4.0 s",
            "1 InService, 1 Terminating:Wait · 3 of 3 pods run",
            "",
            "INSTANCE STATE            GATE NODE     CORDON, TAINTS PODS    ENDS IN BLOCKER",
            "i-0aaaaa Terminating:Wait open Ready    cordon leaving 3 left  10m 00s 2× budget",
            "i-0bbbbb InService        open Ready                   0",
            "",
            "   2.0s  instance i-0aaaaa is launched: Terminating:Wait",
            "   2.0s  instance i-0bbbbb is launched: InService",
            "   3.0s  node i-0aaaaa has joined: its gate is open",
            "   3.0s  node i-0bbbbb has joined: its gate is open",
            "q ends it"
        ]
    );
}

#[test]
fn sixty_columns_keep_what_matters_most() {
    let text = text(&blocked(), 60, 12);
    assert_eq!(text[3], "INSTANCE STATE              GATE NODE     PODS    BLOCKER");
    assert_eq!(text[4], "i-0aaaaa Terminating:Wait   open cordoned 3 left  2× budget");
}

#[test]
fn a_wide_terminal_shows_ids_taints_and_reasons_in_full() {
    let text = text(&blocked(), 200, 12);
    assert!(text[4].starts_with(LEAVES), "{}", text[4]);
    assert!(text[4].contains("cordoned out-of-service=leaving"), "{}", text[4]);
    assert!(text[4].contains("2× disruption budget web allows no eviction now"), "{}", text[4]);
}

#[test]
fn no_size_is_too_small_and_none_is_overrun() {
    for (width, height) in [(0, 0), (1, 1), (5, 3), (20, 4), (300, 5), (10, 60)] {
        assert_eq!(text(&blocked(), width.max(1), height.max(1)).len(), usize::from(height.max(1)));
    }
}

#[test]
fn fifty_instances_leave_half_of_the_picture_to_the_log_and_the_drain_among_them_is_seen() {
    let mut model = Model::new(Timestamp::UNIX_EPOCH);
    for number in 0..50 {
        model.apply(secs(1), moves(&format!("i-{number:017x}"), "InService"));
    }
    let drains = json!({"instances": {"i-00000000000000007": {"drain": {"deadline": null}}}});
    model.apply(secs(2), News::Status(serde_json::from_value(drains).unwrap()));
    let text = text(&model, 80, 24);
    assert_eq!(text[12], "… 42 more: 42 InService");
    assert_eq!(text.iter().filter(|line| line.contains("is launched")).count(), 9);
    assert!(text.iter().any(|line| line.starts_with("i-000000")), "{text:#?}");
    let wide = lines(&picture(&model, secs(4), Palette::Plain, 200, 24));
    assert!(wide.iter().any(|line| line.starts_with("i-00000000000000007")), "{wide:#?}");
}

#[test]
fn evictions_and_heartbeats_do_not_push_turning_points_out() {
    let mut model = blocked();
    let beat = || Event::Heartbeat {
        at: std::time::UNIX_EPOCH,
        id: LEAVES.into(),
        group: "g".into(),
        hook: "h".into(),
        token: "t".into(),
    };
    for _ in 0..30 {
        model.apply(secs(4), News::Happened(beat()));
    }
    let text = text(&model, 80, 12);
    assert_eq!(text[10], "   4.0s  hook h gets a heartbeat for i-0aaaaa  (×30)");
    assert_eq!(text[9], "   3.0s  node i-0bbbbb has joined: its gate is open");
}

#[test]
fn a_terminated_instance_is_shown_a_little_longer() {
    let mut model = blocked();
    model.apply(secs(10), moves(LEAVES, "Terminated"));
    let at = |now| lines(&picture(&model, secs(now), Palette::Colour, 80, 20));
    assert!(at(12).iter().any(|line| line.starts_with("i-0aaaaa Terminated")));
    assert!(!at(16).iter().any(|line| line.starts_with("i-0aaaaa")));
}

#[test]
fn colours_are_there_unless_nobody_wants_them() {
    let coloured = |palette| {
        let buffer = picture(&blocked(), secs(4), palette, 80, 12);
        buffer.content().iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert!(coloured(palette_for(false)) > 0);
    assert_eq!(coloured(palette_for(true)), 0);
}

#[test]
fn q_and_ctrl_c_end_it_and_nothing_else_does() {
    let key = |code, modifiers| ends(KeyEvent::new(code, modifiers));
    assert!(key(KeyCode::Char('q'), KeyModifiers::NONE));
    assert!(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE));
    assert!(!key(KeyCode::Enter, KeyModifiers::NONE));
}

#[test]
fn the_recording_moves_without_script_and_repeats_nothing_that_stays() {
    let frame = |at| Frame { at: secs(at), buffer: picture(&blocked(), secs(4), Palette::Colour, 80, 12) };
    let (still, mut moved) = (frame(0), frame(100));
    moved.buffer.set_string(0, 6, "a < b & c", ratatui::style::Style::new());
    let svg = animated(&[still, moved]);
    assert_eq!(svg.matches("i-0bbbbb").count(), 3, "the row and two lines of the log, once each");
    assert!(svg.contains("a &lt; b &amp; c"));
    assert!(!svg.contains("<script") && !svg.contains("@font-face") && !svg.contains("http://127"));
    // the pause of a hundred seconds is shortened to 1.5, and the end stays for 5
    assert!(svg.contains("animation:6.50s"), "{svg}");
    assert!(svg.contains("23.08%{visibility:visible}"), "{svg}");
}

#[test]
fn a_recording_of_nothing_is_still_a_picture() {
    assert!(animated(&[]).ends_with("</svg>\n"));
}
