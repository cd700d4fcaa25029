//! What expressions may hold, and what is refused with which advice.

use super::{expression, marked};
use crate::diagnostic::Code;

#[test]
fn expressions_are_converted() {
    for (text, code) in [
        ("input.a?.b?.[0]?.(1)", "input.a?.b?.[0]?.(1)"),
        (
            "queue.map(({name, tags: [first = 'x', ...rest], ...other}, i = 0) => name + first)",
            "state.queue.map((({name: name, tags: [first = \"x\", ...rest], : ...other}, i = 0) => (name + first)))",
        ),
        ("queue.filter(q => !packages.includes(q)).length > 0", "(state.queue.filter(((q) => (! state.packages.includes(q)))).length > 0)"),
        (
            "queue.map(p => { const n = p.name; if (n) { return n; } return null })",
            "state.queue.map(((p) => {const n = p.name; if n {return n;} else {} return null;}))",
        ),
        ("(a: string, b?: number) => a", "((a: string, b: number) => a)"),
        ("{...state, [input.key]: 1_000, 'a b': 0xff, index}", "{...state, [input.key]: 1_000, a b: 0xff, index: index}"),
        ("input.x as {a: string, b: number[]}", "(input.x as { a: string; b: number[]; })"),
        ("input.x! satisfies string", "(input.x! satisfies string)"),
        ("input.name.replace(/a\\/[b/]/gi, '')", "input.name.replace(/a\\/[b/]/gi, \"\")"),
        ("typeof input.x === 'string' ? void 0 : -1 ** 2 || 1", "#"),
        ("'a' in input && input instanceof Map", "((\"a\" in input) && (input instanceof Map))"),
        ("new Date(Date.now() + 1000).toISOString()", "new Date((Date.now() + 1000)).toISOString()"),
        ("crypto.randomUUID()", "uuid4()"),
        ("Math.random() < 0.5 ?? NaN", "((Math.random() < 0.5) ?? NaN)"),
        ("((((input))))", "input"),
        ("input /* why */ .x // end", "input.x"),
        ("größe => größe + 𝒳", "#"),
    ] {
        if code == "#" {
            assert!(expression(text).is_err(), "{text}");
        } else {
            assert_eq!(expression(text).as_deref(), Ok(code), "{text}");
        }
    }
}

#[test]
fn a_local_never_captures_what_a_free_name_stands_for() {
    for (text, code) in [
        ("state => queue.length", "((state_) => state.queue.length)"),
        ("(pkg, pkg_) => item.name + pkg + pkg_", "((pkg__, pkg_) => ((pkg.name + pkg__) + pkg_))"),
        ("item => item.name", "((item) => item.name)"),
        ("uuid4 => crypto.randomUUID() + uuid4", "((uuid4_) => (uuid4() + uuid4_))"),
        ("(a) => (a) => a", "((a) => ((a) => a))"),
        ("({state}) => queue", "(({state: state_}) => state.queue)"),
    ] {
        assert_eq!(expression(text).as_deref(), Ok(code), "{text}");
    }
}

#[test]
fn what_has_no_place_in_a_workflow_is_refused_with_the_way_to_do_it() {
    for (text, mark, advice) in [
        ("await build", "await build", "already awaited"),
        ("async () => 1", "async", "already awaited"),
        ("state.count = 1", "state.count = 1", "state-mutation"),
        ("index++", "index++", "increment"),
        ("delete state.a", "delete state.a", "`delete`"),
        ("input.a, input.b", "input.a, input.b", "last one"),
        ("function f() {}", "function f() {}", "helper"),
        ("class {}", "class {}", "plain objects"),
        ("this.x", "this", "`state` or `input`"),
        ("import('fs')", "import('fs')", "activity"),
        ("import.meta.url", "import.meta", "activity"),
        ("require('fs')", "require", "activity"),
        ("eval('1')", "eval", "helper"),
        ("new Function('return 1')", "Function", "helper"),
        ("globalThis.x", "globalThis", "globals"),
        ("window.x", "window", "globals"),
        ("process.env.X", "process", "input"),
        ("fetch('x')", "fetch", "activity"),
        ("setTimeout(() => 1, 5)", "setTimeout", "timer"),
        ("performance.now()", "performance", "Date.now()"),
        ("crypto.subtle", "crypto", "uuid4"),
        ("Buffer.from('x')", "Buffer", "activity"),
        ("Promise.all([])", "Promise", "parallel"),
        ("new Proxy({}, {})", "Proxy", "globals"),
        ("Reflect.ownKeys(input)", "Reflect", "globals"),
        ("console.log(1)", "console", "history"),
        ("input.constructor", "constructor", "fields"),
        ("input['constructor']", "'constructor'", "fields"),
        ("input[`const${'ructor'}`]", "`const${'ructor'}`", "fields"),
        ("input['const' + 'ructor']", "'const' + 'ructor'", "fields"),
        ("input?.__proto__", "__proto__", "fields"),
        ("Object.prototype", "prototype", "fields"),
        ("Object.getPrototypeOf(input)", "getPrototypeOf", "fields"),
        ("(({constructor: c}) => c)(input)", "constructor", "fields"),
        ("(({['constructor']: c}) => c)(input)", "'constructor'", "fields"),
        ("String.raw`a`", "String.raw`a`", "helper"),
        ("10n", "10n", "string"),
        ("'\\uD800'", "'\\uD800'", "whole character"),
        ("<any>input", "<any>input", "as Type"),
        ("{f() { return 1 }}", "f() { return 1 }", "arrow"),
        ("{get f() { return 1 }}", "get f() { return 1 }", "arrow"),
        ("[1, , 2]", ",", "undefined"),
        ("() => { let x = 1; return x }", "let x = 1;", "const"),
        ("() => { for (const x of input) {} }", "for (const x of input) {}", "helper"),
        ("() => { throw input }", "throw input", "helper"),
        ("(input?.a).b", "(input?.a)", "a?.b.c"),
        ("input.x as import('fs').Stats", "import('fs').Stats", "import type"),
        ("(a, a) => a", "a", "another name"),
        ("() => { const a = 1; const a = 2; return a }", "a", "another name"),
        ("<T,>(x: T) => x", "<T,>", "helper"),
        ("(x): string => x", ": string", "satisfies"),
    ] {
        let Err(error) = expression(text) else { panic!("{text} was accepted") };
        assert_eq!((error.code, marked(&error)), (Code::FORBIDDEN, mark), "{text}: {error:?}");
        assert!(error.suggestion.as_deref().is_some_and(|given| given.contains(advice)), "{text}: {error:?}");
    }
}

#[test]
fn what_cannot_be_parsed_points_into_the_string() {
    for (text, mark) in [
        ("input.", ""),
        ("input.a +", ""),
        ("(input", ""),
        ("'abc", "'abc"),
        ("if (x) {}", "if"),
        ("a b", "b"),
        ("new.target", "new.target"),
        ("", ""),
    ] {
        let Err(error) = expression(text) else { panic!("{text} was accepted") };
        assert_eq!((error.code, marked(&error)), (Code::EXPRESSION, mark), "{text}: {error:?}");
        let span = error.excerpt.map(|excerpt| excerpt.span).unwrap_or_default();
        assert!(span.start <= text.len() && span.end <= text.len(), "{text}");
    }
}

#[test]
fn unknown_names_suggest_the_nearest() {
    for (text, mark, near) in [
        ("inptu.x", "inptu", "`input`"),
        ("queu.length", "queu", "`queue`"),
        ("(pack) => pakc.x", "pakc", "`pack`"),
        ("Maht.max(1)", "Maht", "`Math`"),
    ] {
        let Err(error) = expression(text) else { panic!("{text} was accepted") };
        assert_eq!((error.code, marked(&error)), (Code::UNKNOWN_NAME, mark), "{text}");
        assert!(error.suggestion.as_deref().is_some_and(|given| given.contains(near)), "{text}: {error:?}");
    }
}
