//! Types: declarations, type expressions, signatures, `.d.ts` files, JSON Schemas, and what is known of their structure.

use super::marked;
use super::show::ty;
use crate::compile::expr::{self, Field, Function, Import, Reexport, Shape, Shapes, Types, to_type};
use crate::compile::origin::Sources;
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use serde_json::json;
use std::cell::RefCell;

fn types(text: &str) -> (Types, Vec<Diagnostic>) {
    let report = Report::new();
    let read = expr::types(text, &JsonPath::root().key("types"), &RefCell::default(), &report);
    (read, report.into_sorted())
}

fn type_of(json: &serde_json::Value) -> Result<(String, Shape), Vec<Diagnostic>> {
    let (report, sources) = (Report::new(), RefCell::new(Sources::default()));
    match expr::type_of(json, &JsonPath::root().key("input"), Some("node"), &sources, &report) {
        Some((read, shape)) => Ok((ty(&read), shape)),
        None => Err(report.into_sorted()),
    }
}

fn schema(json: &serde_json::Value) -> Result<String, Vec<Diagnostic>> {
    let report = Report::new();
    match expr::from_json_schema(json, &JsonPath::root().key("input"), &report) {
        Some((read, _)) => Ok(ty(&read)),
        None => Err(report.into_sorted()),
    }
}

fn shown(shape: Option<Shape>) -> String {
    shape.map_or("-".to_owned(), |shape| ty(&to_type(&shape)))
}

const STATE: &str = "\
import type { BuildResult, Report } from 'build-activities';
import { type Other } from './other';
/** One package. */
interface Package { name: string; tags?: string[]; 'build-status': 'pending' | 'done'; readonly layer: number }
export interface State extends Base<Package> {
  queue: Package[]; // what is left
  children: Map<string, { id: string }>;
  seen: Set<string>;
  current?: Package | null;
  log(message: string): void;
}
interface Base<T> { items: T[]; first: T | undefined; queue: never }
type Both = State & { extra: Promise<number> };
type Part = Pick<State, 'queue' | 'seen'>;
type Few = Partial<Omit<Package, 'name'>>;
type ByName = Record<string, Package>;
type Loop = Loop | string;
type Pair = [name: string, layer?: number];
";

#[test]
fn declarations_of_types_are_printed_and_understood() {
    let (read, found) = types(STATE);
    assert_eq!(found, []);
    let imports: Vec<_> = read.imports.iter().map(|(names, from, _)| (names.join(","), from.as_str())).collect();
    assert_eq!(imports, [("BuildResult,Report".to_owned(), "build-activities"), ("Other".to_owned(), "./other")]);
    assert!(!read.code.text.contains("import"), "{}", read.code.text);
    assert!(read.code.text.contains("/** One package. */\ninterface Package {\n  name: string;"), "{}", read.code.text);
    let shapes = &read.shapes;
    let named = |name: &str| Shape::Named(name.into(), Vec::new());
    for (of, field, expected) in [
        ("Package", "name", "string"),
        ("Package", "tags", "string[] | undefined"),
        ("Package", "build-status", "pending | done"),
        ("State", "queue", "Package[]"),
        ("State", "items", "Package[]"),
        ("State", "first", "Package | undefined"),
        ("State", "children", "Map<string, {id: string}>"),
        ("State", "log", "Function"),
        ("State", "nothing", "-"),
        ("Both", "seen", "Set<string>"),
        ("Both", "extra", "Promise<number>"),
        ("Part", "queue", "Package[]"),
        ("Part", "children", "-"),
        ("Few", "layer", "number | undefined"),
        ("Few", "name", "-"),
        ("ByName", "anything", "Package"),
        ("Loop", "x", "-"),
    ] {
        assert_eq!(shown(shapes.field(&named(of), field)), expected, "{of}.{field}");
    }
    assert_eq!(shown(shapes.element(&named("Pair"))), "string | number | undefined");
    let fields = shapes.fields(&named("State")).unwrap_or_default();
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["items", "first", "queue", "children", "seen", "current", "log"]);
}

#[test]
fn declarations_that_are_no_types_are_refused() {
    for (text, code, mark, advice) in [
        ("enum Phase { PLAN }", Code::FORBIDDEN, "enum Phase { PLAN }", "union"),
        ("const enum Phase { PLAN }", Code::FORBIDDEN, "const enum Phase { PLAN }", "union"),
        ("function f() {}", Code::FORBIDDEN, "function f() {}", "`helpers`"),
        ("class A {}", Code::FORBIDDEN, "class A {}", "interface"),
        ("import {A} from 'a'", Code::FORBIDDEN, "import {A} from 'a'", "import type"),
        ("import type A from 'a'", Code::FORBIDDEN, "A", "import type"),
        ("import type {A as B} from 'a'", Code::FORBIDDEN, "A as B", "import type"),
        ("import 'a'", Code::FORBIDDEN, "import 'a'", "import type"),
        ("fetch('x')", Code::FORBIDDEN, "fetch('x')", "interfaces"),
        ("declare module 'fs' {}", Code::FORBIDDEN, "declare module 'fs' {}", "interfaces"),
        ("type A = import('fs').Stats", Code::FORBIDDEN, "import('fs').Stats", "import type"),
        ("interface A {", Code::TYPE_SYNTAX, "", ""),
    ] {
        let (read, found) = types(text);
        let Some(error) = found.first() else { panic!("{text} was accepted") };
        assert_eq!((error.code, marked(error)), (code, mark), "{text}: {error:?}");
        assert!(error.suggestion.as_deref().unwrap_or_default().contains(advice), "{text}: {error:?}");
        assert_eq!(read.code.text, "", "{text}");
    }
}

#[test]
fn a_type_is_a_string_or_a_map() {
    for (json, expected) in [
        (json!("number"), "number"),
        (json!(" Array<{ a: string, b?: 'x' | 2 }> "), "Array<{ a: string; b?: 'x' | 2; }>"),
        (json!("[a: string, b?: number, ...boolean[]]"), "[a: string, b?: number, ...boolean[]]"),
        (json!("PackageBuildInput // what it builds"), "PackageBuildInput"),
        (
            json!({"queueLength": "number", "nested": {"a?": "string[]", "b-c": "X"}}),
            "{queueLength: number; nested: {a?: string[]; b-c: X}}",
        ),
        (json!({}), "{}"),
    ] {
        assert_eq!(type_of(&json).map(|(text, _)| text), Ok(expected.to_owned()), "{json}");
    }
    let field = |name: &str, optional, shape| Field { name: name.into(), optional, shape };
    let text = Shape::Primitive("string".into());
    assert_eq!(
        type_of(&json!({"a?": "string", "b": "Set<X>"})).map(|(_, shape)| shape),
        Ok(Shape::Object(vec![field("a", true, text), field("b", false, Shape::Set(Box::new(Shape::Named("X".into(), vec![]))))])),
    );
    for (json, code, place, mark) in [
        (json!(1), Code::SHAPE, "input", ""),
        (json!(["string"]), Code::SHAPE, "input", ""),
        (json!({"a": {"b": null}}), Code::SHAPE, "input.a.b", ""),
        (json!("string["), Code::TYPE_SYNTAX, "input", ""),
        (json!("Map<string, ]>"), Code::TYPE_SYNTAX, "input", "]"),
        (json!(""), Code::TYPE_SYNTAX, "input", ""),
        (json!("string; interface X {}"), Code::TYPE_SYNTAX, "input", "interface X {}"),
        (json!("string\nfetch('x')"), Code::TYPE_SYNTAX, "input", "fetch('x')"),
        (json!({"a": "import('fs').Stats"}), Code::FORBIDDEN, "input.a", "import('fs').Stats"),
    ] {
        let found = type_of(&json).err().unwrap_or_default();
        let Some(error) = found.first() else { panic!("{json} was accepted") };
        assert_eq!((error.code, error.path.to_string().as_str(), marked(error)), (code, place, mark), "{json}: {error:?}");
    }
}

#[test]
fn a_signature_names_parameters_and_result() {
    let report = Report::new();
    let read = |text: &str| expr::signature(text, &JsonPath::root(), &RefCell::default(), &report);
    let Some((printed, function)) =
        read("(input: {workspaceRoot: string, packagePath?: string}, retries?: number) => Promise<BuildResult>")
    else {
        panic!("{report:?}")
    };
    assert_eq!(ty(&printed), "(input: { workspaceRoot: string; packagePath?: string; }, retries?: number) => Promise<BuildResult>");
    let params: Vec<_> = function.params.iter().map(|param| (param.name.as_str(), param.optional)).collect();
    assert_eq!(params, [("input", false), ("retries", true)]);
    assert_eq!(shown(Some(function.ret)), "Promise<BuildResult>");
    assert_eq!(read("string"), None);
    assert_eq!(read("<T>(a: T) => T"), None);
    assert_eq!(read("(a: string) =>"), None);
    assert_eq!(report.errors(), 3);
}

#[test]
fn a_declaration_file_tells_what_it_exports() {
    let read = expr::declarations(
        "import { Shared } from './shared';
         import type * as All from 'all';
         export * from './more';
         export { a as b } from './other';
         export interface BuildInput { workspaceRoot: string; packagePath: string }
         interface Hidden { x: number }
         export type Result = { success: boolean } | Hidden;
         export declare class Failure extends Error { code: string }
         export declare function runBuild(input: BuildInput, dry?: boolean): Promise<Result>;
         export declare function runBuild(input: string): Promise<Result>;
         export declare const publish: (input: BuildInput) => Promise<void>;
         export declare const VERSION: string;
         declare function local({ a }: { a: string }): Promise<Shared>;
         export { local as renamed, Hidden as Shown };
         export default function (): void;
         declare module 'x' { export function no(): void }",
    );
    let Ok(read) = read else { panic!("{read:?}") };
    let functions: Vec<_> = read.functions.iter().map(describe).collect();
    assert_eq!(
        functions,
        [
            "runBuild(input: BuildInput, dry?: boolean): Promise<Result>",
            "publish(input: BuildInput): Promise<void>",
            "renamed(: {a: string}): Promise<Shared>",
            "default(): void",
        ]
    );
    assert_eq!(read.types, ["BuildInput", "Result", "Failure", "Shown"]);
    assert_eq!(shown(read.shapes.field(&Shape::Named("BuildInput".into(), vec![]), "packagePath")), "string");
    let pair = |there: &str, here: &str| (there.to_owned(), here.to_owned());
    assert_eq!(
        read.reexports,
        [Reexport { names: None, from: "./more".into() }, Reexport { names: Some(vec![pair("a", "b")]), from: "./other".into() },]
    );
    assert_eq!(read.imports.first(), Some(&Import { names: vec![pair("Shared", "Shared")], from: "./shared".into() }));
    let error = expr::declarations("export declare function (").err();
    assert!(error.is_some_and(|error| !error.message.is_empty()));
}

fn describe(function: &Function) -> String {
    let params = function
        .params
        .iter()
        .map(|param| format!("{}{}: {}", param.name, if param.optional { "?" } else { "" }, shown(Some(param.shape.clone()))));
    format!("{}({}): {}", function.name, params.collect::<Vec<_>>().join(", "), shown(Some(function.ret.clone())))
}

#[test]
fn a_json_schema_becomes_a_type() {
    for (json, expected) in [
        (json!({"type": "string"}), "string"),
        (json!({"type": ["integer", "null"]}), "number | null"),
        (json!({"type": "string", "nullable": true}), "string | null"),
        (json!({"enum": ["a", "it's", 2, null]}), "a | it's | 2 | null"),
        (json!({"const": true}), "true"),
        (json!({"type": "array", "items": {"type": "number"}}), "number[]"),
        (json!({"type": "array", "prefixItems": [{"type": "string"}, true]}), "[string, unknown]"),
        (json!({"type": "object"}), "Record<string, unknown>"),
        (json!({"additionalProperties": {"type": "number"}}), "Record<string, number>"),
        (json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b c": {}}}), "{a: string; b c?: unknown}"),
        (json!({"oneOf": [{"type": "string"}, {"$ref": "#/$defs/A"}], "$defs": {"A": {"type": "boolean"}}}), "string | boolean"),
        (
            json!({"allOf": [{"$ref": "#/definitions/A"}, {"properties": {"b": {"const": 1}}}], "definitions": {"A": {"properties": {"a": {}}}}}),
            "{a?: unknown; b?: 1}",
        ),
        (json!(true), "unknown"),
    ] {
        assert_eq!(schema(&json), Ok(expected.to_owned()), "{json}");
    }
    for (json, code, place) in [
        (json!({"type": "strin"}), Code::INVALID_VALUE, "input.type"),
        (json!({"properties": {"a": {"$ref": "#/$defs/B"}}}), Code::INVALID_VALUE, "input.properties.a.$ref"),
        (json!({"properties": {"a": {"$ref": "#"}}}), Code::INVALID_VALUE, "input.properties.a.$ref"),
        (json!({"enum": []}), Code::SHAPE, "input.enum"),
        (json!(3), Code::SHAPE, "input"),
        (json!({"allOf": [{"type": "string"}, {"type": "number"}]}), Code::INVALID_VALUE, "input.allOf"),
    ] {
        let found = schema(&json).err().unwrap_or_default();
        let Some(error) = found.first() else { panic!("{json} was accepted") };
        assert_eq!((error.code, error.path.to_string().as_str()), (code, place), "{json}: {error:?}");
        assert!(error.suggestion.is_some(), "{json}");
    }
}

#[test]
fn literals_and_member_chains_tell_their_type() {
    let (read, _) = types(STATE);
    let infer = |text: &str| {
        let (expr, found) = super::value(&json!({"$expr": text}));
        let Some(expr) = expr else { panic!("{text}: {found:?}") };
        let roots = |name: &str| match name {
            "state" => Some(Shape::Named("State".into(), vec![])),
            "input" => Some(Shape::Named("Package".into(), vec![])),
            _ => None,
        };
        ty(&to_type(&expr::infer(&expr, &roots, &read.shapes)))
    };
    for (text, expected) in [
        ("'PLAN'", "string"),
        ("'PLAN' as const", "PLAN"),
        ("42", "number"),
        ("null", "null"),
        ("[]", "unknown[]"),
        ("[1, 'a']", "number | string[]"),
        ("new Map()", "Map<unknown, unknown>"),
        ("new Map<string, number[]>()", "Map<string, number[]>"),
        ("new Map([['a', 1]])", "Map<string | number, string | number>"),
        ("new Set(['a'])", "Set<string>"),
        (
            "{a: 1, b: {c: [true]}, ...input}",
            "{a: number; b: {c: boolean[]}; name: string; tags?: string[]; build-status: pending | done; layer: number}",
        ),
        ("state.queue", "Package[]"),
        ("state.queue.length", "number"),
        ("state.queue[0].name", "string"),
        ("state.queue.map(p => ({name: p.name, ready: !p.tags}))", "{name: string; ready: boolean}[]"),
        ("state.queue.map(({name, layer: [x]}) => name)", "string[]"),
        ("state.queue.filter(p => p.layer > 1).find(p => true)?.name", "string | undefined"),
        ("state.children.get('x')?.id ?? 'none'", "string"),
        ("state.children.size + 1", "number"),
        ("`${input.name}!`", "string"),
        ("input.name.split('/')[1]", "string"),
        ("state.queue.length > 0 && input.name", "string"),
        ("input.layer ? 1 : 'x'", "number | string"),
        ("Object.keys(input)", "string[]"),
        ("Date.now()", "number"),
        ("new Date().toISOString()", "string"),
        ("input.nothing", "unknown"),
        ("input as State", "State"),
        ("hasWork(state)", "unknown"),
    ] {
        assert_eq!(infer(text), expected, "{text}");
    }
}

#[test]
fn types_that_double_at_every_name_end() {
    let levels =
        (0..40).map(|level| format!("type A{level}<T> = A{}<[T, T]> | B{level}; type B{level} = A{}<string>;\n", level + 1, level + 1));
    let (read, found) = types(&levels.collect::<String>());
    assert_eq!(found, []);
    assert_eq!(read.shapes.field(&Shape::Named("B0".into(), vec![]), "x"), None);
    let mut definitions = serde_json::Map::new();
    for level in 0..30 {
        let next = json!({"$ref": format!("#/$defs/L{}", level + 1)});
        definitions.insert(format!("L{level}"), json!({"properties": {"a": next, "b": next}}));
    }
    definitions.insert("L30".into(), json!({"type": "string"}));
    let found = schema(&json!({"$ref": "#/$defs/L0", "$defs": definitions})).err().unwrap_or_default();
    assert!(found.iter().any(|error| error.message.contains("too large")), "{found:?}");
}

#[test]
fn shapes_that_refer_to_themselves_end() {
    let mut shapes = Shapes::default();
    shapes.insert("A", Shape::Named("B".into(), vec![]));
    shapes.insert("B", Shape::Named("A".into(), vec![]));
    shapes.insert("Tree", Shape::Object(vec![Field { name: "next".into(), optional: true, shape: Shape::Named("Tree".into(), vec![]) }]));
    assert_eq!(shapes.resolve(&Shape::Named("A".into(), vec![])), Shape::Unknown);
    assert_eq!(shown(shapes.field(&Shape::Named("Tree".into(), vec![]), "next")), "Tree | undefined");
}
