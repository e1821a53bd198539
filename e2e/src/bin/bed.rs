//! Runs one control plane for as long as its standard input stays open.
//!
//! ```text
//! bed FOLDER     data, logs and bed.json go there; prints "ready" when tests may start
//! ```

use std::env;
use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::Context;
use e2e::bed::Bed;
use e2e::control_plane::ControlPlane;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = PathBuf::from(env::args_os().nth(1).context("usage: bed FOLDER")?);
    let plane = ControlPlane::start(&dir.join("control-plane")).await?;
    Bed::of(&plane, &dir).write(&dir.join("bed.json"))?;
    println!("ready");
    // whoever started us holds the other end; its end, however it comes, is ours
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
