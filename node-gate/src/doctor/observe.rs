//! Looks at everything once.

use std::collections::BTreeSet;
use std::path::Path;

use super::drop_ins::{self, DropIns};
use super::facts::{Facts, Seen, State, Units};
use super::probe::{Looked, probe};
use super::program::Program;
use super::settings::Settings;
use super::systemctl;
use super::unit::{CLOUD_FINAL, GATE, USUAL, Unit};
use super::{Request, UnitName};
use crate::status::Folder;

/// Looks; takes some seconds at most.
pub async fn observe(request: Request) -> Facts {
    let Request { unit, metadata, known, json: _ } = request;
    let ours = drop_ins::find();
    let gate = show(&[GATE, CLOUD_FINAL], &ours).await;
    let unit_of_gate = gate.as_ref().ok().and_then(|shown| shown.first());
    let settings = Settings::read(unit_of_gate);
    let command = unit_of_gate.and_then(|gate| gate.start.first());
    let program = command.map(|command| Program::look_at(&command.path));
    let asked = unit.as_ref().map(UnitName::as_str);
    let units = async {
        match gate {
            Ok(shown) => units(shown, asked, &settings, &ours).await,
            Err(why) => Err(why),
        }
    };
    let (units, looked) = tokio::join!(units, probe(&settings, metadata.as_deref()));
    let state = state(&looked);
    Facts { units, program, settings, looked, state, known }
}

/// What the gate has left in its folder; without knowing the settings, in the usual one.
fn state(looked: &Looked) -> Seen<State> {
    let path = match looked {
        Looked::Seen(look) => look.settings.state_dir.as_path(),
        Looked::Refused(_) | Looked::Unseen(_) => Path::new("/run/node-gate"),
    };
    let folder = Folder::new(path);
    let at = |err: std::io::Error| format!("{}: {err}", path.display());
    let opened = folder.read_opened().map_err(at)?;
    let message = folder.read_status().map_err(at)?.map(|status| status.message);
    Ok(State { opened, message })
}

async fn units(shown: Vec<Unit>, asked: Option<&str>, settings: &Settings, ours: &DropIns) -> Seen<Units> {
    let Ok([gate, cloud_final]) = <[Unit; 2]>::try_from(shown) else {
        return Err("systemctl shows nothing".into());
    };
    let started = settings.variable("NODE_GATE_UNIT").filter(|name| !name.is_empty());
    let mut names: Vec<&str> = asked.into_iter().collect();
    if names.is_empty() {
        let others = ours.keys().map(String::as_str).chain(started).filter(|name| !USUAL.contains(name));
        // Each once.
        let others: BTreeSet<_> = others.collect();
        names = USUAL.into_iter().chain(others).collect();
    }
    let held = show(&names, ours).await?;
    let rearm: BTreeSet<&str> = std::iter::once(&gate).chain(&held).flat_map(Unit::rearmed_by).collect();
    let rearm: Vec<_> = rearm.into_iter().collect();
    let rearm = if rearm.is_empty() { Vec::new() } else { show(&rearm, ours).await? };
    Ok(Units { gate, held, asked: asked.is_some(), rearm, started: started.map(str::to_owned), cloud_final })
}

async fn show(names: &[&str], ours: &DropIns) -> Seen<Vec<Unit>> {
    let shown = systemctl::show(names).await?;
    let unit =
        |(name, shown): (&&str, _)| Unit::read(name, shown, ours.get(*name).cloned().unwrap_or_default());
    Ok(names.iter().zip(&shown).map(unit).collect())
}
