//! Expressions and values: which strings are expressions and which are text (docs/definition.md, "Values and expressions").
//! Depends on the converter.

use super::super::ts::{Expr, ExprKind, Prop, build};
use super::convert::{Converter, Seen};
use super::fault::{self, Fault};
use super::{Context, parse};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report, nearest};
use oxc::ast::ast::Expression;
use serde_json::Value;

/// How deep objects and arrays may be nested in a value.
const DEEPEST: usize = 100;

/// Parses a string that is always an expression.
///
/// # Errors
/// What is wrong first in the string: a syntax error, an unknown name, or a construct that is not allowed.
pub fn expression(text: &str, path: &JsonPath, cx: &Context<'_>) -> Result<Expr, Diagnostic> {
    let source = cx.sources.borrow_mut().add(path, cx.node, text);
    let (expr, seen) = parse::expression(text, |expression| {
        let mut converter = Converter::new(cx.scope, source, text, expression);
        (converter.convert(expression), converter.seen)
    })
    .map_err(|fault| fault.at(text, path, cx.node))?;
    match fault::first(seen.faults).into_iter().next() {
        Some(fault) => Err(fault.at(text, path, cx.node)),
        None => Ok(expr),
    }
}

/// Converts a value: literals and expressions mixed. What is wrong, all of it, goes to `report`; then there is no result.
/// A string that is taken as text though it was probably meant as an expression is a warning.
pub fn value(json: &Value, path: &JsonPath, cx: &Context<'_>, report: &Report) -> Option<Expr> {
    Values { cx, report }.value(json, path, 0)
}

struct Values<'c> {
    cx: &'c Context<'c>,
    report: &'c Report,
}

/// What a string turned out to be.
enum Meaning {
    Expression(Expr),
    Text(Option<Fault>),
    Wrong(Vec<Fault>),
}

impl Values<'_> {
    fn value(&self, json: &Value, path: &JsonPath, depth: usize) -> Option<Expr> {
        match json {
            Value::String(text) => self.string(text, path),
            Value::Array(items) => {
                self.bounded(path, depth)?;
                let items = items.iter().enumerate();
                let items: Vec<_> = items.map(|(index, item)| self.value(item, &path.index(index), depth + 1)).collect();
                Some(self.at(path, build::array(items.into_iter().collect::<Option<_>>()?)))
            }
            Value::Object(entries) => {
                self.bounded(path, depth)?;
                match self.explicit(entries, path, depth) {
                    Some(explicit) => explicit,
                    None => {
                        let entries = entries.iter();
                        let entries: Vec<_> =
                            entries.map(|(key, item)| Some(entry(key, self.value(item, &path.key(key), depth + 1)?))).collect();
                        Some(self.at(path, Expr::new(ExprKind::Object(entries.into_iter().collect::<Option<_>>()?))))
                    }
                }
            }
            _ => self.literal(json, path, depth),
        }
    }

    /// The value of `{$literal: …}` or `{$expr: …}`; `None` if the object is neither.
    #[allow(clippy::option_option)]
    fn explicit(&self, entries: &serde_json::Map<String, Value>, path: &JsonPath, depth: usize) -> Option<Option<Expr>> {
        let (key, inner) = entries.iter().find(|(key, _)| is_explicit(key))?;
        let at = path.key(key);
        if entries.len() > 1 {
            let message = format!("`{key}` stands beside other keys");
            self.wrong(Diagnostic::error(Code::CONFLICT, &at, message).suggest(format!("`{key}` must be the only key")));
            return Some(None);
        }
        Some(match (key.as_str(), inner) {
            ("$literal", inner) => self.literal(inner, &at, depth + 1),
            ("$expr", Value::String(text)) => match expression(text, &at, self.cx) {
                Ok(expr) => Some(expr),
                Err(diagnostic) => {
                    self.report.push(diagnostic);
                    None
                }
            },
            ("$expr", _) => {
                let error = Diagnostic::error(Code::SHAPE, &at, "`$expr` takes a string that holds an expression");
                self.wrong(error.suggest("write {$expr: 'input.name'}"));
                None
            }
            _ => {
                let error = Diagnostic::error(Code::UNKNOWN_FIELD, &at, format!("`{key}` is unknown"));
                self.wrong(error.suggest_near(key, ["$literal", "$expr"]));
                None
            }
        })
    }

    /// Everything in `json` as it stands; no string in it is an expression.
    fn literal(&self, json: &Value, path: &JsonPath, depth: usize) -> Option<Expr> {
        let kind = match json {
            Value::Null => ExprKind::Null,
            Value::Bool(value) => ExprKind::Bool(*value),
            Value::Number(number) => {
                self.check_exact(number, path);
                return Some(self.at(path, number_of(number)));
            }
            Value::String(text) => return Some(self.text(text, path)),
            Value::Array(items) => {
                self.bounded(path, depth)?;
                let items = items.iter().enumerate();
                let items = items.map(|(index, item)| self.literal(item, &path.index(index), depth + 1));
                return Some(self.at(path, build::array(items.collect::<Option<_>>()?)));
            }
            Value::Object(entries) => {
                self.bounded(path, depth)?;
                let entries = entries.iter();
                let entries = entries.map(|(key, item)| Some(entry(key, self.literal(item, &path.key(key), depth + 1)?)));
                ExprKind::Object(entries.collect::<Option<_>>()?)
            }
        };
        Some(self.at(path, Expr::new(kind)))
    }

    /// `expr` with an origin that is the value at `path` as a whole.
    fn at(&self, path: &JsonPath, expr: Expr) -> Expr {
        let source = self.cx.sources.borrow_mut().add(path, self.cx.node, "");
        expr.at(source.span(0, 0))
    }

    fn text(&self, text: &str, path: &JsonPath) -> Expr {
        let source = self.cx.sources.borrow_mut().add(path, self.cx.node, text);
        build::string(text).at(source.span(0, u32::try_from(text.len()).unwrap_or(u32::MAX)))
    }

    fn string(&self, text: &str, path: &JsonPath) -> Option<Expr> {
        match self.meaning(text, path) {
            Meaning::Expression(expr) => Some(expr),
            Meaning::Text(doubt) => {
                self.report.extend(doubt.map(|fault| fault.warn(text, path, self.cx.node)));
                Some(self.text(text, path))
            }
            Meaning::Wrong(faults) => {
                let hint = format!("for the text itself write {}", as_literal(text));
                self.report.extend(faults.into_iter().map(|fault| fault.add(&hint).at(text, path, self.cx.node)));
                None
            }
        }
    }

    fn meaning(&self, text: &str, path: &JsonPath) -> Meaning {
        if is_plain(text) {
            return Meaning::Text(None);
        }
        let source = self.cx.sources.borrow_mut().add(path, self.cx.node, text);
        let parsed = parse::expression(text, |expression| {
            let lone = self.lone(expression);
            if lone == Some(false) {
                return Meaning::Text(None);
            }
            let mut converter = Converter::new(self.cx.scope, source, text, expression);
            let expr = converter.convert(expression);
            if lone == Some(true) { Meaning::Expression(expr) } else { decide(text, expr, converter.seen) }
        });
        match parsed {
            Ok(meaning) => meaning,
            Err(fault) if fault.code == Code::FORBIDDEN => Meaning::Wrong(vec![fault]),
            Err(fault) => Meaning::Text(self.broken(text, fault)),
        }
    }

    /// Whether `expression`, if it is a word alone, is an expression; `None` if it is more than a word.
    fn lone(&self, expression: &Expression<'_>) -> Option<bool> {
        let Expression::Identifier(word) = expression else { return None };
        let word = word.name.as_str();
        Some(word == "undefined" || self.cx.scope.resolve(word).is_some_and(|resolution| resolution.lone))
    }

    /// The doubt about a text that cannot be parsed but looks as if it should.
    fn broken(&self, text: &str, fault: Fault) -> Option<Fault> {
        let advice = if text.contains("{{") && text.contains("}}") {
            "write an expression alone, without `{{ }}`; to put values into a text, write `${…}` between backquotes"
        } else if text.contains("${") && !text.contains('`') {
            "to put values into a text, write it between backquotes"
        } else if text.starts_with('`') || self.begins_with_member(text) {
            "mend it, or say that it is text"
        } else {
            return None;
        };
        let message = format!("this looks like an expression, but is taken as text: {}", lower_first(&fault.message));
        Some(
            Fault { message, suggestion: Some(advice.to_owned()), ..fault }.add(&format!("for the text itself write {}", as_literal(text))),
        )
    }

    /// Whether `text` begins with a name in scope and, without a space, a member access, index or call.
    fn begins_with_member(&self, text: &str) -> bool {
        let word = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
        let end = text.find(|char| !word(char)).unwrap_or(text.len());
        let Some((first, rest)) = text.split_at_checked(end) else { return false };
        let mut rest = rest.chars();
        let member = match rest.next() {
            Some('.') => rest.next().is_some_and(|next| next.is_alphabetic() || next == '_'),
            Some('[' | '(') => true,
            _ => false,
        };
        member && self.cx.scope.resolve(first).is_some()
    }

    fn bounded(&self, path: &JsonPath, depth: usize) -> Option<()> {
        if depth < DEEPEST {
            return Some(());
        }
        let message = format!("the value is nested more than {DEEPEST} levels deep");
        self.wrong(Diagnostic::error(Code::INVALID_VALUE, path, message).suggest("build it in a helper or an activity"));
        None
    }

    fn check_exact(&self, number: &serde_json::Number, path: &JsonPath) {
        const EXACT: u64 = 1 << 53;
        let inexact =
            number.as_u64().is_some_and(|value| value > EXACT) || number.as_i64().is_some_and(|value| value.unsigned_abs() > EXACT);
        if inexact {
            let message = format!("{number} cannot be kept exactly by a JavaScript number");
            self.wrong(Diagnostic::warning(Code::INVALID_VALUE, path, message).suggest("write it as a string"));
        }
    }

    fn wrong(&self, mut diagnostic: Diagnostic) {
        diagnostic.node = self.cx.node.map(str::to_owned);
        self.report.push(diagnostic);
    }
}

/// Whether `key` is `$literal` or `$expr`, or so near to one that nothing else can be meant.
fn is_explicit(key: &str) -> bool {
    key.starts_with('$') && nearest(key, ["$literal", "$expr"]).is_some()
}

/// What a string that can be parsed is.
fn decide(text: &str, expr: Expr, seen: Seen) -> Meaning {
    if seen.unknown && seen.sentence {
        return Meaning::Text(None);
    }
    if seen.code {
        let faults = fault::first(seen.faults);
        return if faults.is_empty() { Meaning::Expression(expr) } else { Meaning::Wrong(faults) };
    }
    // From here on there are only words, operators and literals.
    if seen.unknown {
        let meant = seen.operator_of_code || (seen.literal && seen.operator);
        return Meaning::Text(if meant { doubt(text, fault::first(seen.faults)) } else { None });
    }
    let words = seen.names && !seen.literal && (!seen.operator || is_joined(text));
    let numbers = !seen.names && !seen.literal;
    let pattern = matches!(expr.kind, ExprKind::Regex(..));
    if words || numbers || pattern {
        return Meaning::Text(None);
    }
    let faults = fault::first(seen.faults);
    if faults.is_empty() { Meaning::Expression(expr) } else { Meaning::Wrong(faults) }
}

/// The doubt about words and operators that text hardly has, where a name is unknown.
fn doubt(text: &str, faults: Vec<Fault>) -> Option<Fault> {
    let fault = faults.into_iter().find(|fault| fault.code == Code::UNKNOWN_NAME)?;
    let message = format!("this looks like an expression, but is taken as text: {}", fault.message);
    Some(Fault { message, ..fault }.add(&format!("for the text itself write {}", as_literal(text))))
}

/// Whether `text` is words joined by `-` or `/` without a space, such as `build-queue`: a name of something, though
/// every word of it may be in scope.
fn is_joined(text: &str) -> bool {
    text.split(['-', '/']).all(|word| {
        word.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && word.chars().all(|char| char.is_alphanumeric() || char == '_')
    })
}

/// Whether `text` can be nothing but text, so that it need not be parsed: words with a space between, not one character
/// that any expression needs.
fn is_plain(text: &str) -> bool {
    text.chars().all(|char| char.is_ascii_digit()) || text.trim().is_empty()
}

/// How to write `text` so that it is text for certain.
fn as_literal(text: &str) -> String {
    let short = text.chars().count() <= 60 && !text.contains(['\n', '\r']);
    if short { format!("{{$literal: '{}'}}", text.replace('\'', "''")) } else { "{$literal: …}".to_owned() }
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn number_of(number: &serde_json::Number) -> Expr {
    let text = number.to_string();
    match text.strip_prefix('-') {
        Some(positive) => Expr::new(ExprKind::Unary("-", Box::new(build::number(positive)))),
        None => build::number(text),
    }
}

fn entry(key: &str, value: Expr) -> Prop {
    // `__proto__: x` would set the object's prototype; `['__proto__']: x` is a key like any other.
    if key == "__proto__" { Prop::Computed(build::string(key), value) } else { Prop::KeyValue(key.to_owned(), value) }
}
