//! No input panics, takes long, or fills the memory; every place that is reported is inside its file.

use super::{read_file, show};
use proptest::prelude::*;
use warpline::diagnostic::render;

/// Reads the text under both endings and shows what is wrong with it in every form.
fn survive(text: &str) {
    for name in ["a.yaml", "a.json"] {
        let (documents, found) = read_file(name, text);
        let file = documents.text_of(name).expect("the file").to_owned();
        for location in found.iter().filter_map(|found| found.location.as_ref()) {
            assert!(file.get(location.span.clone()).is_some(), "{:?} is not in {file:?}", location.span);
            let before = &file[..location.span.start];
            assert_eq!(location.line, before.matches('\n').count() + 1);
            assert_eq!(location.column, before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1);
        }
        let with_text = |file: &str| documents.text_of(file).map(str::to_owned);
        assert_eq!(show(&documents, &found).is_empty(), found.is_empty());
        assert_eq!(render::json(&found, &with_text).as_array().map(Vec::len), Some(found.len()));
        assert!(render::sarif(&found, &with_text)["runs"].is_array());
    }
}

/// Pieces that definitions and YAML are made of, to be put together in every wrong way.
const PIECES: &[&str] = &[
    "nodes:",
    "edges:",
    "- ",
    "id: ",
    "type: ",
    "config: ",
    "data: ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "'",
    "\"",
    "|",
    ">-",
    "\n---\n",
    "...",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "!x ",
    "? ",
    "# c",
    "a",
    "ä",
    "😀",
    "\\u00e4",
    "\\ud83d",
    "\u{feff}",
    "\r\n",
    "0",
    "1e9",
    ".inf",
    "null",
    "true",
    "%YAML 1.2",
    "workflow: ",
    "apiVersion: warpline.dev/v1alpha1\n",
    "kind: Workflow\n",
    "kind: ActivityModule\n",
    "metadata: {name: a}\n",
    "spec: ",
    "activities: ",
    "parentId: ",
    "source: ",
    "target: ",
    "\u{85}",
    "\u{2028}",
    "\0",
    "nodes: [{id: a, type: t}]\n",
    "{\"nodes\": [{\"id\": \"a\"}]}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn any_mix_of_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        survive(&pieces.concat());
    }

    #[test]
    fn a_definition_cut_or_changed_anywhere(at in 0..VALID.len(), piece in prop::sample::select(PIECES), is_cut in any::<bool>()) {
        if let Some((before, after)) = VALID.split_at_checked(at) {
            survive(&format!("{before}{piece}{}", if is_cut { "" } else { after }));
        }
    }

    #[test]
    fn a_json_definition_of_any_values(value in any_json()) {
        survive(&value.to_string());
        survive(&format!("{{\"nodes\": {value}, \"edges\": {value}}}"));
        survive(&format!("{{\"nodes\": [{{\"id\": \"a\", \"type\": \"t\", \"data\": {value}, \"config\": {value}, \"nodes\": {value}}}], \"edges\": [{value}]}}"));
        survive(&format!("{{\"apiVersion\": \"warpline.dev/v1alpha1\", \"kind\": \"ActivityModule\", \"metadata\": {value}, \"spec\": {value}}}"));
        survive(&format!("{{\"apiVersion\": \"warpline.dev/v1alpha1\", \"kind\": \"ActivityModule\", \"metadata\": {{\"name\": \"a\"}}, \"spec\": {{\"activities\": {value}, \"npm\": {value}}}}}"));
    }
}

const VALID: &str = "# ä\napiVersion: warpline.dev/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec:\n  types: |\n    interface A {}\n  definition:\n    nodes:\n    - {id: a, type: trigger}\n    - id: 'b'\n      type: \"activity\"\n      data: &x\n        config:\n          args: [*y, 1.5]\n          <<: *x\n          text: >-\n            folded\n            text\n    edges: [{source: a, target: b}]\n";

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let keys = prop::sample::select(vec![
        "id",
        "type",
        "config",
        "data",
        "nodes",
        "edges",
        "label",
        "name",
        "parentId",
        "source",
        "target",
        "condition",
        "signalName",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        prop::sample::select(vec!["a", "b", "", "input.a", "ä\n\"\\"]).prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((keys.clone(), inner), 0..5)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("- ", ""), ("? ", ""), ("a: &a [", "")] {
        survive(&format!("{}1{}", open.repeat(100_000), close.repeat(100_000)));
    }
    let (documents, found) = read_file("a.json", &format!("{}{}", "[".repeat(200), "]".repeat(200)));
    assert!(show(&documents, &found).contains("nested more than 100 deep"));
}

#[test]
fn aliases_do_not_multiply_without_end() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..20 {
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(",")));
    }
    let (documents, found) = read_file("bomb.yaml", &bomb);
    assert!(show(&documents, &found).contains("expand to more than 32 MiB"));

    let (documents, found) = read_file("self.yaml", "a: &a [*a]\n");
    assert!(show(&documents, &found).contains("inside the value that it refers to"));

    // Each alias nests the last one deeper.
    let chain: String = (1..150).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1)).collect();
    let (documents, found) = read_file("chain.yaml", &format!("a0: &a0 [1]\n{chain}"));
    assert!(show(&documents, &found).contains("nested more than 100 deep"));
}
