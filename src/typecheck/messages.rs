//! Reads what the TypeScript compiler prints, and says of some errors what a workflow's author can do.
//! Depends on nothing.

/// One error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The file, as it was named to the compiler.
    pub file: String,
    /// Line, from 0.
    pub line: u32,
    /// Column in UTF-16 units, from 0.
    pub column: u32,
    /// TypeScript's number of the error.
    pub code: u32,
    /// What it says; further lines are joined.
    pub text: String,
}

/// The errors in `text`: lines like `file.ts(12,5): error TS2345: …`, each with further lines indented below it.
pub(super) fn parse(text: &str) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for line in text.lines() {
        if let Some(message) = head(line) {
            messages.push(message);
        } else if let (Some(last), true) = (messages.last_mut(), line.starts_with(' ')) {
            last.text.push_str(": ");
            last.text.push_str(line.trim().trim_end_matches('.'));
        }
    }
    messages
}

fn head(line: &str) -> Option<Message> {
    let (place, rest) = line.split_once(": error TS")?;
    let (code, text) = rest.split_once(": ")?;
    let (file, position) = place.strip_suffix(')')?.rsplit_once('(')?;
    let (line, column) = position.split_once(',')?;
    let from_one = |number: &str| number.parse::<u32>().ok()?.checked_sub(1);
    Some(Message {
        file: file.to_owned(),
        line: from_one(line)?,
        column: from_one(column)?,
        code: code.parse().ok()?,
        text: text.trim_end_matches('.').to_owned(),
    })
}

/// What to do about an error that workflow authors meet often.
pub(super) fn suggestion(code: u32) -> Option<&'static str> {
    match code {
        2366 | 2355 => Some("a way through the workflow ends without a value: end every way with an `exit` that has a `returnValue`"),
        2532 | 18048 | 18047 | 2531 => Some("the value may be absent here: use `?.` or `??`, or ask in a condition first"),
        7006 | 7031 => Some("give the parameter a type, or the value that it comes from"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_with_its_further_lines() {
        let text = "a.ts(3,7): error TS2345: Argument is wrong.\n  Types are incompatible.\nb.ts(1,1): error TS1: No.\n";
        let message = |file: &str, line, column, code, text: &str| Message { file: file.into(), line, column, code, text: text.into() };
        assert_eq!(parse(text), [message("a.ts", 2, 6, 2345, "Argument is wrong: Types are incompatible"), message("b.ts", 0, 0, 1, "No")]);
    }
}
