//! However xtask ends, nothing that it started goes on: not even a process that left its session and its parents.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// xtask holding a shell that holds a sleep, and a second sleep that is nobody's child any more.
struct Held {
    xtask: Child,
    marker: String,
}

impl Held {
    fn start(jail: Option<&str>, orphan: bool) -> anyhow::Result<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        // sleeping this long also tells our processes from everybody else's
        let marker = format!("86{:09}.{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let orphan =
            if orphan { format!("(setsid sleep {marker} >/dev/null 2>&1 &);") } else { String::new() };
        let script = format!("{orphan} echo started; setpriv --pdeathsig KILL sleep {marker}; true");
        // whoever runs the tests in the background has them ignore Ctrl-C, and all their children with them
        let mut command = Command::new("env");
        command.args(["--default-signal=INT,TERM", env!("CARGO_BIN_EXE_xtask")]);
        // a survivor that held our own error output would make whoever reads it wait for ever
        command.args(["hold", "sh", "-c", &script]).stdout(Stdio::piped()).stderr(Stdio::null());
        command.env_remove("NODE_GATE_XTASK_JAIL");
        if let Some(jail) = jail {
            command.env("NODE_GATE_XTASK_JAIL", jail);
        }
        let mut xtask = command.spawn()?;
        let mut line = String::new();
        BufReader::new(xtask.stdout.take().context("its output")?).read_line(&mut line)?;
        assert_eq!(line, "started\n");
        let held = Held { xtask, marker };
        let sleeps = 1 + usize::from(!orphan.is_empty());
        // not before they are what they shall be: until then setpriv has not yet bound them
        let is_sleep =
            |process: &&PathBuf| fs::read(process.join("comm")).is_ok_and(|comm| comm == b"sleep\n");
        held.wait_until("its processes run", |running| running.iter().filter(is_sleep).count() == sleeps)?;
        Ok(held)
    }

    /// The processes whose command line has our marker.
    fn running(&self) -> anyhow::Result<Vec<PathBuf>> {
        let processes = fs::read_dir("/proc")?.filter_map(|entry| Some(entry.ok()?.path()));
        let is_ours = |process: &PathBuf| {
            let line = fs::read(process.join("cmdline")).unwrap_or_default();
            // a dead process that nobody has waited for yet has an empty command line
            String::from_utf8_lossy(&line).contains(&self.marker)
        };
        Ok(processes.filter(is_ours).collect())
    }

    fn wait_until(&self, what: &str, reached: impl Fn(&[PathBuf]) -> bool) -> anyhow::Result<()> {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let running = self.running()?;
            if reached(&running) {
                return Ok(());
            }
            ensure!(Instant::now() < end, "waited until {what}; running: {running:?}");
            sleep(Duration::from_millis(20));
        }
    }

    fn end_with(mut self, signal: &str) -> anyhow::Result<()> {
        let id = self.xtask.id();
        let kill = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status()?;
        ensure!(kill.success(), "could not send {signal}");
        let end = Instant::now() + Duration::from_secs(20);
        while self.xtask.try_wait()?.is_none() {
            ensure!(Instant::now() < end, "xtask does not end by {signal}");
            sleep(Duration::from_millis(20));
        }
        self.wait_until(&format!("nothing survives {signal}"), <[PathBuf]>::is_empty)
    }
}

/// Only a failed test has anything left to kill.
impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.xtask.kill();
        for process in self.running().unwrap_or_default() {
            let id = process.file_name().unwrap_or_default().to_string_lossy();
            let _ = Command::new("sh").args(["-c", &format!("kill -KILL {id}")]).status();
        }
    }
}

#[test]
fn nothing_survives_sigkill() -> anyhow::Result<()> {
    Held::start(None, true)?.end_with("KILL")
}

#[test]
fn nothing_survives_sigterm() -> anyhow::Result<()> {
    Held::start(None, true)?.end_with("TERM")
}

#[test]
fn nothing_survives_ctrl_c() -> anyhow::Result<()> {
    Held::start(None, true)?.end_with("INT")
}

#[test]
fn without_namespaces_children_die_with_their_parents() -> anyhow::Result<()> {
    Held::start(Some("bound"), false)?.end_with("KILL")
}

/// A folder in the cgroups, as a machine makes one; where we may not make one, no machine can run either.
#[test]
fn no_folder_in_the_cgroups_survives_sigkill() -> anyhow::Result<()> {
    let hierarchy = fs::read_dir("/sys/fs/cgroup")?.filter_map(|entry| Some(entry.ok()?.path()));
    let hierarchy = hierarchy.into_iter().find(|path| path.is_dir()).context("no cgroups here")?;
    let script =
        r#"mkdir -p "$0/$NODE_GATE_RUN-machine/payload" && echo "$0/$NODE_GATE_RUN-machine" && sleep 60"#;
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["hold", "sh", "-c", script]).arg(&hierarchy).env_remove("NODE_GATE_XTASK_JAIL");
    let mut xtask = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(xtask.stdout.take().context("its output")?).read_line(&mut line)?;
    let folder = PathBuf::from(line.trim_end());
    if line.is_empty() {
        let mut said = String::new();
        xtask.stderr.take().context("its errors")?.read_to_string(&mut said)?;
        xtask.wait()?;
        ensure!(!is_root(), "no folder could be made: {said}");
        return Ok(());
    }
    ensure!(folder.exists(), "{} is not there", folder.display());
    xtask.kill()?;
    xtask.wait()?;
    let end = Instant::now() + Duration::from_secs(20);
    while folder.exists() {
        ensure!(Instant::now() < end, "{} has survived", folder.display());
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

/// What it leaves behind on a terminal of its own: raw mode and the alternate screen, or nothing.
fn terminal_after(signal: &str) -> anyhow::Result<String> {
    let hold = format!(
        "echo $$; exec env --default-signal=INT,TERM {} hold sh -c 'stty raw -echo; echo started; sleep 60'",
        env!("CARGO_BIN_EXE_xtask")
    );
    // whoever comes next on the terminal waits until it is as it was
    let script = r#"sh -c "$HOLD"; until stty -a | grep -q ' icanon'; do sleep 0.05; done; echo given back"#;
    let mut command = Command::new("timeout");
    command.args(["30", "script", "--quiet", "--return", "--command", script, "/dev/null"]);
    command.env("HOLD", hold).env("TERM", "xterm").env("SHELL", "/bin/sh").env_remove("NODE_GATE_XTASK_JAIL");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut output = BufReader::new(child.stdout.take().context("its output")?);
    let mut line = String::new();
    output.read_line(&mut line)?;
    let id: u32 = line.trim().parse().with_context(|| format!("a process id: {line:?}"))?;
    line.clear();
    output.read_line(&mut line)?;
    ensure!(line.trim() == "started", "{line:?}");
    let kill = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status()?;
    ensure!(kill.success(), "could not send {signal}");
    let mut rest = String::new();
    output.read_to_string(&mut rest)?;
    child.wait()?;
    Ok(rest)
}

#[test]
fn a_terminal_is_given_back_also_by_an_xtask_that_is_killed() -> anyhow::Result<()> {
    for signal in ["TERM", "KILL"] {
        let rest = terminal_after(signal)?;
        ensure!(rest.contains("\u{1b}[?1049l\u{1b}[?25h"), "{signal}: {rest:?}");
        ensure!(rest.contains("given back"), "{signal}: {rest:?}");
    }
    Ok(())
}

#[test]
fn the_scratch_folder_is_empty_outside_and_gone_inside_the_next_run() {
    let run = |script: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let output =
            command.args(["hold", "sh", "-c", script]).env_remove("NODE_GATE_XTASK_JAIL").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let scratch = run("echo hello > $SCRATCH/file; ls $SCRATCH/file");
    let file = PathBuf::from(scratch.trim_end());
    assert!(!file.exists(), "{} is visible outside", file.display());
    assert_eq!(run("ls $SCRATCH"), "");
}

#[test]
fn the_exit_code_is_that_of_the_run() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output =
        command.args(["hold", "sh", "-c", "exit 3"]).env_remove("NODE_GATE_XTASK_JAIL").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "xtask: sh -c exit 3: exit status: 3\n");
}
