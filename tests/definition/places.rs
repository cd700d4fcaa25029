//! A part of an expression is found in the file, however the string is written.

use super::read_file;
use warpline::diagnostic::{Code, Diagnostic};

/// Where `part` of the expression of node `a` stands in the file: its line and column and what the file has there.
#[track_caller]
fn place_of(name: &str, text: &str, part: &str) -> String {
    let (documents, _) = read_file(name, text);
    let node = &documents.workflows[0].definition.nodes[0];
    let expression = node.config.value["expression"].as_str().expect("an expression");
    let start = expression.find(part).unwrap_or_else(|| panic!("{part:?} is not in {expression:?}"));
    let mut diagnostic = Diagnostic::error(Code::UNKNOWN_NAME, &node.config.path.key("expression"), "unknown")
        .excerpt(expression, start..start + part.len());
    diagnostic.object = documents.workflows[0].object.clone();
    let location = documents.locate(diagnostic).location.expect("a location");
    format!("{}:{} {}", location.line, location.column, &text[location.span])
}

/// The same, in a YAML definition where the expression is written as `written`.
#[track_caller]
fn place_in(written: &str, part: &str) -> String {
    place_of("flow.yaml", &format!("nodes:\n- id: a\n  type: t\n  config:\n    expression: {written}\n    other: 1\nedges: []\n"), part)
}

#[test]
fn in_every_style_of_yaml() {
    let table = [
        // Plain, on one line and folded.
        ("input.a + inptu.b", "inptu", "5:27 inptu"),
        ("input.a +\n      inptu.b", "inptu", "6:7 inptu"),
        ("input.a\n\n\n      + inptu.b", "inptu", "8:9 inptu"),
        ("&anchor input.a + inptu.b", "inptu", "5:35 inptu"),
        ("!!str input.a + inptu.b", "inptu", "5:33 inptu"),
        ("&anchor !!str\n      input.a + inptu.b", "inptu", "6:17 inptu"),
        ("input.ä + 'ö' + inptu.b", "inptu", "5:33 inptu"),
        ("input.a + inptu.b # why", "inptu.b", "5:27 inptu.b"),
        // Single quotes.
        ("'input.a + inptu.b'", "inptu", "5:28 inptu"),
        ("'input.a + ''x'' + inptu.b'", "inptu", "5:36 inptu"),
        ("'input.a + ''x'' + inptu.b'", "'x'", "5:28 ''x''"),
        ("'input.a\n\n      + inptu.b'", "inptu", "7:9 inptu"),
        // Double quotes.
        (r#""input.a + inptu.b""#, "inptu", "5:28 inptu"),
        (r#""input.a + \"x\\n\" + inptu.b""#, "inptu", "5:39 inptu"),
        (r#""\u00e4 + \x41\U0001f600 + inptu.b""#, "inptu", "5:44 inptu"),
        (r#""\u00e4 + \x41\U0001f600 + inptu.b""#, "A", r"5:27 \x41"),
        ("\"input.a\\\n      + inptu.b\"", "inptu", "6:9 inptu"),
        ("\"input.a\\t\\\n      + inptu.b\"", "+", "6:7 +"),
        ("\"input.a\n      + inptu.b\"", "inptu", "6:9 inptu"),
        // Blocks.
        ("|\n      input.a\n        + inptu.b\n", "inptu", "7:11 inptu"),
        ("|-\n\n      input.a\n        + inptu.b", "inptu", "8:11 inptu"),
        ("|2-\n        input.a\n        + inptu.b", "inptu", "7:11 inptu"),
        (">\n      input.a\n      + inptu.b\n\n      + 3", "inptu", "7:9 inptu"),
        (">- # folded\n      input.a\n      + inptu.b", "inptu", "7:9 inptu"),
        ("&anchor |\n      input.a\n        + inptu.b\n", "inptu", "7:11 inptu"),
        ("|\n      | input.a\n        + inptu.b\n", "inptu", "7:11 inptu"),
        // Parts with white space.
        ("input.a  + inptu.b", " +", "5:25  +"),
        ("input.a  + inptu.b", "+ ", "5:26 + "),
        ("input.a  + inptu.b", "", "5:17 "),
    ];
    for (written, part, place) in table {
        assert_eq!(place_in(written, part), place, "{written}");
    }
}

#[test]
fn in_json() {
    let json = |written: &str| {
        format!(
            "{{\"nodes\": [\n\t{{\"id\": \"a\", \"type\": \"t\", \"data\": {{\"config\": {{\"expression\": {written}}}}}}}], \"edges\": []}}"
        )
    };
    let table = [
        (r#""input.a + inptu.b""#, "inptu", "2:72 inptu"),
        (r#""\"\/\" + \ud83d\ude00 + inptu.b""#, "inptu", "2:86 inptu"),
        (r#""\"\/\" + \ud83d\ude00 + inptu.b""#, "😀", r"2:71 \ud83d\ude00"),
        (r#""a\n\t+ inptu.b""#, "inptu", "2:69 inptu"),
    ];
    for (written, part, place) in table {
        assert_eq!(place_of("flow.json", &json(written), part), place, "{written}");
    }
}

#[test]
fn whatever_the_line_ends_and_the_byte_order_mark() {
    let text = "\u{feff}nodes:\r\n- id: a\r\n  type: t\r\n  config:\r\n    expression: |\r\n      input.ä\r\n      + inptu.b\r\n";
    let (documents, _) = read_file("flow.yaml", text);
    assert_eq!(documents.text_of("flow.yaml"), text.strip_prefix('\u{feff}'));
    assert_eq!(place_of("flow.yaml", &text['\u{feff}'.len_utf8()..], "inptu"), "7:9 inptu");
}

#[test]
fn what_is_no_string_is_marked_by_its_key_or_its_id() {
    let text = "spare: &shared {timeout: 3}\nnodes:\n- type: t\n  id: a\n  data:\n    signalName: go\n    config:\n      args: [1, 2]\n      shared: *shared\n";
    let (documents, _) = read_file("flow.yaml", text);
    let node = &documents.workflows[0].definition.nodes[0];
    let config = &node.config.path;
    let table = [
        (node.path.clone(), "4:7 a", "nodes[0]"),
        (node.kind_path.clone(), "3:9 t", "nodes[0].type"),
        (config.key("args"), "8:7 args", "nodes[0].data.config.args"),
        (config.key("args").index(1), "8:17 2", "nodes[0].data.config.args[1]"),
        (config.key("shared").key("timeout"), "1:26 3", "nodes[0].data.config.shared.timeout"),
        // Beyond what is there: the last that is.
        (config.key("args").index(7).key("x"), "8:7 args", "nodes[0].data.config.args[7].x"),
        (config.key("timeout"), "7:5 config", "nodes[0].data.config.timeout"),
        // Merged into the config from beside it: where it really is.
        (config.key("signalName"), "6:17 go", "nodes[0].data.signalName"),
    ];
    for (path, place, real) in table {
        let mut diagnostic = Diagnostic::error(Code::INVALID_VALUE, &path, "wrong");
        diagnostic.object = "Workflow/flow".to_owned();
        let diagnostic = documents.locate(diagnostic);
        let location = diagnostic.location.expect("a location");
        assert_eq!(format!("{}:{} {}", location.line, location.column, &text[location.span]), place);
        assert_eq!(diagnostic.path.to_string(), real);
    }
}
