//! The live view: [`draw`] is pure, [`screen`] is the terminal it is drawn on, [`record`] a file in its place.

mod cells;
mod columns;
pub(super) mod draw;
pub(super) mod record;
pub(super) mod screen;
mod svg;

#[cfg(test)]
mod tests;
