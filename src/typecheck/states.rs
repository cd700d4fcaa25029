//! Compares the states that two versions of a workflow carry: whether what the older one carries is what the newer one takes, and where it is not.
//! A door: runs the TypeScript compiler in a folder of its own. Nothing that a run carries is ever lost silently: a field that is gone is a difference.

use super::{Checker, Error, folder};
use std::path::Path;

/// Where a state of an older type is not one of a newer type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The place, such as `state.jobs[].due`; `input` or `state` is its first part.
    pub at: String,
    /// The older type there; none where there is nothing.
    pub was: Option<String>,
    /// The newer type there; none where there is nothing.
    pub is: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, was, is } = self;
        match (was, is) {
            (Some(was), Some(is)) => write!(f, "`{at}` was `{was}` and is `{is}`"),
            (Some(was), None) => write!(f, "`{at}` was `{was}` and is gone"),
            (None, Some(is)) => write!(f, "`{at}` was not there and is `{is}`"),
            (None, None) => write!(f, "`{at}` is another"),
        }
    }
}

/// The program that compares.
const PROGRAM: &str = include_str!("states.ts");

impl Checker {
    /// Whether what `before` declares as `WarplineInput` and `WarplineState` is what `now` declares, with nothing lost; the first difference where not.
    /// Files go to a new folder under `scratch`.
    ///
    /// # Errors
    /// It could not be compared; [`Error::Compiler`] where the declarations themselves have errors.
    pub async fn compare_states(&self, before: &str, now: &str, scratch: &Path) -> Result<Option<Difference>, Error> {
        let folder = folder(scratch).await?;
        self.compare_in(folder.path(), before, now).await
    }

    async fn compare_in(&self, folder: &Path, before: &str, now: &str) -> Result<Option<Difference>, Error> {
        let config = serde_json::json!({
            "compilerOptions": {
                "strict": true, "noEmit": true, "skipLibCheck": true, "target": "es2023", "lib": ["es2023"], "types": [],
                "module": "preserve", "moduleResolution": "bundler", "noErrorTruncation": true,
            },
            "files": ["compare.ts"],
        });
        let files = [("before.ts", before), ("now.ts", now), ("compare.ts", PROGRAM), ("tsconfig.json", &config.to_string())];
        let found = self.run(folder, files.map(|(name, text)| (name.to_owned(), text.to_owned())).as_slice()).await?;
        match found.first() {
            None => Ok(None),
            Some(message) if found.iter().all(|message| message.file == "compare.ts") => difference(&message.text).map(Some),
            Some(_) => {
                let others: Vec<String> =
                    found.iter().filter(|message| message.file != "compare.ts").map(|message| message.text.clone()).collect();
                Err(Error::Compiler(others.join("; ")))
            }
        }
    }
}

/// Reads `…Differs<"state.count", number, string>…`, as the program makes the compiler say it.
fn difference(text: &str) -> Result<Difference, Error> {
    let read = || {
        let (_, rest) = text.rsplit_once("Differs<")?;
        // In backquotes where any field is meant.
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '`'))?;
        let (at, rest) = rest.get(1..)?.split_once(quote)?;
        let rest = rest.strip_prefix(", ")?;
        let (was, is) = two_types(rest)?;
        let there = |ty: &str| (ty != "Nothing").then(|| ty.to_owned());
        Some(Difference { at: at.to_owned(), was: there(was), is: there(is) })
    };
    read().ok_or_else(|| Error::Compiler(text.chars().take(2000).collect()))
}

/// `A, B>`: the two types, each of which may hold commas and brackets.
fn two_types(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut comma, mut quote, mut last) = (0_u32, None, None, ' ');
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c && last != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(c),
            (None, '<' | '(' | '[' | '{') => depth += 1,
            (None, '>') if last == '=' => {}
            (None, '>') if depth == 0 => {
                let comma: usize = comma?;
                return Some((text.get(..comma)?, text.get(comma + 2..at)?));
            }
            (None, '>' | ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 && comma.is_none() => comma = Some(at),
            (None, _) => {}
        }
        last = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_says_is_read() {
        let read = |text: &str| difference(text).ok().map(|found| found.to_string());
        assert_eq!(
            read("Type 'Differs<\"state.count\", number, string>' is not assignable to type 'never'").as_deref(),
            Some("`state.count` was `number` and is `string`")
        );
        assert_eq!(
            read("Type 'Fields<A, B>' is …: Type 'Differs<\"state.a[].b\", Map<string, { a: (x: 1) => void; }>, Nothing>' is not …")
                .as_deref(),
            Some("`state.a[].b` was `Map<string, { a: (x: 1) => void; }>` and is gone")
        );
        assert_eq!(
            read("'Differs<\"input.x\", Nothing, \"a, >\" | \"b\">'").as_deref(),
            Some("`input.x` was not there and is `\"a, >\" | \"b\"`")
        );
        assert_eq!(read("'Differs<`state.${string}.b`, 2, Nothing>'").as_deref(), Some("`state.${string}.b` was `2` and is gone"));
        assert_eq!(read("excessively deep"), None);
    }
}
