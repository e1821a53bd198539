//! Recurrences in the five fields of crontab: minute, hour, day of the month, month, day of the week.
//!
//! Each field is `*`, a number, a range, a list of these, with `/n` for every n-th; months and days of the week also by
//! their English names. As in crontab a day fits either of two restricted fields for days.

use std::time::SystemTime;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The day of leap years is eight years from the last at most, around a year like 2100.
const FARTHEST_DAYS: u32 = 8 * 366;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// When something comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// The numbers that a field lets through, as bits, and whether it restricts anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    bits: u64,
    is_star: bool,
}

impl Field {
    fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.bits >> number & 1 == 1)
    }

    fn numbers(self) -> impl Iterator<Item = i8> {
        (0..60).filter(move |number| self.has(*number))
    }
}

impl Cron {
    /// None if the text is no recurrence.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return None };
        let mut weekdays = field(weekdays, 0, 7, 0, &DAYS)?;
        // Sunday has two numbers.
        weekdays.bits |= weekdays.bits >> 7 & 1;
        Some(Cron {
            minutes: field(minutes, 0, 59, 0, &[])?,
            hours: field(hours, 0, 23, 0, &[])?,
            days: field(days, 1, 31, 0, &[])?,
            months: field(months, 1, 12, 1, &MONTHS)?,
            weekdays,
        })
    }

    /// The first time after a moment; none if there is none, as on the 30th of February.
    pub(super) fn after(&self, moment: SystemTime, zone: &TimeZone) -> Option<SystemTime> {
        let moment = Timestamp::try_from(moment).ok()?;
        let mut date = moment.to_zoned(zone.clone()).date();
        for _ in 0..=FARTHEST_DAYS {
            if self.fits(date)
                && let Some(first) = self.times(date, zone).find(|time| *time > moment)
            {
                return Some(first.into());
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    fn fits(&self, date: Date) -> bool {
        let day = self.days.has(date.day());
        let weekday = self.weekdays.has(date.weekday().to_sunday_zero_offset());
        let is_day = match (self.days.is_star, self.weekdays.is_star) {
            (false, false) => day || weekday,
            (true, _) | (_, true) => day && weekday,
        };
        is_day && self.months.has(date.month())
    }

    /// All times of a day, in order. One that the clock leaps over comes as much later.
    fn times(&self, date: Date, zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
        let minutes = self.minutes;
        let all =
            self.hours.numbers().flat_map(move |hour| minutes.numbers().map(move |minute| (hour, minute)));
        all.filter_map(move |(hour, minute)| {
            date.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok().map(|time| time.timestamp())
        })
    }
}

fn field(text: &str, least: u32, most: u32, first: u32, names: &[&str]) -> Option<Field> {
    let number = |text: &str| {
        let by_name = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match by_name {
            Some(at) => first + u32::try_from(at).ok()?,
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
            None => return None,
        };
        (least..=most).contains(&number).then_some(number)
    };
    let mut bits = 0;
    for part in text.split(',') {
        let (range, every) = part.split_once('/').map_or((part, None), |(range, every)| (range, Some(every)));
        let step: usize = match every {
            Some(every) => every.parse().ok().filter(|step| (1..=60).contains(step))?,
            None => 1,
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((from, to))) => (number(from)?, number(to)?),
            // `5/10` is every tenth from the fifth on.
            (one, None) => (number(one)?, if every.is_some() { most } else { number(one)? }),
        };
        if from > to {
            return None;
        }
        bits = (from..=to).step_by(step).fold(bits, |bits, number| bits | 1_u64 << number);
    }
    Some(Field { bits, is_star: text.starts_with('*') })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(text: &str, moment: &str, zone: &TimeZone) -> Option<String> {
        let moment: Timestamp = moment.parse().expect("a moment");
        let next = Cron::parse(text).expect(text).after(moment.into(), zone)?;
        Some(Timestamp::try_from(next).expect("a moment").to_string())
    }

    #[test]
    fn the_next_time_is_found() {
        // The 21st of November 2026 is a Saturday.
        for (text, expected) in [
            ("* * * * *", "2026-11-21T12:01:00Z"),
            ("0 * * * *", "2026-11-21T13:00:00Z"),
            ("30 0 1 1,6,12 *", "2026-12-01T00:30:00Z"),
            ("0 9 * * 1-5", "2026-11-23T09:00:00Z"),
            ("0 9 * * MON-fri", "2026-11-23T09:00:00Z"),
            ("0 9 * * 7", "2026-11-22T09:00:00Z"),
            ("0 9 * * 0", "2026-11-22T09:00:00Z"),
            ("*/20 12 * * *", "2026-11-21T12:20:00Z"),
            ("5/20 12 * * *", "2026-11-21T12:05:00Z"),
            ("0 0 29 feb *", "2028-02-29T00:00:00Z"),
            // Either of the two days.
            ("0 0 13 * 1", "2026-11-23T00:00:00Z"),
            ("0 0 */2 * 1", "2026-11-23T00:00:00Z"),
        ] {
            let next = after(text, "2026-11-21T12:00:00Z", &TimeZone::UTC);
            assert_eq!(next.as_deref(), Some(expected), "{text}");
        }
        assert_eq!(after("0 0 30 2 *", "2026-11-21T12:00:00Z", &TimeZone::UTC), None);
        let east = TimeZone::fixed(jiff::tz::offset(9));
        let next = after("0 9 * * *", "2026-11-21T12:00:00Z", &east);
        assert_eq!(next.as_deref(), Some("2026-11-22T00:00:00Z"));
    }

    #[test]
    fn what_is_no_recurrence_is_none() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "x * * * *",
            "+1 * * * *",
            "1,,2 * * * *",
            "@daily",
            "* * L * *",
            "jan * * * *",
        ] {
            assert_eq!(Cron::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_recurrence_or_none(text in "[-*/,0-9a-z ]{0,20}") {
            let _ = Cron::parse(&text);
        }

        #[test]
        fn the_next_time_is_later_and_nothing_lies_between(
            minute in 0..60, hour in 0..24, day in 1..29, at in 0_i64..2_000_000_000,
        ) {
            let cron = Cron::parse(&format!("{minute} {hour} {day} * *")).expect("a recurrence");
            let moment: SystemTime = Timestamp::from_second(at).expect("a moment").into();
            let next = cron.after(moment, &TimeZone::UTC).expect("once a month");
            prop_assert!(next > moment);
            let before = next - std::time::Duration::from_nanos(1);
            prop_assert_eq!(cron.after(before.max(moment), &TimeZone::UTC), Some(next));
            let month = std::time::Duration::from_hours(32 * 24);
            prop_assert!(next.duration_since(moment).expect("later") < month);
        }
    }
}
