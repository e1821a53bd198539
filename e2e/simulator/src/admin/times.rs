//! How long things take.

use std::time::Duration;

use serde_json::{Value, json};

use super::Refused;
use super::body::Body;
use crate::shared::Shared;
use crate::world::Settings;

pub(super) fn tell(shared: &Shared) -> Value {
    let inner = shared.lock();
    let settings = inner.world.settings();
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    json!({
        "bootMilliseconds": millis(settings.boot_time),
        "stopMilliseconds": millis(settings.stop_time),
        "stepMilliseconds": millis(settings.step_time),
        "noTargetMilliseconds": millis(settings.no_target_time),
        "healthCheckMilliseconds": millis(settings.health_check_time),
    })
}

pub(super) fn change(shared: &Shared, mut body: Body) -> Result<Value, Refused> {
    let boot = body.millis("bootMilliseconds")?;
    let stop = body.millis("stopMilliseconds")?;
    let any_step = body.millis("stepMilliseconds")?;
    let no_target = body.millis("noTargetMilliseconds")?;
    let health_check = body.millis("healthCheckMilliseconds")?;
    body.end()?;
    shared.lock().world.change_times(shared.now(), |settings: &mut Settings| {
        settings.boot_time = boot.unwrap_or(settings.boot_time);
        settings.stop_time = stop.unwrap_or(settings.stop_time);
        settings.step_time = any_step.unwrap_or(settings.step_time);
        settings.no_target_time = no_target.unwrap_or(settings.no_target_time);
        settings.health_check_time = health_check.unwrap_or(settings.health_check_time);
    });
    shared.reschedule();
    Ok(tell(shared))
}
