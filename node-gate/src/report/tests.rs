//! What a machine prints on its console while the gate holds it: what goes to standard error, which the unit sends there.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::*;

#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines that a story makes the reporter print.
fn printed(story: impl FnOnce(&mut Reporter, Instant, &TempDir)) -> Vec<String> {
    let (console, folder) = (Console::default(), tempfile::tempdir().unwrap());
    let writer = console.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let now = Instant::now();
        story(&mut Reporter::new(Folder::new(folder.path()), "the test".into(), now), now, &folder);
    });
    let text = String::from_utf8(console.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

fn warm() -> Hold {
    Hold::Warm { target: "Warmed:Stopped".into() }
}

fn failing(problem: &str) -> Hold {
    Hold::ImdsFailing { problem: problem.into() }
}

#[test]
fn a_line_a_change_and_one_a_minute_and_none_a_look() {
    let lines = printed(|reporter, begin, _| {
        let mut now = begin;
        let mut hold = |hold: &Hold, seconds: u64| {
            for _ in 0..2 * seconds {
                reporter.holding(hold, now);
                now += Duration::from_millis(500);
            }
        };
        hold(&Hold::Starting, 1);
        hold(&warm(), 149);
        hold(&failing("HTTP 503"), 20);
        // Another problem of the same kind is told when it is time for the next line.
        hold(&failing("Connection refused (os error 111)"), 60);
        hold(&warm(), 10);
        reporter.opened(&Open::InService { group: None }, Some("this"), now).unwrap();
    });
    assert_eq!(
        lines,
        [
            "INFO holding: asking IMDS for the target lifecycle state",
            "INFO holding: target Warmed:Stopped: the instance belongs to the warm pool",
            "INFO still holding, for 1m 1s: target Warmed:Stopped: the instance belongs to the warm pool",
            "INFO still holding, for 2m 1s: target Warmed:Stopped: the instance belongs to the warm pool",
            "INFO holding: IMDS gives no usable answer: HTTP 503",
            "INFO still holding, for 3m 30s: IMDS gives no usable answer: Connection refused (os error 111)",
            "INFO holding: target Warmed:Stopped: the instance belongs to the warm pool",
            "INFO opened after 4m: target InService",
        ]
    );
}

#[test]
fn an_opening_in_doubt_and_an_end_without_opening_are_warnings() {
    let unknown = Open::Unknown { problem: "AccessDenied".into() };
    let lines = printed(|reporter, now, _| reporter.opened(&unknown, None, now).unwrap());
    assert!(lines[0].starts_with("WARN opened after 0s, in doubt: nothing tells whether"), "{lines:?}");
    let lines = printed(|reporter, now, _| reporter.stopped("SIGTERM", now + Duration::from_millis(4200)));
    assert_eq!(lines, ["WARN SIGTERM after 4s 200ms: ending without opening"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_once_and_again_after_it_could() {
    let lines = printed(|reporter, now, folder| {
        let status = folder.path().join("status.json");
        std::fs::create_dir(&status).unwrap();
        reporter.holding(&warm(), now);
        reporter.holding(&failing("HTTP 503"), now);
        std::fs::remove_dir(&status).unwrap();
        reporter.holding(&warm(), now);
        std::fs::remove_file(&status).unwrap();
        std::fs::create_dir(&status).unwrap();
        reporter.holding(&failing("HTTP 503"), now);
        assert!(
            reporter.opened(&Open::NoGroup, None, now).is_ok(),
            "the record of the opening is another file"
        );
    });
    let told =
        lines.iter().filter(|line| line.starts_with("WARN the status file cannot be written: ")).count();
    assert_eq!(told, 2, "{lines:#?}");
}
