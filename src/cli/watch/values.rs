//! A state as lines: names and values, what is large summed up. Pure.

use serde_json::Value;

/// How many elements of a list or object are shown below the top.
const ELEMENTS: usize = 8;

/// The lines of `state`, at most `most` of them, each of at most `width` characters or cut by whoever draws it.
pub(super) fn lines(state: &Value, width: usize, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    match state {
        Value::Null => lines.push("(none)".to_owned()),
        Value::Object(fields) if fields.is_empty() => lines.push("(empty)".to_owned()),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| entry(name, value, 0, width, usize::MAX, &mut lines)),
        other => lines.push(short(other)),
    }
    if lines.len() > most {
        let hidden = lines.len() - most.saturating_sub(1);
        lines.truncate(most.saturating_sub(1));
        lines.push(format!("… {hidden} more lines"));
    }
    lines
}

fn entry(name: &str, value: &Value, depth: usize, width: usize, elements: usize, out: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let head = format!("{indent}{name}: ");
    let text = short(value);
    if head.chars().count() + text.chars().count() <= width || !value.is_object() && !value.is_array() {
        out.push(format!("{head}{text}"));
        return;
    }
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(values) => values.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let is_object = value.is_object();
    let what = if is_object { "fields" } else { "items" };
    out.push(format!("{head}{} {what}", inner.len()));
    let shown = inner.len().min(elements.min(ELEMENTS));
    for (name, value) in &inner[..shown] {
        // Fields of a field are opened; elements, and what is deeper, are one line each.
        if depth == 0 && is_object {
            entry(name, value, depth + 1, width, ELEMENTS, out);
        } else {
            out.push(format!("{indent}  {name}: {}", short(value)));
        }
    }
    if inner.len() > shown {
        out.push(format!("{indent}  … {} more", inner.len() - shown));
    }
}

/// A value on one line, without quotes where that is clear.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "[]".to_owned(),
        Value::Array(values) => format!("[{}]", values.iter().map(short).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            format!("{{{}}}", fields.iter().map(|(name, value)| format!("{name}: {}", short(value))).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_fits_is_a_line_and_what_does_not_is_opened() {
        let state = json!({"phase": "BUILD", "none": null, "few": [1, 2], "many": (0..30).collect::<Vec<_>>(), "one": {"text": "long enough to be opened"}});
        let shown = lines(&state, 24, 100);
        assert_eq!(shown[..3], ["phase: BUILD", "none: null", "few: [1, 2]"]);
        assert_eq!(shown[3], "many: 30 items");
        assert_eq!(shown[12..], ["  … 22 more", "one: 1 fields", "  text: long enough to be opened"]);
        assert_eq!(lines(&state, 24, 3), ["phase: BUILD", "none: null", "… 13 more lines"]);
        assert_eq!(lines(&Value::Null, 24, 3), ["(none)"]);
    }
}
