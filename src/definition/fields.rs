//! Reads an object field by field, so that nothing is accepted and ignored: what nobody asked for is an error.
//! Depends on `diagnostic`; must not know which fields any node has.

use super::{Duration, Field, Text};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::ops::RangeInclusive;

/// Separates the names that were asked for.
const END: char = '\0';

/// An object that is being read. Every question marks its field as known; [`Fields::finish`] reports the rest.
pub struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    path: JsonPath,
    node: Option<&'a str>,
    what: String,
    report: &'a Report,
    /// Every name that was asked for, each followed by `END`.
    known: RefCell<String>,
    dropped: &'static [&'static str],
    hint: Option<&'static str>,
}

impl<'a> Fields<'a> {
    /// Begins to read `field`, which is about `node` and is called `what` in messages (`an activity node`).
    /// Anything but an object is reported and then behaves as an empty one.
    pub fn new(field: &'a Field, node: Option<&'a str>, what: &str, report: &'a Report) -> Self {
        Self::of(&field.value, &field.path, node, what, report)
    }

    /// The same, of a value that stands at `path`.
    pub(super) fn of(value: &'a Value, path: &JsonPath, node: Option<&'a str>, what: &str, report: &'a Report) -> Self {
        let fields = Self {
            object: value.as_object(),
            path: path.clone(),
            node,
            what: what.to_owned(),
            report,
            known: RefCell::new(String::from("description\0")),
            dropped: &[],
            hint: None,
        };
        if fields.object.is_none() {
            fields.push(Diagnostic::error(Code::SHAPE, path, format!("{what} is an object, not {}", kind_of(value))));
        }
        fields
    }

    /// The same, with fields that are nobody's business: neither read nor reported.
    pub(super) fn dropping(mut self, names: &'static [&'static str]) -> Self {
        self.dropped = names;
        self
    }

    /// The same, with what to say about an unknown field that is near no other.
    pub(super) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<Text> {
        self.string(name).map(|text| Text { text: text.to_owned(), path: self.path.key(name) })
    }

    /// A string, without a copy.
    pub(super) fn string(&self, name: &str) -> Option<&'a str> {
        let value = self.get_value(name)?;
        let text = value.as_str();
        if text.is_none() {
            let diagnostic = self.shape(name, value, "text");
            self.push(match value {
                Value::Bool(_) | Value::Number(_) => diagnostic.suggest(format!("put it in quotes: '{value}'")),
                _ => diagnostic,
            });
        }
        text
    }

    /// The same, which must be there.
    pub(super) fn required_string(&self, name: &str) -> Option<&'a str> {
        self.require(name);
        self.string(name)
    }

    /// A string that must be there.
    pub fn required_text(&self, name: &str) -> Option<Text> {
        self.require(name);
        self.text(name)
    }

    /// Reports the field `name` if it is absent.
    pub fn require(&self, name: &str) {
        if !self.has(name) && self.object.is_some() {
            let message = format!("{} needs `{name}`", self.what);
            self.push(Diagnostic::error(Code::MISSING_FIELD, &self.path, message).suggest(format!("add `{name}`")));
        }
    }

    /// Anything; `null` counts as absent.
    pub fn value(&self, name: &str) -> Option<Field> {
        self.get(name).map(|(value, path)| Field { value: value.clone(), path })
    }

    /// An object.
    pub fn object(&self, name: &str) -> Option<Field> {
        self.object_ref(name).map(|(value, path)| Field { value: value.clone(), path })
    }

    /// An object, without a copy.
    pub(super) fn object_ref(&self, name: &str) -> Option<(&'a Value, JsonPath)> {
        let (value, path) = self.get(name)?;
        if !value.is_object() {
            self.push(self.shape(name, value, "an object"));
            return None;
        }
        Some((value, path))
    }

    /// The elements of an array.
    pub fn list(&self, name: &str) -> Option<Vec<Field>> {
        let elements = self.list_ref(name)?;
        Some(elements.into_iter().map(|(value, path)| Field { value: value.clone(), path }).collect())
    }

    /// The elements of an array, without a copy.
    pub(super) fn list_ref(&self, name: &str) -> Option<Vec<(&'a Value, JsonPath)>> {
        let (value, path) = self.get(name)?;
        let Some(elements) = value.as_array() else {
            self.push(self.shape(name, value, "a list"));
            return None;
        };
        Some(elements.iter().enumerate().map(|(index, element)| (element, path.index(index))).collect())
    }

    /// A whole number in `range`.
    pub fn integer(&self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let (value, path) = self.get(name)?;
        if !value.is_number() {
            self.push(self.not_a_number(name, value, "a whole number"));
            return None;
        }
        let whole = value.as_u64().or_else(|| whole(value.as_f64()?));
        let found = whole.filter(|number| range.contains(number));
        if found.is_none() {
            let bounds = match (*range.start(), *range.end()) {
                (start, u64::MAX) => format!("of at least {start}"),
                (start, end) => format!("from {start} to {end}"),
            };
            let message = format!("`{name}` is {value}; it takes a whole number {bounds}");
            self.push(Diagnostic::error(Code::INVALID_VALUE, &path, message));
        }
        found
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        let value = self.get_value(name)?;
        let number = value.as_f64();
        if number.is_none() {
            self.push(self.not_a_number(name, value, "a number"));
        }
        number
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        let value = self.get_value(name)?;
        let truth = value.as_bool();
        if truth.is_none() {
            let diagnostic = self.shape(name, value, "`true` or `false`");
            let is_quoted = value.as_str().is_some_and(|text| matches!(text, "true" | "false"));
            self.push(if is_quoted { diagnostic.suggest("leave the quotes away") } else { diagnostic });
        }
        truth
    }

    /// A length of time.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        let (value, path) = self.get(name)?;
        let duration = Duration::parse(value);
        if duration.is_none() {
            let is_written = value.is_string() || value.is_number();
            let diagnostic = if is_written {
                let message = format!("`{name}` is {}, which is no duration", shown(value));
                at_text(Diagnostic::error(Code::INVALID_VALUE, &path, message), value)
            } else {
                self.shape(name, value, "a duration")
            };
            self.push(diagnostic.suggest("write `500ms`, `1s`, `10m`, `24h`, `7d`, `10 minutes`, or a number of milliseconds"));
        }
        duration
    }

    /// One of the named choices.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let Text { text, path } = self.text(name)?;
        let found = choices.iter().find(|(choice, _)| *choice == text).map(|(_, value)| *value);
        if found.is_none() {
            let names = choices.iter().map(|(choice, _)| *choice);
            let message = format!("`{name}` is {}; it takes {}", quoted(&text), one_of(names.clone()));
            let diagnostic = Diagnostic::error(Code::INVALID_VALUE, &path, message).excerpt(&text, 0..text.len());
            self.push(diagnostic.suggest_near(&text, names));
        }
        found
    }

    /// Whether the field is there and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.get_value(name).is_some()
    }

    /// Marks fields as known without reading them.
    pub fn known(&self, names: &[&str]) {
        for name in names {
            self.ask(name);
        }
    }

    fn ask(&self, name: &str) {
        let mut known = self.known.borrow_mut();
        known.push_str(name);
        known.push(END);
    }

    /// Where the field stands, or would stand.
    pub fn field_path(&self, name: &str) -> JsonPath {
        self.path.key(name)
    }

    /// Reports every field that nobody asked for.
    pub fn finish(self) {
        let known = self.known.borrow();
        let Some(object) = self.object else { return };
        for key in object.keys() {
            if known.split_terminator(END).any(|name| name == key) || self.dropped.contains(&key.as_str()) {
                continue;
            }
            let message = format!("{} has no field {}", self.what, quoted(key));
            let diagnostic = Diagnostic::error(Code::UNKNOWN_FIELD, &self.path.key(key), message);
            let otherwise = || self.hint.map_or_else(|| all_known(&known), str::to_owned);
            self.push(diagnostic.suggest_near_or(key, known.split_terminator(END), otherwise));
        }
    }

    fn get(&self, name: &str) -> Option<(&'a Value, JsonPath)> {
        self.get_value(name).map(|value| (value, self.path.key(name)))
    }

    fn get_value(&self, name: &str) -> Option<&'a Value> {
        self.ask(name);
        self.object?.get(name).filter(|value| !value.is_null())
    }

    fn shape(&self, name: &str, value: &Value, wanted: &str) -> Diagnostic {
        let message = format!("`{name}` of {} takes {wanted}, not {}", self.what, kind_of(value));
        at_text(Diagnostic::error(Code::SHAPE, &self.path.key(name), message), value)
    }

    fn not_a_number(&self, name: &str, value: &Value, wanted: &str) -> Diagnostic {
        let diagnostic = self.shape(name, value, wanted);
        match value.as_str().and_then(|text| text.parse::<f64>().ok()) {
            Some(number) if number.is_finite() => diagnostic.suggest("leave the quotes away"),
            _ => diagnostic,
        }
    }

    /// Reports something about the object, with its node.
    pub(super) fn push(&self, diagnostic: Diagnostic) {
        self.report.push(match self.node {
            Some(node) => diagnostic.node(node),
            None => diagnostic,
        });
    }
}

/// Marks the whole string, if the value is one.
fn at_text(diagnostic: Diagnostic, value: &Value) -> Diagnostic {
    match value {
        Value::String(text) => diagnostic.excerpt(text, 0..text.len()),
        _ => diagnostic,
    }
}

/// What kind of value it is, for messages: `text`, `a list`, ….
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(true) => "`true`",
        Value::Bool(false) => "`false`",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// `text` in backquotes, shortened where it is long.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() { format!("`{line}…`") } else { format!("`{line}`") }
}

fn all_known(known: &str) -> String {
    let mut names: Vec<&str> = known.split_terminator(END).filter(|name| *name != "description").collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "remove it".to_owned() } else { format!("the fields are {}", all_of(names.into_iter())) }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), quoted)
}

fn whole(number: f64) -> Option<u64> {
    // Above 2^53 a float does not tell neighbours apart.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and in range")]
    (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    listed(names, "or")
}

fn all_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    listed(names, "and")
}

fn listed<'a>(names: impl Iterator<Item = &'a str>, last: &str) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(end) if names.is_empty() => end,
        Some(end) => format!("{} {last} {end}", names.join(", ")),
        None => String::new(),
    }
}
