//! What was done, how long it took, and whether it worked.

use std::fmt::Write as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a quiet step tells that it is still at it.
const STILL: Duration = Duration::from_secs(20);

/// The steps of a run, in order.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    failed: bool,
}

impl Steps {
    /// Runs a step whose own output shows that it is alive.
    pub(crate) fn run<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        println!("\n==> {name}");
        let started = Instant::now();
        let result = work();
        let took = started.elapsed();
        println!("<== {name}: {}{}", human(took), if result.is_ok() { "" } else { ", FAILED" });
        self.done.push(Step { name: name.to_owned(), took, failed: result.is_err() });
        result
    }

    /// Runs a step that says nothing by itself; a line now and then tells how long it has been at it.
    pub(crate) fn run_quiet<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let (done, wait) = mpsc::channel::<()>();
        let line = name.to_owned();
        let started = Instant::now();
        // only the ticking happens beside us: children die with the thread that starts them
        let ticker = thread::spawn(move || {
            while wait.recv_timeout(STILL) == Err(RecvTimeoutError::Timeout) {
                println!("    … {line}: {}", human(started.elapsed()));
            }
        });
        let result = self.run(name, work);
        drop(done);
        let _ = ticker.join();
        result
    }

    /// The table that ends a run.
    pub(crate) fn table(&self) -> String {
        let width = self.done.iter().map(|step| step.name.chars().count()).chain([5]).max().unwrap_or(5);
        let mut table = String::new();
        for step in &self.done {
            let mark = if step.failed { "FAILED" } else { "ok" };
            let _ = writeln!(table, "{:<width$}  {:>9}  {mark}", step.name, human(step.took));
        }
        let total = self.done.iter().map(|step| step.took).sum();
        let _ = write!(table, "{:<width$}  {:>9}", "total", human(total));
        table
    }
}

/// `0.4 s`, `12 s`, `3 m 05 s`.
fn human(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failing_step_is_marked_and_its_error_returned() {
        let mut steps = Steps::default();
        assert!(steps.run("good", || Ok(())).is_ok());
        let error = steps.run_quiet("bad", || -> anyhow::Result<()> { anyhow::bail!("broken") }).unwrap_err();
        assert_eq!(error.to_string(), "broken");
        let table = steps.table();
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("good") && lines[0].ends_with("ok"), "{table}");
        assert!(lines[1].starts_with("bad") && lines[1].ends_with("FAILED"), "{table}");
        assert!(lines[2].starts_with("total"), "{table}");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(human(Duration::from_millis(400)), "0.4 s");
        assert_eq!(human(Duration::from_millis(12_300)), "12 s");
        assert_eq!(human(Duration::from_secs(185)), "3 m 05 s");
    }
}
