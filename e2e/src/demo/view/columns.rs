//! Which columns fit, and how wide they are.

/// A column of the table, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    State,
    Gate,
    Node,
    Marks,
    Pods,
    Time,
    Blocker,
}

use Column::{Blocker, Gate, Id, Marks, Node, Pods, State, Time};

/// Each with the least width at which it can be read.
const ALL: [(Column, u16); 8] =
    [(Id, 8), (State, 16), (Gate, 4), (Node, 8), (Marks, 14), (Pods, 7), (Time, 7), (Blocker, 9)];

/// What goes first where there is no room for all.
const LEAST: [Column; 7] = [Time, Marks, Node, Pods, Blocker, Gate, State];

/// Who grows first, and how far, where there is more room.
const GROWTH: [(Column, u16); 7] =
    [(Blocker, 10), (State, 23), (Blocker, 20), (Marks, 40), (Blocker, 52), (Id, 19), (Blocker, 100)];

impl Column {
    /// What stands over it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Id => "INSTANCE",
            State => "STATE",
            Gate => "GATE",
            Node => "NODE",
            Marks => "CORDON, TAINTS",
            Pods => "PODS",
            Time => "ENDS IN",
            Blocker => "BLOCKER",
        }
    }
}

/// A column and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: Column,
    pub(super) x: u16,
    pub(super) width: u16,
}

/// The columns for a width. Two blanks lie between them, or one where that saves a column.
pub(super) fn fit(width: u16) -> Vec<Place> {
    let mut columns = ALL.to_vec();
    let needed =
        |columns: &[(Column, u16)], gap| columns.iter().map(|(_, width)| width + gap).sum::<u16>() - gap;
    for least in LEAST {
        if needed(&columns, 1) <= width {
            break;
        }
        columns.retain(|(column, _)| *column != least);
    }
    let gap = if needed(&columns, 2) <= width { 2 } else { 1 };
    let mut spare = width.saturating_sub(needed(&columns, gap));
    for (grows, up_to) in GROWTH {
        if let Some((_, now)) = columns.iter_mut().find(|(column, _)| *column == grows) {
            let more = spare.min(up_to.saturating_sub(*now));
            *now += more;
            spare -= more;
        }
    }
    let mut x = 0;
    let place = columns.into_iter().map(|(column, width)| {
        let place = Place { column, x, width };
        x += width + gap;
        place
    });
    place.collect()
}
