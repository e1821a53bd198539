//! A signal ends the wait at once and never opens.

use std::time::Duration;

use aws_simulator::{Fault, ImdsFault};

use crate::bed::Bed;

#[tokio::test]
async fn a_signal_ends_a_held_gate_without_opening() {
    let bed = Bed::start().await;
    let instance = bed.warm_instance().await;
    for signal in ["TERM", "INT"] {
        let mut gate = bed.gate(&instance, &[]);
        gate.says("holding: target Warmed:Running").await;
        gate.signal(signal).await;
        assert_eq!(gate.exit_code().await, Some(0), "a clean end for systemctl stop");
        assert!(!gate.file("opened.json").exists());
        assert_eq!(gate.status()["state"], "stopped");
        let last = gate.said.last().unwrap();
        assert!(last.contains(&format!("SIG{signal} after")) && last.contains("without opening"), "{last}");
    }
}

#[tokio::test]
async fn a_signal_does_not_wait_for_imds_or_the_api() {
    let bed = Bed::start().await;
    let instances = bed.serving(2).await;
    bed.simulator.imds_fault(&instances[0].id, Some(ImdsFault::Hang));
    bed.simulator.fault("*", Fault::Delay(Duration::from_secs(600)));
    let mut without_imds = bed.gate(&instances[0], &[]);
    let mut without_api = bed.gate(&instances[1], &["--until", "in-service"]);
    without_imds.says("holding").await;
    without_api.says("holding: asking Auto Scaling").await;
    for gate in [&mut without_imds, &mut without_api] {
        gate.signal("TERM").await;
        assert_eq!(gate.exit_code().await, Some(0));
        assert!(!gate.file("opened.json").exists());
    }
}
