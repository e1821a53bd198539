//! The terminal: taken over by [`Screen::enter`], given back by [`Screen::leave`], at the latest by a panic.

use std::env;
use std::io::{IsTerminal, Stdout, stdin, stdout};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::{Terminal, backend::CrosstermBackend};
use tokio::sync::mpsc::UnboundedSender;

use super::cells::Palette;

/// How often it is drawn; only what differs is sent.
const FRAME: Duration = Duration::from_millis(100);

/// A terminal that we draw on.
#[derive(Debug)]
pub(in crate::demo) struct Screen {
    on: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// True if there is a terminal to draw on and to read keys from.
pub(in crate::demo) fn is_there() -> bool {
    let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    stdin().is_terminal() && stdout().is_terminal() && !dumb
}

/// No colour where the user wants none: <https://no-color.org>.
pub(in crate::demo) fn palette() -> Palette {
    palette_for(env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()))
}

pub(super) fn palette_for(no_colour: bool) -> Palette {
    if no_colour { Palette::Plain } else { Palette::Colour }
}

impl Screen {
    /// Takes the terminal over and draws until it is left. Tells once when the user wants an end.
    pub(in crate::demo) fn enter(
        draw: impl Fn(Rect, &mut Buffer) + Send + 'static,
        quit: UnboundedSender<()>,
    ) -> anyhow::Result<Self> {
        let on = Arc::new(AtomicBool::new(true));
        restore_on_panic(on.clone());
        enable_raw_mode()?;
        let terminal = execute!(stdout(), EnterAlternateScreen)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        let terminal = terminal.inspect_err(|_| give_back(&on))?;
        let thread = thread::spawn({
            let on = on.clone();
            move || show(terminal, &on, draw, &quit)
        });
        Ok(Screen { on, thread })
    }

    /// Gives the terminal back.
    pub(in crate::demo) fn leave(self) {
        let was_on = self.on.swap(false, Ordering::Relaxed);
        // not while it is drawn on; a thread that panicked has told so
        let _ = self.thread.join();
        if was_on {
            hand_over();
        }
    }

    /// False after a panic.
    pub(in crate::demo) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }
}

fn show(
    mut terminal: Terminal<CrosstermBackend<Stdout>>,
    on: &AtomicBool,
    draw: impl Fn(Rect, &mut Buffer),
    quit: &UnboundedSender<()>,
) {
    while on.load(Ordering::Relaxed) {
        let drawn = terminal.draw(|frame| draw(frame.area(), frame.buffer_mut()));
        // a terminal that is gone ends it like its user
        if drawn.and_then(|_| wants_end()).unwrap_or(true) {
            let _ = quit.send(());
            return;
        }
    }
}

/// Reads keys until the next frame is due.
fn wants_end() -> std::io::Result<bool> {
    if !event::poll(FRAME)? {
        return Ok(false);
    }
    Ok(match event::read()? {
        Event::Key(key) => ends(key),
        Event::Resize(..) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => {
            false
        }
    })
}

/// In raw mode Ctrl-C is a key like any other.
pub(super) fn ends(key: KeyEvent) -> bool {
    let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release && (ctrl_c || matches!(key.code, KeyCode::Char('q' | 'Q')))
}

/// Whoever panics wants to be read.
fn restore_on_panic(on: Arc<AtomicBool>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back(&on);
        before(info);
    }));
}

fn give_back(on: &AtomicBool) {
    if on.swap(false, Ordering::Relaxed) {
        hand_over();
    }
}

/// Nothing can be done about a terminal that does not let itself be restored.
fn hand_over() {
    let _ = disable_raw_mode();
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
}
