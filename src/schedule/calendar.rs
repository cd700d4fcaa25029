//! A calendar: the times at which the clock on the wall reads what is asked for, each field on its own.
//! Depends on nothing.

use std::collections::BTreeSet;

/// Times by the clock on the wall: all fields must match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Calendar {
    /// 0 to 59.
    pub second: BTreeSet<u16>,
    /// 0 to 59.
    pub minute: BTreeSet<u16>,
    /// 0 to 23.
    pub hour: BTreeSet<u16>,
    /// 1 to 31.
    pub day_of_month: BTreeSet<u16>,
    /// 1 to 12.
    pub month: BTreeSet<u16>,
    /// 0, which is Sunday, to 6.
    pub day_of_week: BTreeSet<u16>,
    /// 2000 to 2100; every year where it is empty.
    pub year: BTreeSet<u16>,
}

/// The most days that each month has.
const DAYS: [u16; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

impl Calendar {
    /// Why there is no day that it names, of those that name one that is never there.
    #[must_use]
    pub fn impossible(&self) -> Option<String> {
        let days = |month: u16| DAYS.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or(0);
        let is_there = |month: u16, day: u16| day <= days(month) && !(month == 2 && day == 29 && !self.has_leap_year());
        if self.month.iter().any(|month| self.day_of_month.iter().any(|day| is_there(*month, *day))) {
            return None;
        }
        let (month, day) = (self.month.first()?, self.day_of_month.first()?);
        let name = MONTHS.get(usize::from(*month).wrapping_sub(1))?;
        Some(match (*month, *day, self.month.len()) {
            (2, 29, 1) => "none of the years has a 29 February".to_owned(),
            (_, _, 1) => format!("{name} has no day {day}"),
            _ => format!("none of the months has a day {day}"),
        })
    }

    fn has_leap_year(&self) -> bool {
        self.year.is_empty()
            || self.year.iter().any(|year| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)))
    }
}
