//! The control plane, kwok and helm, built from `e2e/tools/go.mod`, or partly taken from `KUBEBUILDER_ASSETS`; and promtool.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cache;
use crate::os::on_path;
use crate::run::{Context, check};
use crate::steps::Steps;

/// What we build. The names are those by which the bed asks for them.
const TOOLS: [(&str, &str); 8] = [
    ("helm", "helm.sh/helm/v4/cmd/helm"),
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    (KUBELET, "k8s.io/kubernetes/cmd/kubelet"),
];

/// Only the node tier needs it.
const KUBELET: &str = "kubelet";

/// Judges metrics. In a module and a cache entry of its own, so that neither rebuilds the other's programs.
const PROMTOOL: (&str, &str) = ("promtool", "github.com/prometheus/prometheus/cmd/promtool");

/// What a kubebuilder installation may supply.
const ASSETS: &str = "KUBEBUILDER_ASSETS";
const IN_ASSETS: [&str; 3] = ["kube-apiserver", "etcd", "kubectl"];

/// Builds all that a control plane with simulated nodes needs and that are missing, and returns the folder that holds them.
pub(crate) fn build_all(context: &Context, steps: &mut Steps) -> anyhow::Result<PathBuf> {
    let mut names = TOOLS.iter().map(|(name, _)| *name).filter(|name| *name != KUBELET);
    names.try_fold(PathBuf::new(), |_, name| build(context, steps, name))
}

/// The same, and the real kubelet.
pub(crate) fn build_with_kubelet(context: &Context, steps: &mut Steps) -> anyhow::Result<PathBuf> {
    build_all(context, steps)?;
    build(context, steps, KUBELET)
}

/// Builds one of them, if it is missing, and returns the folder that holds them.
pub(crate) fn build(context: &Context, steps: &mut Steps, name: &str) -> anyhow::Result<PathBuf> {
    let module = context.root.join("e2e/tools");
    let recipe = Recipe::of_kubernetes(&module)?;
    let dir = cache::entry(&context.cache, "tools", &recipe.key)?;
    if !is_supplied(name) {
        let tool = TOOLS.iter().find(|(tool, _)| *tool == name).context("a program of the test bed")?;
        build_in(context, steps, &module, &recipe, &dir, *tool)?;
    }
    Ok(dir)
}

/// Builds promtool, if it is missing, and returns its path.
pub(crate) fn promtool(context: &Context, steps: &mut Steps) -> anyhow::Result<PathBuf> {
    let module = context.root.join("e2e/tools/promtool");
    let recipe = Recipe::of_promtool(&module)?;
    let dir = cache::entry(&context.cache, "promtool", &recipe.key)?;
    build_in(context, steps, &module, &recipe, &dir, PROMTOOL)
}

fn build_in(
    context: &Context,
    steps: &mut Steps,
    module: &Path,
    recipe: &Recipe,
    dir: &Path,
    (name, package): (&str, &str),
) -> anyhow::Result<PathBuf> {
    let file = dir.join(name);
    if file.is_file() {
        return Ok(file);
    }
    if on_path("go").is_none() {
        bail!("Go is missing: {name} is built from {}, which takes Go 1.26 or newer", module.display());
    }
    // written under a name of our own and renamed: whoever finds the file finds it whole
    let unfinished = dir.join(format!(".{name}-{}", std::process::id()));
    steps.run_quiet(&format!("tools: build {name}"), || {
        let mut go = context.command("go");
        go.arg("build").args(&recipe.flags).arg("-o").arg(&unfinished).arg(package).current_dir(module);
        for (variable, value) in ENVIRONMENT {
            go.env(variable, value);
        }
        check(&mut go)?;
        fs::rename(&unfinished, &file).with_context(|| format!("putting {name} in its place"))
    })?;
    Ok(file)
}

fn is_supplied(name: &str) -> bool {
    let assets = env::var_os(ASSETS).map(PathBuf::from);
    IN_ASSETS.contains(&name) && assets.is_some_and(|dir| dir.join(name).is_file())
}

/// No C compiler and no C library are involved; the user's own flags and workspaces are not ours.
const ENVIRONMENT: [(&str, &str); 3] = [("CGO_ENABLED", "0"), ("GOFLAGS", ""), ("GOWORK", "off")];

/// How they are built.
struct Recipe {
    flags: Vec<String>,
    /// Names all that decides what comes out.
    key: String,
}

impl Recipe {
    fn of_kubernetes(module: &Path) -> anyhow::Result<Self> {
        let (go_mod, go_sum) = module_files(module)?;
        let version =
            kubernetes_version(&go_mod).context("the version of k8s.io/kubernetes in e2e/tools/go.mod")?;
        let flags = vec![
            "-trimpath".into(),
            "-buildvcs=false".into(),
            "-mod=readonly".into(),
            format!("-ldflags=-s -w {}", stamp(version)),
        ];
        let key = cache::hash(&[go_mod.as_str(), &go_sum, &format!("{flags:?} {ENVIRONMENT:?} {TOOLS:?}")]);
        Ok(Recipe { flags, key })
    }

    fn of_promtool(module: &Path) -> anyhow::Result<Self> {
        let (go_mod, go_sum) = module_files(module)?;
        // nothing is to be discovered in any cloud: their clients are most of what would be compiled
        let flags =
            ["-tags=remove_all_sd", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w"];
        let key =
            cache::hash(&[go_mod.as_str(), &go_sum, &format!("{flags:?} {ENVIRONMENT:?} {PROMTOOL:?}")]);
        Ok(Recipe { flags: flags.map(ToOwned::to_owned).to_vec(), key })
    }
}

fn module_files(module: &Path) -> anyhow::Result<(String, String)> {
    let read = |name: &str| {
        let path = module.join(name);
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    Ok((read("go.mod")?, read("go.sum")?))
}

/// `v1.36.3`, as the module file requires it.
fn kubernetes_version(go_mod: &str) -> Option<&str> {
    let requirement = go_mod.lines().find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes v"))?;
    // "// indirect" may follow: no package of it is imported, only built
    requirement.split_whitespace().next()
}

/// Linker flags that tell the programs their version, as a release build does. Without them they call themselves
/// v0.0.0-master: helm then refuses charts that ask for a Kubernetes version.
fn stamp(version: &str) -> String {
    let mut parts = version.split('.');
    let major = parts.next().unwrap_or_default();
    let minor = parts.next().unwrap_or_default();
    let values = [
        ("gitVersion", format!("v{version}")),
        ("gitMajor", major.to_owned()),
        ("gitMinor", minor.to_owned()),
        ("gitTreeState", "clean".to_owned()),
        ("gitCommit", "0000000".to_owned()),
    ];
    values.map(|(name, value)| format!("-X k8s.io/component-base/version.{name}={value}")).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_the_module_file() {
        let go_mod = "require (\n\thelm.sh/helm/v4 v4.2.0\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\n";
        assert_eq!(kubernetes_version(go_mod), Some("1.36.3"));
        assert!(stamp("1.36.3").contains("gitMinor=36 "));
    }

    #[test]
    fn every_tool_of_the_module_file_is_built_and_no_other() {
        let go_mod = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/tools/go.mod")).unwrap();
        let named: Vec<&str> =
            go_mod.split_once("tool (").unwrap().1.split_once(')').unwrap().0.split_whitespace().collect();
        let mut built: Vec<&str> = TOOLS.iter().map(|(_, package)| *package).collect();
        built.sort_unstable();
        assert_eq!(named, built);
    }
}
