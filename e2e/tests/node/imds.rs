//! A metadata service that fails, and one at an IPv6 address: the gate holds, says why, and opens once it can.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::{Context, ensure};
use aws_simulator::ImdsFault;
use e2e::group::Pool;
use e2e::machine::{LONG, Machine, NodeStory, Setup};
use e2e::wait::eventually;

const FOUR: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
const SIX: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));

/// Of real time, as an outage might last; it is not waited for anything, but seen that nothing happens.
const OUTAGE: Duration = Duration::from_secs(30);

/// Waits until the gate's latest word is this.
async fn says(machine: &Machine, words: &str) -> anyhow::Result<()> {
    eventually(&format!("the gate says {words:?}"), LONG, async || {
        let journal = machine.journal("node-gate.service").await?;
        let last = journal.lines().rfind(|line| line.contains("holding: ")).context("it said nothing yet")?;
        ensure!(last.contains(words), "it says {last:?}");
        Ok(())
    })
    .await
}

async fn is_held(machine: &Machine) -> anyhow::Result<()> {
    assert_eq!(machine.state_of("node-gate.service").await?, "activating");
    assert_eq!(machine.state_of("kubelet.service").await?, "inactive");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_imds_does_wrong_a_machine_in_service_is_held_and_then_joins() -> anyhow::Result<()> {
    let story = NodeStory::new("imds-wrong").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let fault = |fault: Option<ImdsFault>| story.simulator.imds_fault(&instance, fault);
    let warm = ImdsFault::Target("Warmed:Running".into());
    fault(Some(warm.clone()));
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    let wrong = [
        (ImdsFault::Status(404), "it does not answer what instance this is"),
        (ImdsFault::Reads(401), "HTTP 401"),
        (ImdsFault::Status(403), "HTTP 403"),
        (ImdsFault::Reads(500), "HTTP 500"),
        (ImdsFault::Throttle { per_second: 0 }, "HTTP 503"),
        (ImdsFault::Slow(Duration::from_secs(5)), "no answer within 1 s"),
        (ImdsFault::Trickle(Duration::from_millis(400)), "no answer within 1 s"),
        (ImdsFault::Hang, "no answer within 1 s"),
        (ImdsFault::Html, "its target lifecycle state is not a word"),
        (ImdsFault::Garbage(vec![b'x'; 1_000_000]), "the answer is too long"),
        (ImdsFault::Garbage(vec![0xff, 0xfe, 0x00]), "its answer is no text"),
        (ImdsFault::Garbage(Vec::new()), "its target lifecycle state is not a word"),
        (ImdsFault::Cut, ""),
    ];
    for (wrong, problem) in wrong {
        // Straight from one to the other: in between it would say InService.
        fault(Some(warm.clone()));
        says(&machine, "holding: target Warmed:Running").await?;
        fault(Some(wrong.clone()));
        says(&machine, "holding: IMDS gives no usable answer: ").await?;
        says(&machine, problem).await.with_context(|| format!("{wrong:?}"))?;
        is_held(&machine).await.with_context(|| format!("{wrong:?}"))?;
    }

    fault(Some(ImdsFault::Unreachable));
    tokio::time::sleep(OUTAGE).await;
    is_held(&machine).await?;
    assert_eq!(story.node_watch.ever(), [""; 0], "nothing has registered");
    fault(None);
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    ensure!(machine.console()?.contains("IMDS gives no usable answer: HTTP 403"), "the console is silent");
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_goes_dead_for_half_a_minute_is_replaced() -> anyhow::Result<()> {
    let story = NodeStory::new("imds-dead").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    says(&machine, "holding: target Warmed:Running").await?;
    story.looked_again(&instance, 4).await?;
    drop_packets(&machine, FOUR).await?;
    says(&machine, "no answer within 1 s").await?;
    // It comes into service while nobody can tell it so.
    group.set_desired(1).await?;
    story.is(&instance, "InService").await?;
    tokio::time::sleep(OUTAGE).await;
    is_held(&machine).await?;
    machine.run(&["nft", "delete", "table", "inet", "cut"]).await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

/// Lets packets to a metadata service vanish, in the machine's own network.
async fn drop_packets(machine: &Machine, to: IpAddr) -> anyhow::Result<()> {
    let family = if to.is_ipv4() { "ip" } else { "ip6" };
    let script = format!(
        "nft add table inet cut
         nft 'add chain inet cut out {{ type filter hook output priority 0; }}'
         nft add rule inet cut out {family} daddr {to} drop"
    );
    machine.shell(&script).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_whose_imds_is_at_its_ipv6_address_alone_needs_no_setting() -> anyhow::Result<()> {
    let story = NodeStory::new("imds-six").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine =
        story.machine_with(&instance, Setup { metadata: vec![SIX], ..Setup::default() }).await?;
    machine.boot().await?;
    says(&machine, "holding: target Warmed:Running").await?;
    story.looked_again(&instance, 10).await?;
    is_held(&machine).await?;
    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    story.end(machine).await
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_ipv4_address_goes_dead_the_ipv6_one_is_asked() -> anyhow::Result<()> {
    let story = NodeStory::new("imds-both").await?;
    let group = story.group("workers").max(1).warm_pool(Pool::Running).create().await?;
    let instance = story.instance("Warmed:Running").await?;
    let mut machine =
        story.machine_with(&instance, Setup { metadata: vec![FOUR, SIX], ..Setup::default() }).await?;
    machine.boot().await?;
    says(&machine, "holding: target Warmed:Running").await?;
    drop_packets(&machine, FOUR).await?;
    story.looked_again(&instance, 10).await?;
    is_held(&machine).await?;
    group.set_desired(1).await?;
    machine.wait_for("kubelet.service", "active").await?;
    story.ready(&machine).await?;
    let journal = machine.journal("node-gate.service").await?;
    ensure!(!journal.contains("no usable answer"), "it never was without one: {journal}");
    story.end(machine).await
}
