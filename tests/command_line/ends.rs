//! The exit codes that `warpline --help` documents, each reached.

use super::{Ran, end, run, warpline};

#[test]
fn zero_when_a_workflow_has_ended_well() {
    let Ran { code, stdout, stderr } = run(&["run", "greeting.yaml", "--input", r#"{"name": "Ada"}"#]);
    assert_eq!(code, 0, "{stderr}");
    let result: serde_json::Value = serde_json::from_str(&stdout).expect("a result in JSON");
    assert_eq!(result, serde_json::json!(["Hello Ada!", "Hello Ada!", "Hello Ada!"]));
}

#[test]
fn one_when_a_definition_has_errors() {
    for command in ["compile", "check", "run"] {
        assert_eq!(run(&[command, "node_seven_structure.yaml"]).code, 1, "{command}");
    }
}

#[test]
fn two_when_the_command_line_is_wrong() {
    let cases: [(&[&str], &str); 7] = [
        (&[], "Usage: warpline"),
        (&["compile"], "<FILE>"),
        (&["compile", "--unknwon", "greeting.yaml"], "--unknwon"),
        (&["chekc", "greeting.yaml"], "check"),
        (&["compile", "greeting.yaml", "--output", "xml"], "sarif"),
        (&["compile", "greeting.yaml", "--workflow", "GreetingWorkflw"], "did you mean `GreetingWorkflow`?"),
        (&["run", "greeting.yaml", "--input", "{name: Ada}"], "the input is no JSON"),
    ];
    for (arguments, said) in cases {
        let ran = run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn three_when_the_machine_lacks_something() {
    let missing = run(&["compile", "not-there.yaml"]);
    assert_eq!(missing.code, 3);
    assert!(missing.stderr.contains("cannot read not-there.yaml"), "{}", missing.stderr);

    let cache = tempfile::tempdir().expect("a folder");
    let mut command = warpline(&["check", "greeting.yaml"]);
    command.env("WARPLINE_CACHE", cache.path()).env("PATH", "");
    let without_npm = end(command);
    assert_eq!(without_npm.code, 3);
    assert!(without_npm.stderr.contains("npm is needed and not found"), "{}", without_npm.stderr);
}

#[test]
fn four_when_a_workflow_has_not_ended_well() {
    let ran = run(&["run", "ends_badly.yaml"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("the order has no lines"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn programs_are_told_in_json_why_a_command_failed() {
    let ran = run(&["compile", "not-there.yaml", "--output", "json"]);
    let said: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""));
    assert!(said["error"].as_str().expect("a message").starts_with("cannot read not-there.yaml"));
}
