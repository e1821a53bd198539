//! All that the doctor has seen before it judges.

use super::probe::Looked;
use super::program::Program;
use super::settings::Settings;
use super::unit::Unit;
use crate::status::Opened;

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
    /// The units of ours that the gate or a held unit starts when it fails.
    pub rearm: Vec<Unit>,
    /// The unit that the gate's settings name to be started on opening.
    pub started: Option<String>,
    /// What runs user data.
    pub cloud_final: Unit,
}

/// What the gate's folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The record of an opening.
    pub opened: Option<Opened>,
    /// What it said last.
    pub message: Option<String>,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Units.
    pub units: Seen<Units>,
    /// The program of the gate's unit, if that names one.
    pub program: Option<Program>,
    /// Settings.
    pub settings: Settings,
    /// What the gate makes of them, and sees with them.
    pub looked: Looked,
    /// The gate's folder.
    pub state: Seen<State>,
    /// The variables that something of ours reads.
    pub known: Vec<String>,
}
