//! Which strings are expressions, which are text, which are wrong.

use super::{expression, marked, show, target, value};
use crate::diagnostic::{Code, Level};
use serde_json::json;

enum Is {
    /// The text itself.
    Text,
    /// The text itself, with a warning that says why it is not an expression.
    Doubtful(&'static str),
    /// An expression.
    Code(&'static str),
    /// An error: its code, what it points at, and a part of its suggestion.
    Wrong(Code, &'static str, &'static str),
}

use Is::{Code as C, Doubtful, Text, Wrong};

const STRINGS: &[(&str, Is, &str)] = &[
    // string, what it is, why
    ("PLAN", Text, "a word that nothing here is called"),
    ("not-found", Text, "words and an operator"),
    ("packages/core", Text, "words and an operator, though `packages` is a field of the state"),
    ("build-queue", Text, "words joined without a space, though each is in scope"),
    ("queue", Text, "a field of the state alone is an ordinary word"),
    ("Error", Text, "a global alone is an ordinary word"),
    ("hasWork", Text, "a helper alone is an ordinary word"),
    ("build", C("buildResult"), "a node's id alone is its result"),
    ("state", C("state"), "the state"),
    (" input ", C("input"), "space around an expression does not matter"),
    ("undefined", C("undefined"), "the one value that JSON has no word for"),
    ("input.buildId", C("input.buildId"), "a member of a name in scope"),
    ("queue.length", C("state.queue.length"), "a field of the state, not alone"),
    (
        "inptu.buildId",
        Wrong(Code::UNKNOWN_NAME, "inptu", "did you mean `input`? for the text itself write {$literal: 'inptu.buildId'}"),
        "a typo is never text",
    ),
    ("user.created", Wrong(Code::UNKNOWN_NAME, "user", "{$literal: 'user.created'}"), "a member access whose root is unknown"),
    ("README.md", Wrong(Code::UNKNOWN_NAME, "README", "{$literal: 'README.md'}"), "the same: a file name has to say that it is one"),
    ("index.js", C("index.js"), "`index` is in scope; the type-checker will say that it has no `js`"),
    ("src/index.ts", Wrong(Code::UNKNOWN_NAME, "src", "{$literal: 'src/index.ts'}"), "a member access among unknown words"),
    ("foo()", Wrong(Code::UNKNOWN_NAME, "foo", "{$literal: 'foo()'}"), "a call of an unknown name"),
    ("it (x)", Wrong(Code::UNKNOWN_NAME, "it", "{$literal: 'it (x)'}"), "the same, however it is spaced"),
    ("hasWork(state)", C("hasWork(state)"), "a call of a helper"),
    ("rows[0]", Wrong(Code::UNKNOWN_NAME, "rows", "{$literal: 'rows[0]'}"), "an index into an unknown name"),
    ("x => y", Wrong(Code::UNKNOWN_NAME, "y", "{$literal: 'x => y'}"), "an arrow whose body is unknown"),
    ("`v${x}`", Wrong(Code::UNKNOWN_NAME, "x", "{$literal: '`v${x}`'}"), "a template with an unknown name"),
    ("`build-${state.buildId}`", C("`build-${state.buildId}`"), "a template"),
    ("`build`", C("`build`"), "a template without a hole"),
    ("new Map()", C("new Map()"), "a new Map"),
    ("new Set<string>()", C("new Set<string>()"), "a new Set of strings"),
    ("new Foo()", Wrong(Code::UNKNOWN_NAME, "Foo", "{$literal: 'new Foo()'}"), "a new thing of an unknown name"),
    ("new stuff", Text, "words"),
    ("[]", C("[]"), "an empty array"),
    ("[1, 2]", C("[1, 2]"), "an array"),
    ("[item, ...queue]", C("[pkg, ...state.queue]"), "an array of names in scope"),
    ("[draft]", Text, "an array of an unknown word is that word in brackets"),
    ("{}", C("{}"), "an empty object"),
    ("{a: 1}", C("{a: 1}"), "an object"),
    ("{name}", Text, "a placeholder: nothing here is called `name`"),
    ("{item}", C("{item: pkg}"), "an object, in short"),
    ("true", Text, "JSON has its own `true`"),
    ("null", Text, "JSON has its own `null`"),
    ("42", Text, "JSON has its own 42"),
    ("-1.5", Text, "JSON has its own -1.5"),
    ("1 / 2", Text, "numbers and operators"),
    ("10n", Text, "a number"),
    ("\"\"", C("\"\""), "a quoted string is that string"),
    ("'PLAN'", C("\"PLAN\""), "a quoted string is that string"),
    ("'a' + item.name", C("(\"a\" + pkg.name)"), "an expression"),
    ("Hello, world", Text, "words and a comma"),
    ("item, index", Text, "words and a comma, though each is in scope"),
    ("a.b c", Text, "does not parse"),
    ("e.g. this", Text, "a dot and a space end a sentence; they do not access a member"),
    ("Done. Next", Text, "the same"),
    ("v1.2.3", Text, "does not parse"),
    ("1.0.0", Text, "does not parse"),
    ("2025-11-19", Text, "numbers and operators"),
    ("10 minutes", Text, "does not parse"),
    ("@acme/logger", Text, "does not parse"),
    ("a@b.com", Text, "does not parse"),
    ("https://x.y/z", Text, "does not parse"),
    ("*/30 * * * *", Text, "does not parse"),
    ("C:\\x", Text, "does not parse"),
    ("don't", Text, "does not parse"),
    ("...", Text, "does not parse"),
    ("", Text, "the empty string"),
    ("  ", Text, "blanks"),
    ("/tmp/s", Text, "a path; a regular expression alone is no value"),
    ("C++", Text, "a word and an operator"),
    ("key=value", Text, "words and an operator"),
    ("--verbose", Text, "a word and an operator"),
    ("R&D", Text, "words and an operator"),
    ("this", Text, "a word"),
    ("known as bob", Text, "words"),
    ("error in phase", Text, "words, though each is in scope"),
    ("error instanceof Error", C("(error instanceof Error)"), "an expression"),
    ("index + 1", C("(index + 1)"), "names in scope and an operator"),
    ("index+1", C("(index + 1)"), "the same"),
    ("index-1", C("(index - 1)"), "the same: 1 is no word"),
    ("!index", C("(! index)"), "the same"),
    ("result.published === true", C("(checkNpm1.published === true)"), "an expression"),
    ("error.message", C("error.message"), "an expression"),
    ("item.name.split(\"/\")[1]", C("pkg.name.split(\"/\")[1]"), "an expression"),
    ("input as Input", C("(input as Input)"), "an expression"),
    ("'pending' as const", C("(\"pending\" as const)"), "an expression"),
    ("done === true", Doubtful("`done` is unknown here"), "words and operators, but probably not meant so"),
    ("'a' + b", Doubtful("`b` is unknown here"), "the same"),
    ("build ${item.name} now", Doubtful("write it between backquotes"), "does not parse, but probably not meant so"),
    ("{{input.name}}", Doubtful("without `{{ }}`"), "the way of other tools"),
    ("`build-${item.name}", Doubtful("mend it"), "the same"),
    ("state.queue.map(x =>", Doubtful("mend it"), "the same"),
    ("input.name is missing", Doubtful("mend it"), "the same: a text that begins like an expression"),
    ("a + input.name", Wrong(Code::UNKNOWN_NAME, "a", "{$literal: 'a + input.name'}"), "a member access and an unknown word"),
    ("process.env.HOME", Wrong(Code::FORBIDDEN, "process", "workflow's input"), "a member of a name that is refused"),
    ("process", Text, "a word"),
    ("fetch('x')", Wrong(Code::FORBIDDEN, "fetch", "activity"), "a call of a name that is refused"),
    ("queue = 5", Wrong(Code::FORBIDDEN, "queue = 5", "state-mutation"), "an assignment to a name in scope"),
    ("state.count = 1", Wrong(Code::FORBIDDEN, "state.count = 1", "state-mutation"), "an assignment"),
    ("state.count++", Wrong(Code::FORBIDDEN, "state.count++", "increment"), "a count"),
];

#[test]
fn a_string_is_an_expression_text_or_wrong() {
    for (text, expected, why) in STRINGS {
        let (expr, found) = value(&json!(text));
        let shown = expr.as_ref().map(show);
        match expected {
            Text => {
                assert_eq!(shown, Some(format!("{text:?}")), "{text}: {why}");
                assert_eq!(found, [], "{text}: {why}");
            }
            Doubtful(part) => {
                assert_eq!(shown, Some(format!("{text:?}")), "{text}: {why}");
                let [warning] = found.as_slice() else { panic!("{text}: {why}: {found:?}") };
                assert_eq!(warning.level, Level::Warning, "{text}: {why}");
                let words = format!("{} {}", warning.message, warning.suggestion.as_deref().unwrap_or_default());
                assert!(words.contains(part) && words.contains("taken as text"), "{text}: {why}: {words}");
            }
            C(code) => {
                assert_eq!(shown.as_deref(), Some(*code), "{text}: {why}: {found:?}");
                assert_eq!(found, [], "{text}: {why}");
            }
            Wrong(code, mark, suggestion) => {
                assert_eq!(shown, None, "{text}: {why}");
                let error = found.first().unwrap_or_else(|| panic!("{text}: {why}: no error"));
                assert_eq!((error.code, error.level, marked(error)), (*code, Level::Error, *mark), "{text}: {why}");
                assert!(error.suggestion.as_deref().is_some_and(|given| given.contains(suggestion)), "{text}: {error:?}");
                assert_eq!(error.node.as_deref(), Some("node"), "{text}");
            }
        }
    }
}

#[test]
fn dollar_literal_and_dollar_expr_decide() {
    let shown = |json| value(&json).0.as_ref().map(show);
    assert_eq!(shown(json!({"$literal": "input.buildId"})).as_deref(), Some("\"input.buildId\""));
    assert_eq!(shown(json!({"$literal": {"$expr": ["input.x", 1]}})).as_deref(), Some("{$expr: [\"input.x\", 1]}"));
    assert_eq!(shown(json!({"$expr": "queue"})).as_deref(), Some("state.queue"));
    assert_eq!(shown(json!({"a": [{"$expr": "42"}, null, true, -3]})).as_deref(), Some("{a: [42, null, true, (- 3)]}"));
    for (json, code) in [
        (json!({"$literal": 1, "b": 2}), Code::CONFLICT),
        (json!({"$expr": 1}), Code::SHAPE),
        (json!({"$exp": "input"}), Code::UNKNOWN_FIELD),
        (json!({"$expr": "inptu"}), Code::UNKNOWN_NAME),
    ] {
        let (expr, found) = value(&json);
        assert_eq!((expr, found.first().map(|error| error.code)), (None, Some(code)), "{json}");
    }
}

#[test]
fn all_errors_of_a_value_are_reported_at_once() {
    let (expr, found) = value(&json!({"a": "inptu.x", "b": ["stte.y", "input.ok"], "c": "q.r + s.t"}));
    assert_eq!(expr, None);
    let mut places: Vec<_> = found.iter().map(|error| (error.path.to_string(), marked(error).to_owned())).collect();
    places.sort();
    let expected = [("args.a", "inptu"), ("args.b[0]", "stte"), ("args.c", "q"), ("args.c", "s")];
    assert_eq!(places, expected.map(|(path, mark)| (path.to_owned(), mark.to_owned())));
}

#[test]
fn keys_are_literal_and_none_sets_a_prototype() {
    let (expr, found) = value(&json!({"input.x": 1, "it's": "a", "constructor": 2, "__proto__": {"admin": true}}));
    let shown = expr.as_ref().map(show);
    assert_eq!(shown.as_deref(), Some("{input.x: 1, it's: \"a\", constructor: 2, [\"__proto__\"]: {admin: true}}"));
    assert_eq!(found, []);
    assert_eq!(expression("{__proto__: input}").map_err(|error| error.code), Err(Code::FORBIDDEN));
    assert_eq!(expression("{['__proto__']: input}").as_deref(), Ok("{[\"__proto__\"]: input}"));
}

#[test]
fn numbers_that_javascript_cannot_keep_are_a_warning() {
    let (expr, found) = value(&json!(u64::MAX));
    assert!(expr.is_some());
    assert_eq!(found.iter().map(|warning| (warning.code, warning.level)).collect::<Vec<_>>(), [(Code::INVALID_VALUE, Level::Warning)]);
    assert_eq!(value(&json!(9_007_199_254_740_992_u64)).1, []);
}

#[test]
fn a_target_is_a_place_in_the_state() {
    for (text, place) in [
        ("state", "state"),
        ("state.completedPackages", "state.completedPackages"),
        ("queue", "state.queue"),
        ("phase.name", "state.phase.name"),
        ("state.items[index].x", "state.items[index].x"),
        ("packages[queue.length - 1]", "state.packages[(state.queue.length - 1)]"),
        ("state.a!.b", "state.a!.b"),
    ] {
        assert_eq!(target(text).as_deref(), Ok(place), "{text}");
    }
    for (text, code) in [
        ("state.a?.b", Code::TARGET),
        ("state.items.length + 1", Code::TARGET),
        ("hasWork(state)", Code::TARGET),
        ("input.name", Code::TARGET),
        ("item.name", Code::TARGET),
        ("stat.name", Code::UNKNOWN_NAME),
        ("state.", Code::EXPRESSION),
        ("", Code::EXPRESSION),
        ("state.constructor.name", Code::FORBIDDEN),
    ] {
        assert_eq!(target(text).map_err(|error| error.code), Err(code), "{text}");
    }
}
