//! What is converted and printed means the same when it is read again: the printer and the converter agree, and no text
//! gets out of its quotes.

use super::hostile::bits;
use super::show;
use crate::compile::expr::{self, Context, Resolution, Scope};
use crate::compile::origin::Sources;
use crate::compile::ts::{Decl, Expr, Module, Pattern, build, print};
use crate::diagnostic::{JsonPath, Report};
use proptest::prelude::*;
use serde_json::json;
use std::cell::RefCell;

/// A scope in which every name is itself.
struct Everything;

impl Scope for Everything {
    fn resolve(&self, name: &str) -> Option<Resolution> {
        Some(Resolution { expr: build::ident(name), lone: true })
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

fn read(text: &str) -> Option<Expr> {
    let sources = RefCell::new(Sources::default());
    let cx = Context { scope: &Everything, sources: &sources, node: None };
    expr::expression(text, &JsonPath::root(), &cx).ok()
}

fn printed(expr: &Expr) -> String {
    let init = expr.clone();
    let decl = Decl::Const { export: false, pattern: Pattern::Ident("v".into()), ty: None, init };
    let text = print::module(&Module { body: vec![decl] }).text;
    let inner = text.strip_prefix("const v =").and_then(|text| text.trim_end().strip_suffix(';'));
    inner.map_or_else(|| panic!("{text}"), str::to_owned)
}

/// Asserts that `expr`, printed and read again, is what it was.
fn same(expr: &Expr) {
    let text = printed(expr);
    let Some(again) = read(&text) else { panic!("{} was printed as {text}, which cannot be read", show(expr)) };
    assert_eq!(show(&again), show(expr), "printed as {text}");
    assert_eq!(printed(&again), text, "printed twice");
}

#[test]
fn operators_keep_what_they_join() {
    for text in [
        "(a + b) * c - (d - (e - f))",
        "a ** (b ** c) + (a ** b) ** c",
        "(-a) ** b",
        "-(-a) - -b + +c - ~d",
        "!(a && b) || (c ?? d)",
        "(a || b) ?? (c && d)",
        "(a ? b : c) ? d : e ? f : g",
        "typeof (a + b) === 'string'",
        "(b => b)(c)",
        "(a => a) ? 1 : 2",
        "a => ({b: a})",
        "a => b => [a, ...b]",
        "({}).a",
        "({a: 1}) ? 2 : 3",
        "new (a.b)(c)",
        "new Map([[1, 2]]).get(1)",
        "new Date().getTime()",
        "(1).toFixed() + 1.5.toFixed(2) + 0xff.toString()",
        "(a as string).length",
        "(a as string) as number",
        "(a satisfies B)!.c",
        "a!.b![c]!()",
        "a?.b.c?.[d](e)",
        "(a in b) in c",
        "void 0 === undefined",
        "(a < b) < c",
        "`a${b + `c${d}`}e\\`\\${`",
        "/[/]\\/'/giu.test(a)",
        "'\\u2028\\'\"\\\\\\n</script>`${a}'",
        "{'a-b': 1, 2: 3, [a + b]: c, d, ...e, async: 1, 'constructor': 2}",
        "a instanceof B && !(c instanceof D)",
        "({a, b: [c, , d = 1], ...e}, [f] = [], ...g) => a + c + d + e + f + g",
        "(a: string | undefined, b?: {c: number}[]) => a",
        "a => { if (a) return 1; else if (b) { const c = {d: a}; return c } return }",
        "a.b<string>(c)",
        "new Map<string, Array<number>>()",
        "a - (b + c)",
        "a / (b * c)",
        "a % (b % c)",
        "a & b | c ^ d",
        "a << (b >> c) >>> d",
        "(await_ => 1)",
    ] {
        let Some(expr) = read(text) else { panic!("{text} cannot be read") };
        same(&expr);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_stays_in_its_quotes(text in any::<String>()) {
        same(&build::string(&text));
    }

    #[test]
    fn a_mixture_that_can_be_read_is_printed_as_it_is(text in bits()) {
        if let Some(expr) = read(&text) {
            same(&expr);
        }
    }

    #[test]
    fn operators_in_any_order_keep_what_they_join(text in expressions()) {
        let Some(expr) = read(&text) else { panic!("{text} cannot be read") };
        same(&expr);
    }

    #[test]
    fn a_json_value_is_printed_as_it_is(text in any::<String>(), key in any::<String>(), number in any::<i32>()) {
        let (sources, report) = (RefCell::new(Sources::default()), Report::new());
        let cx = Context { scope: &Everything, sources: &sources, node: None };
        let json = json!({"$literal": {key: [text, number, null, true]}});
        let Some(expr) = expr::value(&json, &JsonPath::root(), &cx, &report) else { panic!("{report:?}") };
        same(&expr);
    }
}

/// Expressions of every operator, with brackets around every part.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["a", "1", "'s'", "`t`", "{}", "[]", "/r/", "null", "a.b", "f()", "1.5"]).prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let two = vec!["+", "-", "*", "/", "%", "**", "===", "<", ">=", "&&", "||", "??", "&", "|", "^", "<<", ">>>", "in", "instanceof"];
        let one = vec![
            "!(#)",
            "-(#)",
            "+(#)",
            "typeof (#)",
            "void (#)",
            "(#).p",
            "(#)[a]",
            "(#)?.p",
            "(#)(a)",
            "f(#)",
            "(#)!",
            "(#) as T",
            "(#) satisfies T",
            "x => (#)",
            "({x = #}) => x",
            "[...(#)]",
            "{k: #, ...(#)}",
            "`${#}`",
            "(#)<T>(a)",
            "f(...(#))",
            "new Map(#)",
            "() => { return # }",
            "() => { const c = #; if (c) { return # } return b }",
        ];
        prop_oneof![
            (inner.clone(), prop::sample::select(two), inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (inner.clone(), prop::sample::select(one)).prop_map(|(a, with)| with.replace('#', &a)),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a}) ? ({b}) : ({c})")),
        ]
    })
    .prop_filter("brackets around optional chains are refused", |text| read(text).is_some() || !text.contains("?."))
}
