//! Definitions with mistakes: everything that is wrong, once, in the order of the file, and nothing starts.

use super::{Ran, end, reviewed, run, warpline};
use serde_json::Value;

/// The code of each problem in the text for people.
fn codes_in_text(text: &str) -> Vec<String> {
    let head = |line: &str| Some(line.strip_prefix("error[")?.split_once(']')?.0.to_owned());
    text.lines().filter_map(head).collect()
}

/// The line and column of each problem in the text for people.
fn places_in_text(text: &str) -> Vec<(usize, usize)> {
    let place = |line: &str| {
        let mut parts = line.trim_start().strip_prefix("--> ")?.rsplit(':');
        let column = parts.next()?.parse().ok()?;
        Some((parts.next()?.parse().ok()?, column))
    };
    text.lines().filter_map(place).collect()
}

#[test]
fn every_mistake_is_told_once_in_the_order_of_the_file() {
    let Ran { code, stdout, stderr } = run(&["compile", "first_mistakes.yaml"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    reviewed("first_mistakes", &stderr);
    let places = places_in_text(&stderr);
    assert!(places.is_sorted(), "{places:?}");
    let mut once = places.clone();
    once.dedup();
    assert_eq!(once.len(), places.len());
    assert_eq!(places.len(), codes_in_text(&stderr).len());
}

#[test]
fn a_file_that_is_no_yaml_or_json_is_shown_at_its_line() {
    for name in ["syntax.yaml", "syntax.json"] {
        let ran = run(&["compile", name]);
        assert_eq!(ran.code, 1, "{name}");
        reviewed(name, &ran.stderr);
    }
}

#[test]
fn programs_get_the_same_problems_as_people() {
    let people = codes_in_text(&run(&["compile", "first_mistakes.yaml"]).stderr);
    let as_json = run(&["compile", "first_mistakes.yaml", "--output", "json"]);
    let as_sarif = run(&["compile", "first_mistakes.yaml", "--output", "sarif"]);
    assert_eq!((as_json.code, as_sarif.code), (1, 1));
    assert_eq!((as_json.stderr.as_str(), as_sarif.stderr.as_str()), ("", ""));
    let json: Value = serde_json::from_str(&as_json.stdout).expect("JSON");
    let sarif: Value = serde_json::from_str(&as_sarif.stdout).expect("JSON");
    let codes = |list: &Value, field: &str| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|problem| problem[field].as_str().expect("a code").to_owned()).collect()
    };
    assert_eq!(codes(&json, "code"), people);
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(codes(&sarif["runs"][0]["results"], "ruleId"), people);
}

#[test]
fn a_mistake_at_node_7_names_node_7() {
    for mistake in ["structure", "expression", "type"] {
        let name = format!("node_seven_{mistake}.yaml");
        let ran = run(&["check", &name]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("node node-7"), "{}", ran.stderr);
        assert_eq!(codes_in_text(&ran.stderr).len(), 1, "{}", ran.stderr);
        reviewed(&name, &ran.stderr);
    }
}

#[test]
fn nothing_is_fetched_for_a_definition_with_mistakes() {
    let cache = tempfile::tempdir().expect("a folder");
    let mut command = warpline(&["run", "node_seven_structure.yaml"]);
    command.env("WARPLINE_CACHE", cache.path()).env("PATH", "");
    let ran = end(command);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(std::fs::read_dir(cache.path()).expect("a folder").count(), 0);
}

#[test]
fn nothing_starts_for_a_definition_with_a_type_error() {
    let scratch = tempfile::tempdir().expect("a folder");
    let mut command = warpline(&["run", "node_seven_type.yaml"]);
    command.env("TMPDIR", scratch.path());
    let ran = end(command);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("node node-7"), "{}", ran.stderr);
    // A server and a worker would have left their logs here.
    assert_eq!(std::fs::read_dir(scratch.path()).expect("a folder").count(), 0);
}
