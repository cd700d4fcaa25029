//! No string, however strange, panics, exhausts the stack or leaves the text that it was given.

use super::{expression, show, target, value};
use crate::compile::expr;
use crate::compile::origin::Sources;
use crate::compile::ts::{ArrowBody, Expr, ExprKind, Item, Prop};
use crate::diagnostic::{JsonPath, Report};
use proptest::prelude::*;
use serde_json::json;
use std::cell::RefCell;

/// Gives `text` to everything that reads strings.
fn everywhere(text: &str) {
    let (report, sources) = (Report::new(), RefCell::new(Sources::default()));
    let path = JsonPath::root();
    let _ = (expression(text), target(text));
    let (_, mut found) = value(&json!([text, {"$expr": text}, {"$literal": text}]));
    expr::helpers(text, &path, &[], &sources, &report);
    expr::types(text, &path, &sources, &report);
    expr::type_of(&json!({ "a": text }), &path, None, &sources, &report);
    expr::signature(text, &path, &sources, &report);
    let _ = expr::declarations(text);
    found.extend(report.into_sorted());
    for excerpt in found.into_iter().filter_map(|found| found.excerpt) {
        assert!(excerpt.text.get(excerpt.span.clone()).is_some(), "{:?} is no part of {}", excerpt.span, excerpt.text);
    }
}

/// Bits of code that go wrong in interesting ways when they are put together.
pub(super) fn bits() -> impl Strategy<Value = String> {
    let bit = prop::sample::select(vec![
        "input",
        "state",
        ".",
        "?.",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "=>",
        "`",
        "${",
        "'",
        "\"",
        "/",
        "//",
        "/*",
        "*/",
        ",",
        ";",
        ":",
        "=",
        "+",
        "-",
        "!",
        "...",
        "a",
        "b",
        "1",
        " ",
        "\n",
        "\\",
        "async ",
        "await ",
        "function ",
        "class ",
        "new ",
        "import(",
        "type ",
        "interface ",
        "const ",
        "let ",
        "return ",
        "if ",
        "else ",
        "for ",
        "as ",
        "<",
        ">",
        "extends ",
        "export ",
        "*",
        "@",
        "#",
        "𝒳",
        "é",
        "\u{2028}",
        "\u{feff}",
        "\0",
        "\r",
        "</script>",
        "<!--",
        "constructor",
        "__proto__",
        "satisfies ",
        "typeof ",
        "keyof ",
        "?",
        "|",
        "&",
    ]);
    prop::collection::vec(bit, 0..24).prop_map(|bits| bits.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_string_panics(text in any::<String>()) {
        everywhere(&text);
    }

    #[test]
    fn no_mixture_of_code_panics(text in bits()) {
        everywhere(&text);
    }

    #[test]
    fn a_literal_is_the_string_that_was_given(text in any::<String>()) {
        let (expr, found) = value(&json!({ "$literal": text }));
        prop_assert_eq!(found, vec![]);
        prop_assert_eq!(expr.map(|expr| expr.kind), Some(ExprKind::Str(text)));
    }

    #[test]
    fn what_is_taken_as_text_is_the_string_that_was_given(text in bits()) {
        if let (Some(Expr { kind: ExprKind::Str(taken), .. }), _) = value(&json!(text))
            && expression(&text).as_deref() != Ok(&format!("{taken:?}"))
        {
            prop_assert_eq!(taken, text);
        }
    }
}

#[test]
fn deep_and_long_strings_are_refused_not_run_into() {
    for (open, middle, close) in [
        ("(", "a", ")"),
        ("[", "a", "]"),
        ("{a:", "a", "}"),
        ("`${", "a", "}`"),
        ("f(", "a", ")"),
        ("a=>", "a", ""),
        ("!", "a", ""),
        ("a?", "a", ":b"),
        ("a.", "a", ""),
        ("a+", "a", ""),
        ("a||", "a", ""),
        ("a?.[", "a", "]"),
        ("typeof ", "a", ""),
        ("new ", "a", ""),
        ("a**", "a", ""),
        ("()=>{return ", "1", "}"),
        ("if(a)", ";", ""),
        ("a:", ";", ""),
        ("{", "", "}"),
        ("else if(a)", "", ""),
        ("function f(){", "", "}"),
        ("class A{a=", "1", "}"),
        ("a as ", "b", ""),
        ("keyof ", "a", ""),
        ("A<", "b", ">"),
        ("A[", "b", "]"),
        ("(a: ", "b", ") => void"),
        ("a extends b ? c : ", "d", ""),
        ("namespace a.", "b", "{}"),
        ("'", "", "'"),
        ("/*", "", "*/"),
        ("\\", "", ""),
        ("@a ", "class A {}", ""),
        ("a|", "a", ""),
        ("[[", "a", "]="),
        ("const {a:", "b", "}=1"),
        ("a\n", "", ""),
        ("a\u{a0}", "", ""),
        ("typeof\u{a0}", "a", ""),
        ("(a/'", "", "'/a)"),
        ("import('a').", "b", ""),
        ("<a>", "b", ""),
        ("await ", "b", ""),
        ("...", "b", ""),
    ] {
        for times in [59, 61, 199, 201, 2_900] {
            let nested = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
            everywhere(&nested);
            everywhere(&format!("state.x({nested}"));
            everywhere(&format!("type A = {nested}"));
            everywhere(&format!("const a = {nested}"));
            everywhere(&format!("x as {nested}"));
        }
        everywhere(&format!("{}{middle}{}", open.repeat(20_000), close.repeat(20_000)));
    }
}

#[test]
fn long_strings_are_read() {
    let long = "Lorem ipsum (dolor) 'sit' amet. ".repeat(40_000);
    let (expr, found) = value(&json!(long));
    assert_eq!((expr.map(|expr| expr.kind), found), (Some(ExprKind::Str(long)), vec![]));
    let quoted = format!("'{}'", "x".repeat(1 << 20));
    assert_eq!(expression(&quoted).map(|shown| shown.len()), Ok((1 << 20) + 2));
    let items = format!("[{}]", "input.a, ".repeat(50_000));
    assert!(expression(&items).is_ok());
}

#[test]
fn deeply_nested_json_is_refused() {
    let mut deep = json!("input.a");
    for _ in 0..120 {
        deep = json!([{ "a": deep }]);
    }
    assert!(value(&deep).0.is_none());
    assert!(value(&json!({ "$literal": deep })).0.is_none());
}

/// Every expression in `expr`, itself included.
fn all<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    into.push(expr);
    let items = |items: &'e [Item], into: &mut Vec<&'e Expr>| items.iter().for_each(|item| all(&item.expr, into));
    match &expr.kind {
        ExprKind::Template { exprs, .. } => exprs.iter().for_each(|part| all(part, into)),
        ExprKind::Array(elements) => items(elements, into),
        ExprKind::Object(props) => props.iter().for_each(|prop| match prop {
            Prop::KeyValue(_, value) | Prop::Spread(value) => all(value, into),
            Prop::Computed(key, value) => {
                all(key, into);
                all(value, into);
            }
        }),
        ExprKind::Member { object, .. } => all(object, into),
        ExprKind::Index { object: a, index: b, .. } | ExprKind::Binary(a, _, b) | ExprKind::Assign(a, _, b) => {
            all(a, into);
            all(b, into);
        }
        ExprKind::Call { callee, args, .. } | ExprKind::New { callee, args, .. } => {
            all(callee, into);
            items(args, into);
        }
        ExprKind::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|part| all(part, into)),
        ExprKind::Arrow { body: ArrowBody::Expr(body), .. } => all(body, into),
        ExprKind::Unary(_, a) | ExprKind::Await(a) | ExprKind::As(a, _) | ExprKind::Satisfies(a, _) | ExprKind::NonNull(a) => all(a, into),
        _ => {}
    }
}

#[test]
fn every_part_of_an_expression_knows_where_it_was_written() {
    let sources = RefCell::new(Sources::default());
    let report = Report::new();
    let cx = expr::Context { scope: &super::Workflow, sources: &sources, node: Some("node") };
    let json = json!({"é": " queue.map(q => `${q.größe}-𝒳-${item.name}`)[index]!", "text": "PLAN 𝒳", "n": [1, {"$literal": "input.x"}]});
    let Some(value) = expr::value(&json, &JsonPath::root(), &cx, &report) else { panic!("{report:?}") };
    let mut parts = Vec::new();
    all(&value, &mut parts);
    let sources = sources.into_inner();
    let mut written: Vec<String> = Vec::new();
    for part in &parts {
        let Some(origin) = part.origin else { panic!("{part:?} has no origin") };
        let Some(source) = sources.get(origin.source) else { panic!("{origin:?} has no source") };
        let Some(text) = source.text.get(origin.start as usize..origin.end as usize) else { panic!("{origin:?}") };
        written.push(format!("{}: {text}", source.path));
    }
    for expected in ["é: queue.map", "é: queue", "é: q.größe", "é: item", "é: index", "text: PLAN 𝒳", "n[1].$literal: input.x", "n[0]: "]
    {
        assert!(written.iter().any(|text| text == expected), "{expected} is not in {written:#?}");
    }
    assert_eq!(show(&value).matches("state.queue").count(), 1);
}
