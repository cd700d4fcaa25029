//! The order of ids: as people count, so that `step-2` comes before `step-10`.
//! Depends on nothing.

use std::cmp::Ordering;

/// Compares by runs of digits as numbers and everything else by character; strings that differ are never equal.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, other) = (take_digits(&mut left), take_digits(&mut right));
            number.len().cmp(&other.len()).then_with(|| number.cmp(other))
        } else {
            left = left.get(x.len_utf8()..).unwrap_or_default();
            right = right.get(y.len_utf8()..).unwrap_or_default();
            x.cmp(&y)
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the digits off the front; gives them without leading zeros.
fn take_digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_ids_count_as_numbers() {
        let mut ids = ["n10", "n2", "n02", "n1-b", "n1", "b", "n1-a10", "n1-a9", "", "ä2"];
        ids.sort_by(|a, b| compare(a, b));
        assert_eq!(ids, ["", "b", "n1", "n1-a9", "n1-a10", "n1-b", "n02", "n2", "n10", "ä2"]);
    }
}
