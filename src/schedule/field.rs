//! One field of a cron expression or calendar: `*/5`, `1-5`, `MON,FRI`, as the numbers that it means.
//! Depends on croner, which reads it.

use super::Fault;
use croner::parser::{CronParser, Seconds, Year};
use std::collections::BTreeSet;

/// A field of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// 0 to 59.
    Second,
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12, or `JAN` to `DEC`.
    Month,
    /// 0 to 7 (0 and 7 are Sunday), or `SUN` to `SAT`.
    DayOfWeek,
    /// 2000 to 2100.
    Year,
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Field {
    /// Its name in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day",
            Self::Month => "month",
            Self::DayOfWeek => "weekday",
            Self::Year => "year",
        }
    }

    fn bounds(self) -> (u16, u16) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 7),
            Self::Year => (2000, 2100),
        }
    }

    /// How many values the field has.
    #[must_use]
    pub fn width(self) -> u32 {
        let (least, most) = self.bounds();
        u32::from(most - least) + u32::from(self != Self::DayOfWeek)
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            _ => &[],
        }
    }
}

/// The numbers that `text` means in `field`; Sunday is 0, and nothing but `*` means every year.
///
/// # Errors
/// What is wrong with it.
pub fn values(field: Field, text: &str) -> Result<BTreeSet<u16>, Fault> {
    let name = field.name();
    let (least, most) = field.bounds();
    let example = if field.names().is_empty() {
        format!("write `*`, or numbers from {least} to {most}, as in `{least},{}` or `{least}-{most}/5`", least + 1)
    } else {
        format!("write `*`, numbers from {least} to {most}, or names, as in `{}-{}`", field.names()[1], field.names()[5])
    };
    let mut parts = Vec::new();
    for part in text.split(',') {
        parts.push(checked(field, part.trim()).map_err(|fault| if fault.suggestion.is_some() { fault } else { fault.suggest(&example) })?);
    }
    let written = parts.join(",");
    if field == Field::Year && written == "*" {
        return Ok(BTreeSet::new());
    }
    let mut pattern = ["0", "*", "*", "*", "*", "*", "*"];
    let position = match field {
        Field::Second => 0,
        Field::Minute => 1,
        Field::Hour => 2,
        Field::DayOfMonth => 3,
        Field::Month => 4,
        Field::DayOfWeek => 5,
        Field::Year => 6,
    };
    pattern[position] = &written;
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Required).build();
    let cron = parser.parse(&pattern.join(" ")).map_err(|_| Fault::new(format!("`{text}` is no {name}")).suggest(&example))?;
    let component = match field {
        Field::Second => &cron.pattern.seconds,
        Field::Minute => &cron.pattern.minutes,
        Field::Hour => &cron.pattern.hours,
        Field::DayOfMonth => &cron.pattern.days,
        Field::Month => &cron.pattern.months,
        Field::DayOfWeek => &cron.pattern.days_of_week,
        Field::Year => &cron.pattern.years,
    };
    let is_set = |value: &u16| component.is_bit_set(*value, 1).unwrap_or(false);
    let found = (least..=most).filter(is_set).map(|value| if field == Field::DayOfWeek { value % 7 } else { value });
    let found: BTreeSet<u16> = found.collect();
    if found.is_empty() { Err(Fault::new(format!("`{text}` is no {name}")).suggest(example)) } else { Ok(found) }
}

/// One part of a list, in the words that croner takes; what Temporal has no word for is refused.
fn checked(field: Field, part: &str) -> Result<String, Fault> {
    let name = field.name();
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    if let Some(step) = step
        && step.parse::<u16>().ok().is_none_or(|step| step == 0)
    {
        return Err(Fault::new(format!("`{step}` is no step of a {name}")));
    }
    let ends: Vec<&str> = range.split('-').collect();
    let (least, most) = field.bounds();
    let mut numbers = Vec::new();
    for end in &ends {
        let is_any = matches!(*end, "*" | "?") && ends.len() == 1;
        let named = field.names().iter().position(|known| known.eq_ignore_ascii_case(end));
        let number = end.parse::<u16>().ok().or_else(|| u16::try_from(named?).ok().map(|position| position + least));
        match number {
            _ if is_any => {}
            Some(number) if (least..=most).contains(&number) => numbers.push(number),
            Some(number) => return Err(Fault::new(format!("there is no {name} {number}"))),
            None if end.contains(['L', 'W', '#', 'l', 'w']) && end.len() <= 4 => {
                return Err(Fault::new(format!("`{end}` cannot be said to Temporal, which has no `L`, `W` and `#`"))
                    .suggest("name the days by their numbers"));
            }
            None => return Err(Fault::new(format!("`{end}` is no {name}"))),
        }
    }
    // `5/15` is from 5 on, as most crons have it.
    let range = match (numbers.as_slice(), step) {
        ([], _) => "*".to_owned(),
        ([one], None) => one.to_string(),
        ([from], Some(_)) => format!("{from}-{}", if field == Field::DayOfWeek { 6 } else { most }),
        ([from, to], _) if from <= to => format!("{from}-{to}"),
        ([from, to], _) => return Err(Fault::new(format!("the {name}s {from}-{to} end before they begin"))),
        _ => return Err(Fault::new(format!("`{part}` is no range of {name}s"))),
    };
    // A step as wide as the field leaves its first value, which croner refuses to say.
    let step = step.map(|step| format!("/{step}")).unwrap_or_default();
    Ok(format!("{range}{step}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_mean_their_numbers() {
        let table: [(Field, &str, &[u16]); 14] = [
            (Field::Minute, "*/20", &[0, 20, 40]),
            (Field::Minute, "5/20", &[5, 25, 45]),
            (Field::Minute, "1,3-5", &[1, 3, 4, 5]),
            (Field::Minute, "10-20/5", &[10, 15, 20]),
            (Field::Hour, "*/30", &[0]),
            (Field::Hour, "23", &[23]),
            (Field::Month, "JAN,mar", &[1, 3]),
            (Field::Month, "*/6", &[1, 7]),
            (Field::DayOfWeek, "MON-FRI", &[1, 2, 3, 4, 5]),
            (Field::DayOfWeek, "7", &[0]),
            (Field::DayOfWeek, "5-7", &[0, 5, 6]),
            (
                Field::DayOfMonth,
                "?",
                &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31],
            ),
            (Field::Year, "2028", &[2028]),
            (Field::Year, "*", &[]),
        ];
        for (field, text, numbers) in table {
            let found = values(field, text).map(|values| values.into_iter().collect::<Vec<_>>());
            assert_eq!(found.as_deref(), Ok(numbers), "{field:?} {text}");
        }
    }

    #[test]
    fn what_is_no_field_says_why() {
        let table = [
            (Field::Minute, "60", "there is no minute 60; write `*`, or numbers from 0 to 59"),
            (Field::Minute, "", "`` is no minute"),
            (Field::Minute, "5-1", "the minutes 5-1 end before they begin"),
            (Field::Minute, "*/0", "`0` is no step of a minute"),
            (Field::Minute, "1-2-3", "`1-2-3` is no range of minutes"),
            (Field::DayOfMonth, "L", "`L` cannot be said to Temporal, which has no `L`, `W` and `#`; name the days"),
            (Field::DayOfMonth, "15W", "`15W` cannot be said to Temporal"),
            (Field::DayOfWeek, "5#2", "`5#2` cannot be said to Temporal"),
            (Field::DayOfWeek, "FUN", "`FUN` is no weekday; write `*`, numbers from 0 to 7, or names, as in `MON-FRI`"),
            (Field::Year, "1999", "there is no year 1999"),
        ];
        for (field, text, words) in table {
            let said = values(field, text).unwrap_err().to_string();
            assert!(said.starts_with(words), "{field:?} {text}: {said}");
        }
    }
}
