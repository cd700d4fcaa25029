//! How diagnostics look: as text with and without a file, as JSON and as SARIF.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use serde_json::Value;
use warpline::diagnostic::{Code, Diagnostic, JsonPath, Location, render};

const FILE: &str = "nodes:\n  - id: check\n    config: {expression: \"inptu.a && \\\n      inptu.b\"}\n";

fn no_file(_: &str) -> Option<String> {
    None
}

fn the_file(name: &str) -> Option<String> {
    (name == "flow one.yaml").then(|| FILE.to_owned())
}

/// An unknown name, with everything that a diagnostic may have.
fn full() -> Diagnostic {
    let path = JsonPath::root().key("spec").key("definition").key("nodes").index(0).key("config").key("expression");
    let mut diagnostic = Diagnostic::error(Code::UNKNOWN_NAME, &path, "the name `inptu` is unknown here")
        .node("check")
        .excerpt("inptu.a && inptu.b", 0..5)
        .label("not in scope")
        .suggest("did you mean `input`?");
    diagnostic.object = "Workflow/flow".to_owned();
    diagnostic
}

fn located() -> Diagnostic {
    let start = FILE.find("inptu").expect("in the file");
    let mut diagnostic = full();
    diagnostic.location = Some(Location { file: "flow one.yaml".to_owned(), span: start..start + 5, line: 3, column: 27 });
    diagnostic
}

#[test]
fn text_with_a_file() {
    insta::assert_snapshot!(render::text(&[located(), warning()], &the_file, false));
}

#[test]
fn text_of_an_object_without_a_file() {
    insta::assert_snapshot!(render::text(&[full()], &no_file, false));
}

#[test]
fn text_where_the_file_is_gone() {
    insta::assert_snapshot!(render::text(&[located()], &no_file, false));
}

#[test]
fn text_of_helpers_counts_their_lines() {
    let helpers = "function a() {\n  return 1;\n}\nfunction b() {\n  return fetch('x');\n}\n";
    let start = helpers.find("fetch").expect("in the helpers");
    let path = JsonPath::root().key("spec").key("helpers");
    let diagnostic = Diagnostic::error(Code::FORBIDDEN, &path, "`fetch` is not allowed").excerpt(helpers, start..start + 5);
    insta::assert_snapshot!(render::text(&[diagnostic], &no_file, false));
}

#[test]
fn text_shows_the_part_of_a_long_line_that_matters() {
    let line = format!("{{\"a\": \"{}\", \"b\": inptu, \"c\": \"{}\"}}", "x".repeat(50_000), "y".repeat(50_000));
    let start = line.find("inptu").expect("in the line");
    let mut diagnostic = Diagnostic::error(Code::UNKNOWN_NAME, &JsonPath::root(), "unknown");
    diagnostic.location = Some(Location { file: "long.json".to_owned(), span: start..start + 5, line: 1, column: start + 1 });
    let text = render::text(&[diagnostic], &|_| Some(line.clone()), false);
    assert!(text.contains("long.json:1:50016"), "{text}");
    assert!(text.contains("inptu") && text.contains("^^^^^"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 130), "{text}");
}

#[test]
fn text_in_colour_only_adds_colours() {
    let plain = render::text(&[located()], &the_file, false);
    let coloured = render::text(&[located()], &the_file, true);
    assert_ne!(plain, coloured);
    let mut is_escape = false;
    let stripped: String = coloured
        .chars()
        .filter(|c| {
            let was_escape = is_escape;
            is_escape = *c == '\u{1b}' || is_escape && *c != 'm';
            !was_escape && !is_escape
        })
        .collect();
    assert_eq!(stripped, plain);
}

#[test]
fn what_a_user_wrote_does_not_steer_the_terminal() {
    let evil = "\u{1b}[31mred\u{7}\u{202e}";
    let mut diagnostic =
        Diagnostic::error(Code::UNKNOWN_NAME, &JsonPath::root().key(evil), evil).node(evil).label(evil).suggest(evil).excerpt(evil, 0..3);
    evil.clone_into(&mut diagnostic.object);
    let text = render::text(&[diagnostic.clone()], &no_file, false);
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    diagnostic.location = Some(Location { file: evil.to_owned(), span: 0..3, line: 1, column: 1 });
    let text = render::text(&[diagnostic], &|_| Some(evil.to_owned()), false);
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
}

#[test]
fn spans_beyond_their_text_are_clipped() {
    for span in [0..100, 3..100, 100..200, 2..3, 5..5] {
        let mut diagnostic = Diagnostic::error(Code::TYPE, &JsonPath::root(), "wrong").excerpt("aä\n", span.clone());
        assert!(render::text(&[diagnostic.clone()], &no_file, false).contains("wrong"));
        diagnostic.location = Some(Location { file: "f".to_owned(), span, line: 1, column: 1 });
        assert!(render::text(&[diagnostic.clone()], &|_| Some("aä\n".to_owned()), false).contains("wrong"));
        assert!(render::json(&[diagnostic], &|_| Some("aä\n".to_owned())).is_array());
    }
}

#[test]
fn the_summary_counts() {
    assert_eq!(render::summary(&[]), "no problems");
    assert_eq!(render::summary(&[warning()]), "1 warning");
    assert_eq!(render::summary(&[full(), warning(), full()]), "2 errors, 1 warning");
    assert_eq!(render::text(&[], &no_file, false), "");
}

#[test]
fn json() {
    let value = render::json(&[located(), warning()], &the_file);
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).expect("JSON"));
}

#[test]
fn sarif() {
    let mut value = render::sarif(&[located(), warning()], &the_file);
    let rules = value["runs"][0]["tool"]["driver"]["rules"].take();
    assert_eq!(rules.as_array().map(Vec::len), Some(Code::ALL.len()));
    let index = value["runs"][0]["results"][0]["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok()).expect("an index");
    assert_eq!(rules[index]["id"], Value::from("W0302"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).expect("JSON"));
}

fn warning() -> Diagnostic {
    Diagnostic::warning(Code::CRON, &JsonPath::root().key("edges").index(3), "the schedule runs at other times than it seems").node("e1")
}
