//! All that the doctor has seen before it judges.

use super::unit::Unit;

/// Something that was looked at; the error says in one line why it could not be seen.
pub type Seen<T> = Result<T, String>;

/// What systemd and its files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// The gate.
    pub gate: Unit,
    /// Those that it should hold: the one that was asked for, or all the usual ones.
    pub held: Vec<Unit>,
    /// Somebody asked for one by name.
    pub asked: bool,
    /// The units that the gate starts when it fails.
    pub rearm: Vec<Unit>,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Units.
    pub units: Seen<Units>,
}
