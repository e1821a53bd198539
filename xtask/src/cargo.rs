//! Cargo's own tools: built once, kept in the cache.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cache;
use crate::run::{Context, check};
use crate::steps::Steps;

/// The version is part of the promise: what it accepts today it accepts tomorrow.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// The path of cargo-deny, built if need be.
pub(crate) fn cargo_deny(context: &Context, steps: &mut Steps) -> anyhow::Result<PathBuf> {
    let dir = cache::entry(&context.cache, "cargo-tools", CARGO_DENY)?;
    let program = dir.join("cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    let unfinished = dir.join(format!(".unfinished-{}", std::process::id()));
    steps.run_quiet("static: build cargo-deny", || {
        let mut install =
            context.cargo(&["install", "--locked", "--no-track", "--quiet", CARGO_DENY, "--root"]);
        // its dependencies are not ours: they have no business in our target folder
        install.arg(&unfinished).env("CARGO_TARGET_DIR", unfinished.join("target"));
        check(&mut install)?;
        fs::rename(unfinished.join("bin/cargo-deny"), &program).context("putting cargo-deny in its place")?;
        fs::remove_dir_all(&unfinished).context("removing what its build left")
    })?;
    Ok(program)
}
