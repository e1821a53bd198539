//! Runs one control plane for as long as its standard input stays open.
//!
//! ```text
//! bed FOLDER             data, logs and bed.json go there; prints "ready" when tests may start
//! bed FOLDER machines    the same in a network namespace of its own, with a bridge for machines
//! ```

use std::env;
use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::Context;
use e2e::bed::Bed;
use e2e::control_plane::ControlPlane;
use e2e::machine::{BED_ADDRESS, make_bridge};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = env::args_os().skip(1);
    let dir = PathBuf::from(args.next().context("usage: bed FOLDER [machines]")?);
    let data = dir.join("control-plane");
    let plane = if args.next().is_some_and(|word| word == "machines") {
        make_bridge().await?;
        ControlPlane::at(&data, BED_ADDRESS).await?
    } else {
        ControlPlane::start(&data).await?
    };
    Bed::of(&plane, &dir).write(&dir.join("bed.json"))?;
    println!("ready");
    // whoever started us holds the other end; its end, however it comes, is ours
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
