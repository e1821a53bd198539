//! What a policy makes of a capacity.
//!
//! From the documentation: percentages are cut towards zero, but change at least one instance; above the threshold a step's
//! lower bound belongs to it, below the threshold its upper bound does; steps neither overlap nor leave a gap.

use std::cmp::Ordering;

use super::super::command::{Adjustment, Number, Step};

/// The capacity that is wanted after an adjustment, whatever the limits of the group are.
pub(super) fn adjusted(how: Adjustment, by: i32, current: u32) -> i64 {
    let (current, by) = (i64::from(current), i64::from(by));
    match how {
        Adjustment::Change => current + by,
        Adjustment::Exact => by,
        Adjustment::Percent(least) => {
            let product = current * by;
            let change = (product / 100).abs().max(1).max(i64::from(least.unwrap_or(0)));
            // Nothing of something is nothing, whatever the least change is.
            current + change * product.signum()
        }
    }
}

/// The step for a metric that is so far from its threshold.
pub(super) fn step(steps: &[Step], distance: f64) -> Option<&Step> {
    steps.iter().find(|step| {
        let (lower, upper) = (step.lower.map(Number::value), step.upper.map(Number::value));
        if distance >= 0.0 {
            lower.is_none_or(|lower| distance >= lower) && upper.is_none_or(|upper| distance < upper)
        } else {
            lower.is_none_or(|lower| distance > lower) && upper.is_none_or(|upper| distance <= upper)
        }
    })
}

/// Why steps are none; nothing if they are in order. The words are a judgement.
pub(super) fn flaw(steps: &[Step]) -> Option<&'static str> {
    let mut steps: Vec<_> = steps.to_vec();
    let by_lower = |one: &Step, other: &Step| match (one.lower, other.lower) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(one), Some(other)) => one.value().total_cmp(&other.value()),
    };
    steps.sort_by(by_lower);
    let is_empty = |step: &Step| {
        (step.lower.is_none() && step.upper.is_none() && steps.len() > 1)
            || step.lower.zip(step.upper).is_some_and(|(lower, upper)| lower >= upper)
    };
    if steps.iter().any(is_empty) {
        return Some("The upper bound of a step adjustment must be greater than its lower bound");
    }
    if steps.windows(2).any(|pair| pair[0].upper.is_none() || pair[0].upper != pair[1].lower) {
        return Some("Step adjustment intervals must neither overlap nor have a gap between them");
    }
    let (first, last) = (steps.first()?, steps.last()?);
    let is_below = first.lower.is_some_and(|lower| lower.value() < 0.0);
    let is_above = last.upper.is_some_and(|upper| upper.value() > 0.0);
    match (is_below, is_above) {
        (true, _) => {
            Some("There must be a step adjustment without a lower bound if one has a negative lower bound")
        }
        (_, true) => {
            Some("There must be a step adjustment without an upper bound if one has a positive upper bound")
        }
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_step(lower: Option<f64>, upper: Option<f64>, by: i32) -> Step {
        Step { lower: lower.and_then(Number::new), upper: upper.and_then(Number::new), by }
    }

    #[test]
    fn capacities_are_adjusted_and_rounded_as_documented() {
        for (how, by, current, expected) in [
            (Adjustment::Change, 3, 5, 8),
            (Adjustment::Change, -7, 5, -2),
            (Adjustment::Exact, 4, 9, 4),
            (Adjustment::Percent(None), 10, 10, 11),
            // 12.7 and 0.67, -0.58 and -6.67 in the documentation.
            (Adjustment::Percent(None), 127, 10, 22),
            (Adjustment::Percent(None), 67, 1, 2),
            (Adjustment::Percent(None), -58, 1, 0),
            (Adjustment::Percent(None), -67, 10, 4),
            (Adjustment::Percent(Some(3)), 10, 10, 13),
            (Adjustment::Percent(Some(3)), -10, 10, 7),
            (Adjustment::Percent(Some(3)), 0, 10, 10),
            (Adjustment::Percent(Some(3)), 50, 0, 0),
        ] {
            assert_eq!(adjusted(how, by, current), expected, "{how:?} {by} {current}");
        }
    }

    #[test]
    fn a_bound_belongs_to_the_step_that_is_farther_from_the_threshold() {
        let steps = [
            a_step(None, Some(-10.0), -2),
            a_step(Some(-10.0), Some(0.0), -1),
            a_step(Some(0.0), Some(10.0), 1),
            a_step(Some(10.0), None, 2),
        ];
        for (distance, expected) in
            [(-11.0, -2), (-10.0, -2), (-9.0, -1), (0.0, 1), (9.9, 1), (10.0, 2), (1e9, 2)]
        {
            assert_eq!(step(&steps, distance).map(|step| step.by), Some(expected), "{distance}");
        }
        assert_eq!(step(&[a_step(Some(0.0), None, 1)], -1.0), None);
    }

    #[test]
    fn steps_cover_what_they_begin() {
        let good = [
            vec![a_step(None, None, 1)],
            vec![a_step(Some(0.0), None, 1)],
            vec![a_step(None, Some(0.0), -1)],
            vec![a_step(Some(10.0), None, 2), a_step(Some(0.0), Some(10.0), 1)],
        ];
        for steps in good {
            assert_eq!(flaw(&steps), None, "{steps:?}");
        }
        let bad = [
            vec![a_step(Some(5.0), Some(5.0), 1)],
            vec![a_step(Some(0.0), Some(5.0), 1), a_step(Some(6.0), None, 2)],
            vec![a_step(Some(0.0), Some(5.0), 1), a_step(Some(4.0), None, 2)],
            vec![a_step(Some(0.0), None, 1), a_step(Some(4.0), None, 2)],
            vec![a_step(None, None, 1), a_step(Some(4.0), None, 2)],
            vec![a_step(Some(-5.0), None, 1)],
            vec![a_step(Some(0.0), Some(5.0), 1)],
        ];
        for steps in bad {
            assert!(flaw(&steps).is_some(), "{steps:?}");
        }
    }

    proptest! {
        #[test]
        fn sound_steps_have_one_place_for_every_distance_they_cover(
            bounds in proptest::collection::btree_set(-50..50, 1..6),
            distance in -60.0..60.0,
        ) {
            let bounds: Vec<_> = bounds.into_iter().map(f64::from).collect();
            let edges: Vec<_> = [None].into_iter().chain(bounds.into_iter().map(Some)).chain([None]).collect();
            let steps: Vec<_> = edges.windows(2).map(|pair| a_step(pair[0], pair[1], 1)).collect();
            prop_assert_eq!(flaw(&steps), None);
            prop_assert!(step(&steps, distance).is_some());
        }
    }
}
