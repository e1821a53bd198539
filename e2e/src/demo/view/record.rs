//! The live view of a run, kept as a picture that moves.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::cells::Palette;
use super::draw::draw;
use super::svg::{Frame, animated};
use crate::demo::stage::Stage;

/// The picture's size in characters.
const SIZE: Rect = Rect { x: 0, y: 0, width: 110, height: 30 };

/// How often it is looked at.
const OFTEN: Duration = Duration::from_millis(250);

/// Looks at the stage until it is dropped.
#[derive(Debug)]
pub(in crate::demo) struct Recorder {
    film: Arc<Mutex<Film>>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct Film {
    frames: Vec<Frame>,
    changes: u64,
}

impl Recorder {
    /// Starts it.
    pub(in crate::demo) fn start(stage: &Stage) -> Self {
        let film: Arc<Mutex<Film>> = Arc::default();
        let (kept, stage) = (film.clone(), stage.clone());
        let task = tokio::spawn(async move {
            loop {
                lock(&kept).look(&stage);
                sleep(OFTEN).await;
            }
        });
        Recorder { film, _task: AbortOnDropHandle::new(task) }
    }

    /// Ends it with the stage as it is now, and writes it.
    pub(in crate::demo) fn write(self, stage: &Stage, file: &Path) -> anyhow::Result<()> {
        let mut kept = lock(&self.film);
        kept.look(stage);
        fs::write(file, animated(&kept.frames)).with_context(|| format!("writing {}", file.display()))
    }
}

impl Film {
    /// Keeps a frame if there was news: a clock that ticks is none.
    fn look(&mut self, stage: &Stage) {
        let (changes, frame) = stage.look(|now, model| {
            let mut buffer = Buffer::empty(SIZE);
            draw(model, now, Palette::Colour, SIZE, &mut buffer);
            (model.changes(), Frame { at: now, buffer })
        });
        if changes != self.changes {
            self.changes = changes;
            self.frames.push(frame);
        }
    }
}

fn lock(film: &Mutex<Film>) -> MutexGuard<'_, Film> {
    film.lock().unwrap_or_else(PoisonError::into_inner)
}
