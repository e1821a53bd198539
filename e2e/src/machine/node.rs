//! What makes a Kubernetes node of a machine, and the gate on it.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::json;

use super::network::Network;
use super::root::Root;
use crate::aws;
use crate::node::{STARTUP_TAINT, STORY_LABEL};
use crate::tools::built;

/// The gate's settings.
pub(super) const ENVIRONMENT: &str = "/etc/node-gate/node-gate.env";

/// Installs containerd's and kubelet's settings.
pub(super) fn install_kubelet(
    root: &Root,
    network: &Network,
    instance: &str,
    story: &str,
    kubeconfig: &str,
) -> anyhow::Result<()> {
    root.write("/etc/systemd/system/kubelet.service", include_str!("files/kubelet.service"))?;
    root.write("/etc/systemd/system/testbed.service", include_str!("files/testbed.service"))?;
    root.write_script("/etc/testbed/prepare", include_str!("files/prepare"))?;
    for (setting, value) in [("panic", "10\n"), ("panic_on_oops", "1\n"), ("overcommit_memory", "1\n")] {
        root.write(&format!("/etc/testbed/{setting}"), value)?;
    }
    root.write("/etc/containerd/config.toml", include_str!("files/containerd.toml"))?;
    root.write("/etc/kubernetes/kubelet.yaml", include_str!("files/kubelet.yaml"))?;
    root.write("/etc/kubernetes/kubeconfig", kubeconfig)?;
    let ptp = json!({
        "cniVersion": "0.4.0",
        "name": "bed",
        "plugins": [{
            "type": "ptp",
            "ipMasq": false,
            "ipam": {"type": "host-local", "subnet": network.pods(), "routes": [{"dst": "0.0.0.0/0"}]},
        }],
    });
    root.write("/etc/cni/net.d/10-bed.conflist", &ptp.to_string())?;
    let args = [
        "--config=/etc/kubernetes/kubelet.yaml".to_owned(),
        "--kubeconfig=/etc/kubernetes/kubeconfig".to_owned(),
        "--cert-dir=/var/lib/kubelet/pki".to_owned(),
        "--cloud-provider=external".to_owned(),
        format!("--hostname-override={instance}"),
        format!("--provider-id=aws:///us-east-1a/{instance}"),
        format!("--node-ip={}", network.address()),
        format!("--node-labels={STORY_LABEL}={story}"),
        format!("--register-with-taints={STARTUP_TAINT}=:NoSchedule"),
    ];
    root.write("/etc/kubernetes/node.env", &format!("KUBELET_ARGS={}\n", args.join(" ")))?;
    root.enable("testbed.service")?;
    root.enable("kubelet.service")
}

/// Installs the gate's program, units and settings where a package puts them.
pub(super) async fn install_gate(root: &Root, simulator: &str) -> anyhow::Result<()> {
    root.install(&built("node-gate")?, "/usr/bin/node-gate").await?;
    root.runs("/usr/bin/node-gate").await?;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd");
    for file in files(&shipped)? {
        let name = file.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        if name.ends_with(".service") {
            root.write(&format!("/usr/lib/systemd/system/{name}"), &fs::read_to_string(&file)?)?;
        }
    }
    for drop_in in files(&shipped.join("kubelet.service.d"))? {
        let name = drop_in.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        root.write(&format!("/etc/systemd/system/kubelet.service.d/{name}"), &fs::read_to_string(&drop_in)?)?;
    }
    let settings = fs::read_to_string(shipped.join("node-gate.env"))?;
    // where AWS is, as far as the bed goes; who asks is the node's own role
    let bed = aws::environment(simulator, "gate").map(|(name, value)| format!("{name}={value}\n")).concat();
    root.write(ENVIRONMENT, &format!("{settings}\n{bed}"))
}

fn files(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
