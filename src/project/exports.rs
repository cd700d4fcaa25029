//! What the `exports` of a package.json name, as Node reads them: the code of each export. Pure: whether files are there is not asked.

use serde_json::Value;

/// Conditions under which code is taken, in order.
const CODE: &[&str] = &["node", "require", "import", "default"];

/// The names of the exports that can be code: `.`, `./build`. Patterns (`./*`) name nothing by themselves.
#[must_use]
pub fn exports(manifest: &Value) -> Vec<String> {
    let Some(exports) = manifest.get("exports").filter(|exports| !exports.is_null()) else { return vec![".".to_owned()] };
    let Some(map) = exports.as_object().filter(|map| map.keys().any(|key| key.starts_with('.'))) else {
        return vec![".".to_owned()];
    };
    let is_code = |code: &String| [".json", ".css", ".d.ts"].iter().all(|ending| !code.ends_with(ending));
    map.keys().filter(|name| !name.contains('*') && code(manifest, name).as_ref().is_some_and(is_code)).cloned().collect()
}

/// The code of an export, relative to the package; `None` where there is no such export. Without a map of exports, a package has its main
/// file, and its files by their paths.
#[must_use]
pub fn code(manifest: &Value, export: &str) -> Option<String> {
    match manifest.get("exports").filter(|exports| !exports.is_null()) {
        None if export == "." => Some(manifest.get("main").and_then(Value::as_str).unwrap_or("index.js").to_owned()),
        None => export.strip_prefix("./").map(str::to_owned),
        Some(_) => target(manifest, export).and_then(|(target, middle)| Some(condition(target, CODE)?.replace('*', middle))),
    }
}

/// The declarations of an export, relative to the package: those that it names, else those beside its code.
#[must_use]
pub fn types(manifest: &Value, export: &str) -> Option<String> {
    let code = code(manifest, export)?;
    let named = match manifest.get("exports").filter(|exports| !exports.is_null()) {
        None if export == "." => manifest.get("types").or(manifest.get("typings")).and_then(Value::as_str).map(str::to_owned),
        None => None,
        Some(_) => target(manifest, export).and_then(|(target, middle)| Some(declared(target)?.replace('*', middle))),
    };
    Some(named.unwrap_or_else(|| beside(&code)))
}

/// What `exports` has for this export, and what stands for the star of a pattern.
fn target<'v>(manifest: &'v Value, export: &'v str) -> Option<(&'v Value, &'v str)> {
    let exports = manifest.get("exports")?;
    let Some(map) = exports.as_object().filter(|map| map.keys().any(|key| key.starts_with('.'))) else {
        return (export == ".").then_some((exports, ""));
    };
    if let Some(target) = map.get(export) {
        return Some((target, ""));
    }
    let matched = map.iter().filter_map(|(pattern, target)| {
        let (before, after) = pattern.split_once('*')?;
        let middle = export.strip_prefix(before)?.strip_suffix(after).filter(|middle| !middle.is_empty())?;
        Some((before.len(), target, middle))
    });
    matched.max_by_key(|(length, ..)| *length).map(|(_, target, middle)| (target, middle))
}

fn condition(target: &Value, names: &[&str]) -> Option<String> {
    match target {
        Value::String(path) => Some(path.clone()),
        Value::Object(conditions) => names.iter().find_map(|name| condition(conditions.get(*name)?, names)),
        Value::Array(targets) => targets.iter().find_map(|target| condition(target, names)),
        _ => None,
    }
}

fn declared(target: &Value) -> Option<String> {
    let conditions = target.as_object()?;
    let here = conditions.get("types").and_then(|types| condition(types, CODE));
    here.or_else(|| CODE.iter().find_map(|name| declared(conditions.get(*name)?)))
}

fn beside(code: &str) -> String {
    let (stem, ending) = code.rsplit_once('.').unwrap_or((code, "js"));
    format!("{stem}.d.{}ts", ending.strip_suffix("js").filter(|kind| matches!(*kind, "m" | "c")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_exports_is_read() {
        let cases = [
            (json!({}), ".", Some(("index.js", "index.d.ts"))),
            (json!({"main": "lib/main.cjs"}), ".", Some(("lib/main.cjs", "lib/main.d.cts"))),
            (json!({"main": "a.js", "types": "b.d.ts"}), ".", Some(("a.js", "b.d.ts"))),
            (json!({"main": "a.js"}), "./lib/b.js", Some(("lib/b.js", "lib/b.d.ts"))),
            (json!({"exports": "./a.mjs"}), ".", Some(("./a.mjs", "./a.d.mts"))),
            (json!({"exports": "./a.mjs"}), "./b", None),
            (json!({"exports": {"import": "./a.mjs", "types": "./t.d.ts"}}), ".", Some(("./a.mjs", "./t.d.ts"))),
            (json!({"exports": {"./x": {"import": {"types": "./x.d.mts", "default": "./x.mjs"}}}}), "./x", Some(("./x.mjs", "./x.d.mts"))),
            (json!({"exports": {"./x": {"types": {"require": "./x.d.cts"}, "require": "./x.cjs"}}}), "./x", Some(("./x.cjs", "./x.d.cts"))),
            (json!({"exports": {"./x": null}}), "./x", None),
            (json!({"exports": {"./*": "./dist/*.js", "./in/*": null}}), "./b", Some(("./dist/b.js", "./dist/b.d.ts"))),
            (json!({"exports": {"./*": "./dist/*.js", "./in/*": null}}), "./in/b", None),
            (json!({"exports": {"./x": ["./x.js"]}}), "./x", Some(("./x.js", "./x.d.ts"))),
        ];
        for (manifest, export, expected) in cases {
            let found = code(&manifest, export).zip(types(&manifest, export));
            assert_eq!(found, expected.map(|(code, types)| (code.to_owned(), types.to_owned())), "{manifest} {export}");
        }
    }

    #[test]
    fn exports_that_are_no_code_are_left_out() {
        let manifest = json!({"exports": {".": "./a.js", "./b": {"types": "./b.d.ts", "default": "./b.js"}, "./package.json": "./package.json", "./*": "./*.js", "./none": null}});
        assert_eq!(exports(&manifest), [".", "./b"]);
        assert_eq!(exports(&json!({"main": "x.js"})), ["."]);
    }
}
