//! What the kernel says of the machine and of single processes.

use std::fs;
use std::io;
use std::time::Duration;

use anyhow::Context;

/// The machine as it is now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    /// Processors that we may use.
    pub(super) cores: usize,
    /// All memory, bytes.
    pub(super) memory: u64,
    /// Memory that programs could still get without swapping, bytes.
    pub(super) available: u64,
    /// Processes that wanted to run, on average over the last minute.
    pub(super) load: f64,
}

impl Machine {
    /// Looks.
    pub(super) fn now() -> anyhow::Result<Self> {
        let memory = fs::read_to_string("/proc/meminfo").context("reading /proc/meminfo")?;
        let load = fs::read_to_string("/proc/loadavg").context("reading /proc/loadavg")?;
        let first = load.split(' ').next().unwrap_or_default();
        Ok(Machine {
            cores: std::thread::available_parallelism()?.get(),
            memory: kilobytes(&memory, "MemTotal")?,
            available: kilobytes(&memory, "MemAvailable")?,
            load: first.parse().with_context(|| format!("/proc/loadavg: {load}"))?,
        })
    }
}

/// How much memory a process holds, bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// Resident now, pages shared with others included.
    pub(super) resident: u64,
    /// The most that was ever resident.
    pub(super) peak: u64,
}

/// The memory of a running process.
pub(super) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status = read(pid, "status")?;
    let resident = kilobytes(&status, "VmRSS")?;
    // the kernel keeps the peak a little behind
    Ok(Memory { resident, peak: kilobytes(&status, "VmHWM")?.max(resident) })
}

/// What a process costs the machine, bytes: a page that several share counts for each of them by its part only.
pub(super) fn proportional(pid: u32) -> anyhow::Result<u64> {
    kilobytes(&read(pid, "smaps_rollup")?, "Pss")
}

/// The processor time that a process has used, ended threads included; in steps of 10 ms.
pub(super) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    cpu_of_stat(&read(pid, "stat")?).with_context(|| format!("/proc/{pid}/stat"))
}

/// The processor time that a process's present threads have used, exactly. A thread that ends while we look is no longer present.
pub(super) fn cpu_of_threads(pid: u32) -> anyhow::Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Some(text) = unless_gone(fs::read_to_string(thread?.path().join("schedstat")))? else { continue };
        let nanoseconds = text.split(' ').next().unwrap_or_default();
        sum += Duration::from_nanos(nanoseconds.parse().with_context(|| format!("schedstat: {text}"))?);
    }
    Ok(sum)
}

/// Linux's number for "no such process".
const ESRCH: i32 = 3;

/// None for a thread that has ended: its folder is gone, or says "no such process" when it went between opening and reading.
fn unless_gone(read: io::Result<String>) -> io::Result<Option<String>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH) => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

/// What a process that another kernel view shows has used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    /// The most memory it ever had, bytes.
    pub(super) peak: u64,
    /// Processor time.
    pub(super) cpu: Duration,
}

impl Usage {
    /// From its `status` and the `schedstat` of each of its threads.
    pub(super) fn read(status: &str, threads: &str) -> anyhow::Result<Self> {
        let nanoseconds =
            threads.lines().map(|line| line.split(' ').next().unwrap_or_default().parse::<u64>());
        let sum = nanoseconds.sum::<Result<u64, _>>().with_context(|| format!("schedstat: {threads}"))?;
        let resident = kilobytes(status, "VmRSS")?;
        Ok(Usage { peak: kilobytes(status, "VmHWM")?.max(resident), cpu: Duration::from_nanos(sum) })
    }
}

fn read(pid: u32, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).with_context(|| format!("reading {path}"))
}

/// The value of a line `NAME:   123 kB`, in bytes.
fn kilobytes(text: &str, name: &str) -> anyhow::Result<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = value.and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(number.with_context(|| format!("no {name} in {text}"))? * 1024)
}

/// Fields 14 and 15, in hundredths of a second; the name before them may contain anything.
fn cpu_of_stat(text: &str) -> Option<Duration> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let (user, system): (u64, u64) = (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
    Some(Duration::from_millis(10 * (user + system)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn sizes_are_found_by_their_whole_names() {
        let text = "VmHWMx:\t 1 kB\nVmHWM:\t    9812 kB\nVmRSS:\t    9000 kB\n";
        assert_eq!(kilobytes(text, "VmHWM").unwrap(), 9812 * 1024);
        assert!(kilobytes(text, "VmSwap").is_err());
    }

    #[test]
    fn a_program_with_a_strange_name_is_no_trouble() {
        let text = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 17 25 0 0 20 0 1 0 100 1000 10\n";
        assert_eq!(cpu_of_stat(text), Some(Duration::from_millis(420)));
        assert_eq!(cpu_of_stat("nonsense"), None);
    }

    #[test]
    fn threads_that_end_while_we_look_are_no_trouble() {
        let me = std::process::id();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    thread::spawn(|| ()).join().unwrap();
                }
            });
            let looks: Vec<_> = (0..2_000).map(|_| cpu_of_threads(me)).collect();
            stop.store(true, Ordering::Relaxed);
            for look in looks {
                look.unwrap();
            }
        });
        assert!(cpu_of_threads(u32::MAX).is_err(), "no such process");
    }

    #[test]
    fn we_can_look_at_ourselves() {
        let me = std::process::id();
        let seen = memory(me).unwrap();
        assert!(seen.peak >= seen.resident && seen.resident > 0);
        assert!(proportional(me).unwrap() > 0);
        let machine = Machine::now().unwrap();
        assert!(machine.available <= machine.memory && machine.cores > 0);
        assert!(cpu_of_threads(me).is_ok() && cpu(me).is_ok());
    }
}
