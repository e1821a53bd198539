//! Container images without a registry: one static program, packed as `docker save` packs.

use std::fs;
use std::path::Path;

use anyhow::Context;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::Machine;
use crate::process::{command, output};

/// Debian's busybox is linked statically, so it needs nothing beside it.
const PROGRAM: &str = "/bin/busybox";

/// A pod's sandbox only has to be there.
const IMAGES: [(&str, &[&str]); 2] = [("pause", &[PROGRAM, "sleep", "inf"]), ("busybox", &[PROGRAM, "sh"])];

/// Makes both on the machine's own disk and brings them into its containerd.
pub(super) async fn import(machine: &Machine) -> anyhow::Result<()> {
    for (name, entry_point) in IMAGES {
        let folder = machine.file(&format!("/var/lib/bed/{name}"));
        if !folder.exists() {
            pack(&machine.file(PROGRAM), &folder, name, entry_point).await?;
        }
        let archive = format!("/var/lib/bed/{name}/image.tar");
        machine.run(&["ctr", "--namespace=k8s.io", "images", "import", &archive]).await?;
    }
    Ok(())
}

async fn pack(program: &Path, folder: &Path, name: &str, entry_point: &[&str]) -> anyhow::Result<()> {
    let layer = folder.join("layer/bin");
    fs::create_dir_all(&layer).with_context(|| format!("creating {}", layer.display()))?;
    fs::copy(program, layer.join("busybox")).context("copying busybox")?;
    tar(&folder.join("layer"), &folder.join("layer.tar"), &["."]).await?;
    let layer = sha256(&fs::read(folder.join("layer.tar"))?);
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {"Entrypoint": entry_point},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer}")]},
    });
    let config = config.to_string();
    let config_file = format!("{}.json", sha256(config.as_bytes()));
    fs::write(folder.join(&config_file), &config)?;
    let manifest: Value = json!([{"Config": config_file, "RepoTags": [format!("localhost/{name}:1")], "Layers": ["layer.tar"]}]);
    fs::write(folder.join("manifest.json"), manifest.to_string())?;
    tar(folder, &folder.join("image.tar"), &["manifest.json", &config_file, "layer.tar"]).await
}

async fn tar(folder: &Path, archive: &Path, files: &[&str]) -> anyhow::Result<()> {
    let mut tar = command("tar");
    tar.arg("--create").arg("--file").arg(archive).arg("--directory").arg(folder).args(files);
    output(tar).await.map(drop)
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    }
}
