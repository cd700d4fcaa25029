//! Helpers: what is accepted, how it is printed and mapped, what is refused.

use super::marked;
use crate::compile::expr::{Function, Helpers, Shape, helpers};
use crate::compile::origin::Sources;
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use std::cell::RefCell;

fn read(text: &str) -> (Helpers, Vec<Diagnostic>, Sources) {
    let sources = RefCell::new(Sources::default());
    let report = Report::new();
    let known = ["markCompleted".to_owned()];
    let read = helpers(text, &JsonPath::root().key("helpers"), &known, &sources, &report);
    (read, report.into_sorted(), sources.into_inner())
}

const GOOD: &str = "\
/** Packages that are left. */
function hasUnbuiltPackages(state: State): boolean {
    // Pending ones count.
    return state.packages.some((pkg) => pkg.buildStatus === \"pending\")
}
const LAYERS = { core: 0, 'ui-kit': 1 }
const categoryToLayer = (category: string, fallback?: number): number => LAYERS[category as 'core'] ?? fallback ?? 9;
function markAll(state: State, ...names: string[]) {
    for (const name of names) { markCompleted(state, { name, id: crypto.randomUUID(), at: Date.now() }); }
    let count = 0;
    while (count < 3) count++;
    try { JSON.parse('x') } catch (error) { throw new Error(`größe ${String(error)} 𝒳`) }
    switch (count) { case 1: return 1; default: return names.length }
}
";

#[test]
fn helpers_are_printed_from_their_tree() {
    let (read, found, _) = read(GOOD);
    assert_eq!(found, []);
    let text = &read.code.text;
    for part in [
        "/** Packages that are left. */\nfunction hasUnbuiltPackages(state: State): boolean {\n  // Pending ones count.\n  return",
        "pkg.buildStatus === 'pending'",
        "id: uuid4(),",
        "`größe ${String(error)} 𝒳`",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(text.ends_with('\n'));
    let names: Vec<_> = read.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["hasUnbuiltPackages", "categoryToLayer", "markAll"]);
    let layer: Option<&Function> = read.functions.get(1);
    let params = layer.map(|function| function.params.iter().map(|param| (param.name.as_str(), param.optional)).collect::<Vec<_>>());
    assert_eq!(params, Some(vec![("category", false), ("fallback", true)]));
    assert_eq!(layer.map(|function| function.ret.clone()), Some(Shape::Primitive("number".into())));
}

#[test]
fn every_printed_name_is_mapped_to_where_it_was_written() {
    let (read, _, sources) = read(GOOD);
    let lines: Vec<&str> = read.code.text.lines().collect();
    let mut words = 0;
    for (line, column, origin) in &read.code.mappings {
        let printed: String = lines.get(*line as usize).copied().unwrap_or_default().chars().collect();
        let units: Vec<u16> = printed.encode_utf16().skip(*column as usize).collect();
        let printed = String::from_utf16_lossy(&units);
        let source = sources.get(origin.source).map(|source| source.text.as_str()).unwrap_or_default();
        let written = source.get(origin.start as usize..origin.end as usize);
        let Some(written) = written else { panic!("{origin:?} is not on character boundaries") };
        if written.starts_with(char::is_alphabetic) && !matches!(written, "crypto" | "switch") {
            words += 1;
            assert!(printed.starts_with(written), "{written} became {printed}");
        }
    }
    assert!(words > 50, "only {words} words are mapped");
    assert!(read.code.mappings.is_sorted_by_key(|(line, column, _)| (*line, *column)));
}

#[test]
fn helpers_that_are_not_pure_are_refused() {
    for (text, mark, advice) in [
        ("async function f() {}", "async", "already awaited"),
        ("const f = async () => 1", "async", "already awaited"),
        ("function* f() { yield 1 }", "f", "array"),
        ("class A {}", "class A {}", "plain objects"),
        ("function f() { return this }", "this", "parameter"),
        ("function f() { return import('fs') }", "import('fs')", "activity"),
        ("import fs from 'fs'", "import fs from 'fs'", "activity"),
        ("export function f() {}", "export function f() {}", "leave `export` out"),
        ("enum A { B }", "enum A { B }", "union"),
        ("let cache = 1", "let cache = 1", "state"),
        ("f()", "f()", "function"),
        ("for (;;) {}", "for (;;) {}", "function"),
        ("namespace A { export const b = 1 }", "namespace A { export const b = 1 }", "function"),
        ("declare function f(): void", "declare function f(): void", "body"),
        ("function f(a: string): void; function f(a: any) {}", "function f(a: string): void;", "body"),
        ("function f() { return fetch('x') }", "fetch", "activity"),
        ("function f() { return globalThis }", "globalThis", "globals"),
        ("function f(a) { return a.constructor }", "constructor", "fields"),
        ("function f(a) { return a['__proto__'] }", "'__proto__'", "fields"),
        ("function f({constructor: c}) { return c }", "constructor", "fields"),
        ("function f(a) { let c; ({constructor: c} = a); return c }", "constructor", "fields"),
        ("function f(a) { let prototype; ({prototype} = a) }", "prototype", "fields"),
        ("function f() { return {__proto__: null} }", "__proto__", "fields"),
        ("function f() { debugger }", "debugger", "leave"),
        ("function f() { return 10n }", "10n", "string"),
        ("const now = Date.now()", "Date", "function"),
        ("const luck = Math.random()", "Math.random", "function"),
        ("type A = import('fs').Stats; function f() {}", "import('fs').Stats", "import type"),
        ("function f() { return arguments }", "arguments", "name the parameters"),
    ] {
        let (read, found, _) = read(text);
        let Some(error) = found.first() else { panic!("{text} was accepted") };
        assert_eq!((error.code, marked(error).trim()), (Code::FORBIDDEN, mark), "{text}: {error:?}");
        assert!(error.suggestion.as_deref().is_some_and(|given| given.contains(advice)), "{text}: {error:?}");
        assert_eq!(read.code.text, "", "{text}");
    }
}

#[test]
fn helpers_see_their_own_names_and_globals_only() {
    for (text, mark, advice) in [
        ("function f() { return state.queue }", "state", "make it a parameter"),
        ("function f(items) { return itmes.length }", "itmes", "`items`"),
        ("function total() {} function f() { return totl() }", "totl", "`total`"),
        ("function f() { return Maht.max(1) }", "Maht", "`Math`"),
    ] {
        let (_, found, _) = read(text);
        let Some(error) = found.first() else { panic!("{text} was accepted") };
        assert_eq!((error.code, marked(error)), (Code::UNKNOWN_NAME, mark), "{text}");
        assert!(error.suggestion.as_deref().is_some_and(|given| given.contains(advice)), "{text}: {error:?}");
    }
}

#[test]
fn helpers_that_cannot_be_parsed_say_where() {
    for (text, mark) in [("function f( {", ""), ("function f() { return 1", ""), ("const a = 1; const a = 2;", "a"), ("function f() {", "")]
    {
        let (_, found, _) = read(text);
        let Some(error) = found.first() else { panic!("{text} was accepted") };
        assert_eq!((error.code, marked(error)), (Code::TYPE_SYNTAX, mark), "{text}: {error:?}");
    }
}
