//! What is printed where: code, help, colours, and the forms in which definitions come.

use super::{definitions, end, reviewed, run, run_with, text_of, warpline};

#[test]
fn compile_prints_code_and_nothing_else() {
    let ran = run(&["compile", "greeting.yaml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    reviewed("greeting", &ran.stdout);
}

#[test]
fn code_goes_to_a_folder_with_its_source_map() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = run(&["compile", "greeting.yaml", "--out", &folder.path().display().to_string()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let code = std::fs::read_to_string(folder.path().join("greeting-workflow.ts")).expect("code");
    let printed = run(&["compile", "greeting.yaml"]).stdout;
    assert_eq!(code.replace("//# sourceMappingURL=greeting-workflow.ts.map\n", ""), printed);
    let map = std::fs::read_to_string(folder.path().join("greeting-workflow.ts.map")).expect("a map");
    let map: serde_json::Value = serde_json::from_str(&map).expect("JSON");
    assert_eq!(map["sources"], serde_json::json!(["greeting.yaml"]));
    assert!(map["names"].as_array().expect("names").contains(&"greet".into()), "{map}");
}

#[test]
fn a_definition_may_come_on_standard_input_or_as_the_builder_saved_it() {
    let piped = run_with(&["compile", "-"], &text_of("greeting.yaml"));
    assert_eq!((piped.code, piped.stdout), (0, run(&["compile", "greeting.yaml"]).stdout));
    let exported = run(&["compile", "builder_export.json"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    reviewed("builder_export", &exported.stdout);
}

#[test]
fn the_same_definition_prints_the_same_code_wherever_its_parts_stand() {
    let export: serde_json::Value = serde_json::from_str(&text_of("builder_export.json")).expect("JSON");
    let mut turned = export.clone();
    for list in ["nodes", "edges"] {
        turned[list].as_array_mut().expect("a list").reverse();
    }
    turned["nodes"][0]["position"]["x"] = 400.into();
    assert_eq!(run_with(&["compile", "-"], &turned.to_string()).stdout, run(&["compile", "builder_export.json"]).stdout);
}

#[test]
fn a_fine_definition_is_said_to_be_fine() {
    let ran = run(&["check", "greeting.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("GreetingWorkflow is fine"), "{}", ran.stderr);
}

#[test]
fn colours_are_for_terminals_or_for_who_asks() {
    let colored = |arguments: &[&str], no_color: &str| {
        let mut command = warpline(&[&["compile", "node_seven_structure.yaml"], arguments].concat());
        command.env("NO_COLOR", no_color);
        end(command).stderr.contains('\u{1b}')
    };
    assert!(!colored(&[], ""));
    assert!(!colored(&[], "1"));
    assert!(!colored(&["--color", "never"], ""));
    assert!(colored(&["--color", "always"], ""));
    assert!(colored(&["--color", "always"], "1"));
}

#[test]
fn help_says_what_a_command_does_and_how_it_ends() {
    for command in [None, Some("compile"), Some("check"), Some("run"), Some("dev"), Some("tools")] {
        let arguments: Vec<&str> = command.into_iter().chain(["--help"]).collect();
        let mut program = warpline(&arguments);
        program.env("COLUMNS", "100");
        let ran = end(program);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        reviewed(&format!("help_{}", command.unwrap_or("warpline")), &ran.stdout);
    }
}

#[test]
fn the_first_workflow_of_the_readme_is_fine() {
    let readme = std::fs::read_to_string(definitions().join("../../../README.md")).expect("a README");
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
    let workflow = blocks.filter(|block| block.starts_with("name: ")).last().expect("README.md shows a workflow of one's own");
    let ran = run_with(&["check", "-"], workflow);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
