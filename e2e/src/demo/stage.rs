//! Where the story is told: each piece of news goes into the model, and from there to whoever watches, as lines or as
//! a picture.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;
use tokio::time::sleep;

use k8s_openapi::api::core::v1::Pod;

use super::model::Model;
use super::news::{News, Status};
use super::view::draw::draw;
use super::view::screen::{self, Screen};
use crate::controller::Controller;
use crate::oracle::Watch;
use crate::story::Story;

/// How often the controller is asked how it stands.
const ASK: Duration = Duration::from_millis(200);

/// A handle to it; clones are of the same one.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    model: Mutex<Model>,
    screen: Mutex<Option<Screen>>,
}

/// What the user wants.
pub(super) type Quit = UnboundedReceiver<()>;

impl Stage {
    /// Opens it: on a terminal with the live view, elsewhere for lines.
    pub(super) fn open() -> (Self, Quit) {
        let shared = Shared {
            started: Instant::now(),
            model: Mutex::new(Model::new(Timestamp::now())),
            screen: Mutex::new(None),
        };
        let stage = Stage { shared: Arc::new(shared) };
        let (wants, quit) = mpsc::unbounded_channel();
        if screen::is_there() {
            let (drawn, palette) = (stage.clone(), screen::palette());
            let picture =
                move |area, buffer: &mut _| drawn.look(|now, model| draw(model, now, palette, area, buffer));
            // a terminal that does not let itself be taken over still takes lines
            *lock(&stage.shared.screen) = Screen::enter(picture, wants).ok();
        }
        (stage, quit)
    }

    /// Says something of the story's own.
    pub(super) fn line(&self, text: &str) {
        self.tell(News::Line(text.to_owned()));
    }

    /// Says what comes next.
    pub(super) fn chapter(&self, text: &str) {
        self.tell(News::Chapter(text.to_owned()));
    }

    /// Says whether something was true.
    pub(super) fn verdict(&self, text: &str) {
        self.tell(News::Verdict(text.to_owned()));
    }

    /// Gives the reader time, and the sources too: each is a little behind the event.
    pub(super) async fn pause(&self) {
        sleep(Duration::from_secs(1)).await;
    }

    /// Looks at the model as it is now.
    pub(super) fn look<T>(&self, see: impl FnOnce(Duration, &Model) -> T) -> T {
        let model = lock(&self.shared.model);
        see(self.shared.started.elapsed(), &model)
    }

    /// Ends the live view, if there is one; what is told from now on is printed.
    pub(super) fn leave(&self) {
        // the picture is drawn from the model: let go of all locks before the last one is
        let screen = lock(&self.shared.screen).take();
        if let Some(screen) = screen {
            screen.leave();
        }
    }

    /// Ends the live view and prints what was told in it.
    pub(super) fn leave_and_print(&self) {
        let was_live = self.is_live();
        self.leave();
        if was_live {
            self.look(|_, model| {
                for entry in model.log() {
                    println!("{entry}");
                }
            });
        }
    }

    /// Tells everything from now on, until the result is dropped.
    pub(super) fn follow(
        &self,
        story: &Arc<Story>,
        pods: &Arc<Watch<Pod>>,
        controller: &Arc<Controller>,
    ) -> JoinSet<()> {
        let mut sources = JoinSet::new();
        sources.spawn(self.clone().simulator(story.clone()));
        sources.spawn(self.clone().nodes(story.clone()));
        sources.spawn(self.clone().pods(pods.clone()));
        sources.spawn(self.clone().gates(story.clone()));
        sources.spawn(self.clone().status(controller.clone()));
        sources
    }

    fn is_live(&self) -> bool {
        lock(&self.shared.screen).as_ref().is_some_and(Screen::is_on)
    }

    fn tell(&self, news: News) {
        let is_live = self.is_live();
        let mut model = lock(&self.shared.model);
        let told = model.apply(self.shared.started.elapsed(), news);
        if !is_live {
            for entry in told {
                println!("{entry}");
            }
        }
    }

    async fn simulator(self, story: Arc<Story>) {
        let mut events = story.simulator.subscribe();
        loop {
            match events.recv().await {
                Ok(event) => self.tell(News::Happened(event)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn nodes(self, story: Arc<Story>) {
        let mut seen = 0;
        loop {
            self.tell(News::Nodes(story.node_watch.next(&mut seen).await));
        }
    }

    async fn pods(self, pods: Arc<Watch<Pod>>) {
        let mut seen = 0;
        loop {
            self.tell(News::Pods(pods.next(&mut seen).await));
        }
    }

    async fn gates(self, story: Arc<Story>) {
        let mut gates = story.nodes.gates();
        while gates.changed().await.is_ok() {
            let now = gates.borrow_and_update().clone();
            self.tell(News::Gates(now));
        }
    }

    async fn status(self, controller: Arc<Controller>) {
        let mut before = None;
        loop {
            let now = status(&controller).await.ok();
            if now != before {
                self.tell(News::Status(now.clone()));
                before = now;
            }
            sleep(ASK).await;
        }
    }
}

async fn status(controller: &Controller) -> anyhow::Result<Status> {
    let (code, body) = controller.get("/status").await?;
    anyhow::ensure!(code == 200, "{code}");
    serde_json::from_str(&body).context("parsing the controller's status")
}

/// A panic elsewhere does not make what was told wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
