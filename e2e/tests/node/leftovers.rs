//! Whatever becomes of a test, its machine is gone afterwards.

use e2e::machine::NodeStory;

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_a_failing_test_drops_leaves_nothing() -> anyhow::Result<()> {
    let story = NodeStory::new("leftovers").await?;
    story.group("workers").max(1).desired(1).create().await?;
    let instance = story.instance("InService").await?;
    let mut machine = story.machine(&instance).await?;
    machine.boot().await?;
    story.ready(&machine).await?;
    machine.import_images().await?;
    story.run_pod(&machine, "stubborn", "trap '' TERM; while :; do sleep 1; done", 600).await?;
    assert!(NodeStory::nothing_is_left_of(&instance).is_err(), "it is there");
    drop(machine);
    NodeStory::nothing_is_left_of(&instance)?;
    story.abandon();
    Ok(())
}
