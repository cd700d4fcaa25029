//! A length of time, as users write it and as Temporal's SDK takes it.
//! Depends on nothing.

use serde_json::Value;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    /// Milliseconds.
    pub millis: u64,
}

/// Milliseconds of each unit, and the names that users may write; the first is the one to print.
const UNITS: [(u64, &[&str]); 6] = [
    (604_800_000, &["week", "weeks", "w"]),
    (86_400_000, &["day", "days", "d"]),
    (3_600_000, &["hour", "hours", "hr", "hrs", "h"]),
    (60_000, &["minute", "minutes", "min", "mins", "m"]),
    (1000, &["second", "seconds", "sec", "secs", "s"]),
    (1, &["ms", "millisecond", "milliseconds", "msec", "msecs"]),
];

impl Duration {
    /// Reads `500ms`, `1s`, `1.5h`, `1h30m`, `10 minutes`, or a number of milliseconds; `None` for anything else.
    #[must_use]
    pub fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => from_float(number.as_f64()?),
            Value::String(text) => Self::parse_text(text),
            _ => None,
        }
    }

    fn parse_text(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut millis = 0.0;
        let mut largest = u64::MAX;
        while !rest.is_empty() {
            let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
            let after = after.trim_start();
            let (unit, after) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
            let unit = unit.to_ascii_lowercase();
            let (size, _) = UNITS.iter().find(|(_, names)| names.contains(&unit.as_str()))?;
            if *size >= largest {
                return None;
            }
            largest = *size;
            #[allow(clippy::cast_precision_loss, reason = "a unit's milliseconds are exact in a float")]
            let unit_millis = *size as f64;
            millis += number.parse::<f64>().ok()? * unit_millis;
            rest = after.trim_start();
        }
        if largest == u64::MAX { None } else { from_float(millis) }
    }

    /// The length in words that the SDK accepts as a string, such as `10 minutes`, `1 second` or `1500ms`.
    #[must_use]
    pub fn words(self) -> String {
        for (size, names) in UNITS.into_iter().skip(1) {
            let count = self.millis / size;
            let is_whole = self.millis.is_multiple_of(size) && count > 0;
            let is_one_day = size == 86_400_000 && count == 1;
            if is_whole && !is_one_day {
                return match (size, count) {
                    (1, _) => format!("{count}ms"),
                    (_, 1) => format!("1 {}", names[0]),
                    _ => format!("{count} {}s", names[0]),
                };
            }
        }
        "0ms".to_owned()
    }
}

fn from_float(millis: f64) -> Option<Duration> {
    let millis = millis.round();
    // The longest a Temporal server keeps is far below 2^53 milliseconds, above which a float is no longer exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    (0.0..=9_007_199_254_740_992.0).contains(&millis).then_some(Duration { millis: millis as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_read_as_written_and_print_in_words() {
        let table = [
            (json!("500ms"), Some("500ms")),
            (json!("1s"), Some("1 second")),
            (json!("10m"), Some("10 minutes")),
            (json!("90 s"), Some("90 seconds")),
            (json!("24h"), Some("24 hours")),
            (json!("7d"), Some("7 days")),
            (json!("2 weeks"), Some("14 days")),
            (json!("10 minutes"), Some("10 minutes")),
            (json!("1 Hour"), Some("1 hour")),
            (json!("1.5h"), Some("90 minutes")),
            (json!("1h30m"), Some("90 minutes")),
            (json!("0s"), Some("0ms")),
            (json!(1500), Some("1500ms")),
            (json!(60000), Some("1 minute")),
            (json!("10"), None),
            (json!("m"), None),
            (json!(""), None),
            (json!("-1s"), None),
            (json!(-1), None),
            (json!("1s1h"), None),
            (json!("1.2.3s"), None),
            (json!("10 fortnights"), None),
            (json!("1e9d"), None),
            (json!("99999999999999999d"), None),
            (json!(true), None),
        ];
        for (value, words) in table {
            assert_eq!(Duration::parse(&value).map(Duration::words).as_deref(), words, "{value}");
        }
    }
}
