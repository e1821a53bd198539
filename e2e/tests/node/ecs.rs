//! Other units than kubelet: the ECS agent, and a unit of the user's own beside it.

use anyhow::ensure;
use e2e::group::{LAUNCH_HOOK, Pool};
use e2e::machine::{Machine, NodeStory};
use std::time::Duration;

use crate::units::{GATE, PAUSE_AND_MORE, holds_anew, run_of};

const AGENT: &str = "ecs.service";
const OWN: &str = "mine.service";

/// A stand-in with the settings that matter of the agent's unit on the ECS-optimised AMI, user data that starts it as AWS says,
/// and the shipped drop-in. kubelet is not there.
fn install(machine: &Machine) -> anyhow::Result<()> {
    for gone in ["kubelet.service", "multi-user.target.wants/kubelet.service"] {
        std::fs::remove_file(machine.file(&format!("/etc/systemd/system/{gone}")))?;
    }
    std::fs::remove_dir_all(machine.file("/etc/systemd/system/kubelet.service.d"))?;
    machine.write(
        "/etc/systemd/system/ecs.service",
        "[Unit]\nAfter=cloud-final.service\n\
         [Service]\nRestart=on-failure\nRestartPreventExitStatus=5\nRestartSec=1\n\
         ExecStart=/bin/sh -c 'until [ -e /run/terminal ]; do sleep 0.1; done; exit 5'\n\
         [Install]\nWantedBy=multi-user.target\n",
    )?;
    machine.write(
        "/etc/systemd/system/cloud-final.service",
        "[Service]\nType=oneshot\nRemainAfterExit=yes\n\
         ExecStart=/usr/bin/systemctl enable --now --no-block ecs.service\n",
    )?;
    machine.enable("cloud-final.service")?;
    machine.write(
        "/etc/systemd/system/ecs.service.d/50-node-gate.conf",
        include_str!("../../../systemd/ecs.service.d/50-node-gate.conf"),
    )?;
    // as the drop-in for kubelet says: the same file for any other unit
    machine.write(
        "/etc/systemd/system/mine.service",
        // one of those that end in failure by a stop as well
        "[Service]\nExecStart=/bin/sh -c 'trap \"exit 143\" TERM; while :; do sleep 0.1; done'\n",
    )?;
    machine.write(
        "/etc/systemd/system/mine.service.d/50-node-gate.conf",
        include_str!("../../../systemd/kubelet.service.d/50-node-gate.conf"),
    )?;
    machine.enable(OWN)?;
    machine.configure("NODE_GATE_UNTIL=in-service")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ecs_agent_and_a_unit_of_ones_own_are_held_until_the_api_says_in_service() -> anyhow::Result<()> {
    let story = NodeStory::new("ecs").await?;
    let group = story
        .group("workers")
        .max(1)
        .launch_hook(Duration::from_secs(600))
        .warm_pool(Pool::Running)
        .create()
        .await?;
    let instance = story.instance("Warmed:Pending:Wait").await?;
    group.complete(LAUNCH_HOOK, &instance).await?;
    story.is(&instance, "Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    install(&machine)?;
    machine.boot().await?;
    machine.wait_for("cloud-final.service", "active").await?;
    let mut gate = holds_anew(&machine, &(String::new(), String::new())).await?;
    // one blow, and both come back
    machine.run(&["systemctl", "kill", "--signal=KILL", GATE]).await?;
    gate = holds_anew(&machine, &gate).await?;
    for unit in [AGENT, OWN] {
        assert_eq!(machine.state_of(unit).await?, "inactive", "{unit}");
    }

    // on its way, but not there
    group.set_desired(1).await?;
    story.is(&instance, "Pending:Wait").await?;
    story.looked_again(&instance, 10).await?;
    assert_eq!(run_of(&machine, GATE).await?, gate, "it holds");
    assert_eq!(machine.state_of(AGENT).await?, "inactive");
    group.complete(LAUNCH_HOOK, &instance).await?;
    for unit in [AGENT, OWN] {
        machine.wait_for(unit, "active").await?;
    }

    // the agent's own last word is respected: the gate is not its restarter
    machine.run(&["touch", "/run/terminal"]).await?;
    machine.wait_for(AGENT, "failed").await?;
    tokio::time::sleep(PAUSE_AND_MORE).await;
    assert_eq!(machine.state_of(AGENT).await?, "failed");
    ensure!(machine.state_of(OWN).await? == "active", "nobody else is touched");

    // a stop is obeyed, however what is stopped with the gate takes it
    machine.run(&["systemctl", "stop", GATE]).await?;
    tokio::time::sleep(PAUSE_AND_MORE).await;
    for (unit, state) in [(GATE, "inactive"), (OWN, "failed"), ("node-gate-rearm@mine.service", "inactive")] {
        assert_eq!(machine.state_of(unit).await?, state, "{unit}");
    }
    story.end(machine).await
}
