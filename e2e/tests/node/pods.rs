//! The bed itself: a pod really runs on a machine.

use e2e::machine::NodeStory;

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_runs_on_a_machine_and_ends_by_its_signal() -> anyhow::Result<()> {
    let story = NodeStory::new("pods").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    story.ready(&machine).await?;
    machine.import_images().await?;
    story.welcome_pods(&machine).await?;
    let script =
        "trap 'echo ended > /said/word; exit 0' TERM; echo started > /said/word; while :; do sleep 0.1; done";
    let pod = story.run_pod(&machine, "speaker", script, 30).await?;
    assert_eq!(machine.shell("cat /said/word").await?, "started\n");
    pod.delete().await?;
    assert_eq!(machine.shell("cat /said/word").await?, "ended\n");
    story.end(machine).await
}
