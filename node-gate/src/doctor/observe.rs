//! Looks at everything once.

use super::drop_ins::{self, DropIns};
use super::facts::{Facts, Seen, Units};
use super::systemctl;
use super::unit::{GATE, USUAL, Unit};

/// Looks; takes some seconds at most.
pub async fn observe(asked: Option<&str>) -> Facts {
    Facts { units: units(asked).await }
}

async fn units(asked: Option<&str>) -> Seen<Units> {
    let ours = drop_ins::find();
    let mut held: Vec<&str> = asked.into_iter().collect();
    if held.is_empty() {
        let others = ours.keys().map(String::as_str).filter(|name| !USUAL.contains(name));
        held = USUAL.into_iter().chain(others).collect();
    }
    let mut shown = show(&[&[GATE], &held[..]].concat(), &ours).await?.into_iter();
    let gate = shown.next().ok_or("systemctl shows nothing")?;
    let held = shown.collect();
    let on_failure: Vec<_> = gate.on_failure.iter().map(String::as_str).collect();
    let rearm = if on_failure.is_empty() { Vec::new() } else { show(&on_failure, &ours).await? };
    Ok(Units { gate, held, asked: asked.is_some(), rearm })
}

async fn show(names: &[&str], ours: &DropIns) -> Seen<Vec<Unit>> {
    let shown = systemctl::show(names).await?;
    let unit =
        |(name, shown): (&&str, _)| Unit::read(name, shown, ours.get(*name).cloned().unwrap_or_default());
    Ok(names.iter().zip(&shown).map(unit).collect())
}
