//! What several stories ask systemd.

use anyhow::{Context, ensure};
use e2e::machine::{LONG, Machine};
use e2e::wait::eventually;

pub(crate) const GATE: &str = "node-gate.service";
pub(crate) const KUBELET: &str = "kubelet.service";
pub(crate) const REARM: &str = "node-gate-rearm@kubelet.service";
pub(crate) const SETTINGS: &str = "/etc/node-gate/node-gate.env";

/// Longer than the pause after which a failed gate is started again; to see that it is not.
pub(crate) const PAUSE_AND_MORE: std::time::Duration = std::time::Duration::from_secs(8);

/// One start of a unit: systemd's id of it, and its main process.
pub(crate) async fn run_of(machine: &Machine, unit: &str) -> anyhow::Result<(String, String)> {
    let unit = machine.unit(unit).await?;
    // before its first start it has no id
    let id = unit.get("InvocationID").cloned().unwrap_or_default();
    Ok((id, unit.get("MainPID").cloned().context("no MainPID")?))
}

/// Waits until the gate holds, in another start than that of `before`; returns the new one.
pub(crate) async fn holds_anew(
    machine: &Machine,
    before: &(String, String),
) -> anyhow::Result<(String, String)> {
    eventually("the gate holds in a new start", LONG, async || {
        let unit = machine.unit(GATE).await?;
        let is = |name: &str| unit.get(name).cloned().unwrap_or_default();
        ensure!(is("ActiveState") == "activating" && is("MainPID") != "0", "{}", is("ActiveState"));
        ensure!(is("InvocationID") != before.0, "it is the old start");
        ensure!(is("StatusText").starts_with("Holding: target"), "{:?}", is("StatusText"));
        Ok((is("InvocationID"), is("MainPID")))
    })
    .await
}

/// Puts the units of the folder `systemd/non-blocking` in the place of the usual ones, on a machine that is off.
pub(crate) fn make_non_blocking(machine: &Machine, unit: &str) -> anyhow::Result<()> {
    machine.write(
        &format!("/etc/systemd/system/{unit}.d/50-node-gate.conf"),
        include_str!("../../../systemd/non-blocking/kubelet.service.d/50-node-gate.conf"),
    )?;
    machine.write(
        "/etc/systemd/system/node-gate.service.d/50-non-blocking.conf",
        include_str!("../../../systemd/non-blocking/node-gate.service.d/50-non-blocking.conf"),
    )
}

/// Waits until kubelet answers at its health port: one that is stopped earlier ends in an error of its own.
pub(crate) async fn kubelet_answers(machine: &Machine) -> anyhow::Result<()> {
    let port = "until (exec 3<>/dev/tcp/127.0.0.1/10248) 2>/dev/null; do sleep 0.1; done";
    machine.run(&["bash", "-c", port]).await.map(drop)
}
