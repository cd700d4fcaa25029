//! Names of the generated code: what is taken, and what a node's value or function is called.
//! Depends on nothing; the same definition always gives the same names.

use std::collections::{BTreeMap, BTreeSet};

/// Names that mean something else in every generated file: JavaScript's own, the SDK's, and the compiler's.
const RESERVED: &[&str] = &[
    "$",
    "$of",
    "abstract",
    "any",
    "args",
    "arguments",
    "as",
    "async",
    "await",
    "boolean",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "constructor",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "error",
    "eval",
    "export",
    "exports",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "index",
    "input",
    "instanceof",
    "interface",
    "item",
    "let",
    "message",
    "module",
    "never",
    "new",
    "null",
    "number",
    "object",
    "of",
    "package",
    "private",
    "protected",
    "public",
    "require",
    "result",
    "results",
    "return",
    "set",
    "state",
    "static",
    "string",
    "super",
    "switch",
    "symbol",
    "this",
    "thrown",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "undefined",
    "unknown",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "carried",
    "wake",
    "woken",
    "Array",
    "Boolean",
    "Date",
    "Error",
    "Infinity",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "RegExp",
    "Set",
    "String",
    "console",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "structuredClone",
    "encodeURIComponent",
    "decodeURIComponent",
    "ApplicationFailure",
    "CancellationScope",
    "ContinueAsNew",
    "Trigger",
    "allHandlersFinished",
    "condition",
    "continueAsNew",
    "defineQuery",
    "defineSignal",
    "executeChild",
    "getExternalWorkflowHandle",
    "isCancellation",
    "makeContinueAsNewFunc",
    "proxyActivities",
    "proxyLocalActivities",
    "proxySinks",
    "rootCause",
    "setHandler",
    "setWorkflowOptions",
    "sleep",
    "startChild",
    "uuid4",
    "workflowInfo",
];

/// Whether a name means something else in every generated file.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The names of a generated file.
#[derive(Clone, Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
    values: BTreeMap<usize, String>,
}

impl Names {
    /// Names of which `taken` are in use at the top of the file.
    pub fn new(taken: impl IntoIterator<Item = String>) -> Self {
        let taken = taken.into_iter().chain(RESERVED.iter().map(|&name| name.to_owned())).collect();
        Self { taken, values: BTreeMap::new() }
    }

    /// A name like `wanted` that is free, with `suffix` at its end if `wanted` is taken; it is taken from now on.
    pub fn free(&mut self, wanted: &str, suffix: &str) -> String {
        let candidates = [wanted.to_owned(), format!("{wanted}{suffix}")].into_iter();
        let numbered = (2_u32..).map(|number| format!("{wanted}{suffix}{number}"));
        let name = candidates.chain(numbered).find(|name| !self.taken.contains(name)).unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    /// The variable for the value of node `at` with `id`; the same at each call.
    pub fn value(&mut self, at: usize, id: &str) -> String {
        if let Some(name) = self.values.get(&at) {
            return name.clone();
        }
        let name = self.free(&camel(id), "Result");
        self.values.insert(at, name.clone());
        name
    }
}

/// `text` in camelCase, as a name: `check-npm` is `checkNpm`.
#[must_use]
pub fn camel(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut upper = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' || c == '$' {
            if name.is_empty() && c.is_ascii_digit() {
                name.push('_');
            }
            if name.is_empty() {
                name.extend(c.to_lowercase());
            } else if std::mem::take(&mut upper) {
                name.extend(c.to_uppercase());
            } else {
                name.push(c);
            }
        } else {
            upper = !name.is_empty();
        }
    }
    if name.is_empty() { "node".to_owned() } else { name }
}

/// `text` in PascalCase, as the name of a type.
#[must_use]
pub fn pascal(text: &str) -> String {
    let camel = camel(text);
    let mut chars = camel.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `text` in kebab-case, as the name of a file: `MCPPollerWorkflow` is `mcp-poller-workflow`.
#[must_use]
pub fn kebab(text: &str) -> String {
    let mut name = String::with_capacity(text.len() + 4);
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_alphanumeric() {
            let word = c.is_ascii_uppercase()
                && before.is_some_and(|b| {
                    b.is_ascii_lowercase()
                        || b.is_ascii_digit()
                        || b.is_ascii_uppercase() && chars.peek().is_some_and(char::is_ascii_lowercase)
                });
            if word {
                name.push('-');
            }
            name.extend(c.to_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
        before = Some(c);
    }
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_the_field() {
        let cases = [
            ("check-npm", "checkNpm", "CheckNpm"),
            ("2-fast", "_2Fast", "_2Fast"),
            ("Run Build!", "runBuild", "RunBuild"),
            ("日本", "node", "Node"),
        ];
        for (text, as_value, as_type) in cases {
            assert_eq!((camel(text).as_str(), pascal(text).as_str()), (as_value, as_type));
        }
        assert_eq!(kebab("PackageBuildWorkflow"), "package-build-workflow");
        assert_eq!(kebab("MCPPollerWorkflow"), "mcp-poller-workflow");
    }

    #[test]
    fn a_value_named_like_an_activity_gets_another_name() {
        let mut names = Names::new(["runBuild".to_owned()]);
        assert_eq!(names.value(3, "run-build"), "runBuildResult");
        assert_eq!(names.value(3, "run-build"), "runBuildResult");
        assert_eq!(names.value(4, "run build"), "runBuildResult2");
    }
}
