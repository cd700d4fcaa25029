//! Columns of text, as `kubectl get` prints them.

/// The rows under their heads, each column as wide as its widest cell; nothing after the last cell of a row.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).chain([heads[column].len()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: [&str; N]| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("   ").trim_end().to_owned()
    };
    std::iter::once(line(heads)).chain(rows.iter().map(|row| line(row.each_ref().map(String::as_str)))).collect()
}

/// How long ago that was, as `kubectl` says it: `12s`, `5m`, `3h`, `9d`.
pub(super) fn age(since: Option<jiff::Timestamp>, now: jiff::Timestamp) -> String {
    let Some(since) = since else { return "?".to_owned() };
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), "longer than the head".to_owned()], ["b".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "WHAT"], &rows), ["NAME   WHAT", "a      longer than the head", "b"]);
    }

    #[test]
    fn ages_are_said_in_one_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let cases = [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")];
        for (seconds, expected) in cases {
            assert_eq!(age(Some(at(0)), at(seconds)), expected);
        }
        assert_eq!(age(None, at(0)), "?");
    }
}
