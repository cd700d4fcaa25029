//! One file a language feature: a definition goes in; the TypeScript and the diagnostics that come out stand beside it in a snapshot.
//! Read a snapshot as documentation; review a changed one with `cargo insta review`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::path::Path;
use warpline::compile::compile;
use warpline::definition::{self, SourceFile};
use warpline::diagnostic::{Code, Diagnostic, JsonPath, Report, render};

/// insta counts the failures of one folder at a time.
static ONE_FOLDER: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// The snapshot's text: the definition, what was found, what was generated.
fn compiled(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let report = Report::new();
    let documents = definition::read(vec![SourceFile { name, text: text.clone() }], &report);
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
    let output = compile(&documents.workflows, &modules, &report);
    let located = Report::new();
    located.extend(report.into_found().into_iter().map(|found| documents.locate(found)));
    let diagnostics = located.into_sorted();
    let rendered = render::text(&diagnostics, &|file| documents.text_of(file).map(str::to_owned), false);
    let mut parts = vec![format!("--- definition\n{}", text.trim_end())];
    if !diagnostics.is_empty() {
        parts.push(format!("--- diagnostics\n{}", rendered.trim_end()));
    }
    parts.extend(output.files.iter().map(|file| format!("--- {}\n{}", file.path, file.printed.text.trim_end())));
    parts.join("\n\n")
}

#[test]
fn every_definition_compiles_to_what_was_reviewed() {
    let _one = ONE_FOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::glob!("definitions/*.yaml", |path| insta::assert_snapshot!(compiled(path)));
    });
}

/// What runs is that TypeScript without its types, and tells a recorder where it is: each node's beginning and end, each await, each round.
#[test]
fn every_script_tells_where_it_is() {
    let _one = ONE_FOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::glob!("definitions/*.yaml", |path| insta::assert_snapshot!(scripts(path)));
    });
}

fn scripts(path: &Path) -> String {
    let report = Report::new();
    let text = std::fs::read_to_string(path).unwrap();
    let documents = definition::read(vec![SourceFile { name: "d.yaml".into(), text }], &report);
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
    let output = compile(&documents.workflows, &modules, &report);
    let scripts = output.workflows.iter().map(|workflow| {
        let file = output.files.iter().find(|file| file.path == workflow.path).unwrap();
        format!("--- {}.js\n{}", workflow.workflow_type, warpline::version::script(file, workflow).unwrap().text.trim_end())
    });
    scripts.collect::<Vec<_>>().join("\n\n")
}

/// Every mapping of generated code leads to a place in the file, and what stands there is what the mapping means.
#[test]
fn generated_lines_lead_back_to_node_and_expression() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile/definitions/while_by_edges.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let report = Report::new();
    let documents = definition::read(vec![SourceFile { name: "d.yaml".into(), text: text.clone() }], &report);
    let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
    let output = compile(&documents.workflows, &modules, &report);
    let file = output.files.iter().find(|file| file.path == "while-by-edges-workflow.ts").unwrap();
    let mut found = Vec::new();
    for mapping in &file.printed.mappings {
        let line = file.printed.text.lines().nth(mapping.line as usize).unwrap_or_default();
        let generated: String = line.chars().skip(mapping.column as usize).take_while(|c| c.is_alphanumeric()).collect();
        let at = file.locate(Diagnostic::error(Code::TYPE, &JsonPath::root(), ""), mapping.line, mapping.column);
        let (node, place) = (at.node.clone(), documents.locate(at).location.unwrap());
        found.push((generated, node, text[place.span].to_owned()));
    }
    let leads = |generated: &str, node: &str, written: &str| {
        found.iter().any(|(g, n, w)| g == generated && n.as_deref() == Some(node) && w == written)
    };
    assert!(leads("state", "more", "state"), "{found:?}");
    assert!(leads("limit", "more", "input.limit"), "{found:?}");
    assert!(leads("id", "two", "input.id"), "{found:?}");

    // The scripts that run say the node of each call, also where no string of the definition stands for it.
    let workflow = &output.workflows[0];
    let script = warpline::version::script(file, workflow).unwrap();
    let map: serde_json::Value = serde_json::from_str(&warpline::version::source_map(&script, file)).unwrap();
    let map = sourcemap::SourceMap::from_reader(map.to_string().as_bytes()).unwrap();
    let node_of = |call: &str| {
        let (line, text) = script.text.lines().enumerate().find(|(_, text)| text.contains(&format!(" {call}("))).unwrap();
        let (line, column) = (u32::try_from(line).unwrap(), u32::try_from(text.find(&format!("{call}(")).unwrap()).unwrap());
        map.lookup_token(line, column).filter(|token| token.get_dst_line() == line).and_then(|token| token.get_name()).map(str::to_owned)
    };
    assert_eq!([node_of("doTwo").as_deref(), node_of("doLong").as_deref()], [Some("two"), Some("after")], "{}", script.text);
}

/// The order of the arrays in a file, and where nodes stand on the canvas, never change what is generated.
#[test]
fn order_and_positions_never_matter() {
    for name in ["join_after_branches", "loops", "parallel", "checkpoint"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/compile/definitions/{name}.yaml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let generated = |text: String| {
            let report = Report::new();
            let documents = definition::read(vec![SourceFile { name: "d.yaml".into(), text }], &report);
            let modules: Vec<_> = documents.modules.iter().map(|module| (module.clone(), None)).collect();
            let output = compile(&documents.workflows, &modules, &report);
            output.files.into_iter().map(|file| file.printed.text).collect::<Vec<_>>()
        };
        let is_item = |line: &&str, key: &str| line.trim_start().starts_with("- {") && line.contains(key);
        let mut lines: Vec<&str> = text.lines().collect();
        let edges: Vec<usize> =
            (0..lines.len()).filter(|&at| is_item(&lines[at], "source:") && lines[at].starts_with("      - {")).collect();
        for (a, b) in edges.iter().zip(edges.iter().rev()).take(edges.len() / 2) {
            lines.swap(*a, *b);
        }
        let turned = lines.join("\n").replace("{id: start, type: trigger", "{id: start, position: {x: 7, y: 9}, width: 3, type: trigger");
        assert_ne!(turned, text);
        assert_eq!(generated(turned), generated(text), "{name}");
    }
}

#[test]
fn every_mistake_is_shown_where_it_is() {
    let _one = ONE_FOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::glob!("mistakes/*.yaml", |path| insta::assert_snapshot!(compiled(path)));
    });
}
