//! Reads YAML 1.2 (core schema) into trees, with places in bytes.
//! Depends on saphyr's parser; knows nothing of what a document means.

use super::tree::{Builder, Problem, Style, Tree};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::ops::Range;

/// The documents of `text`, empty ones left out, and what is wrong. Reading goes on at the next `---` after an error.
pub fn documents(text: &str) -> (Vec<Tree>, Vec<Problem>) {
    let offsets = Offsets::new(text);
    let mut trees = Vec::new();
    let mut problems = Vec::new();
    let mut builder = Builder::default();
    let mut start = 0;
    loop {
        let mut reader =
            Reader { text, start, first_char: offsets.char(start), offsets: &offsets, builder: &mut builder, trees: &mut trees };
        let Err(problem) = reader.read() else { break };
        let failed_at = problem.span.start.max(start);
        problems.push(problem);
        builder.finish();
        match next_document(text, failed_at) {
            Some(next) => start = next,
            None => break,
        }
    }
    problems.append(&mut builder.problems);
    problems.sort_by_key(|problem| problem.span.start);
    (trees, problems)
}

/// The beginning of the first line after byte `from` that begins a document.
fn next_document(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let at = rest.match_indices("\n---").map(|(at, _)| at).find(|at| {
        let after = rest.get(at + 4..).and_then(|after| after.chars().next());
        after.is_none_or(char::is_whitespace)
    })?;
    Some(from + at + 1)
}

/// From the parser's characters to bytes.
struct Offsets {
    /// The byte of every character, and the end; `None` where all are one byte.
    bytes: Option<Vec<usize>>,
    end: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self { bytes, end: text.len() }
    }

    fn byte(&self, char: usize) -> usize {
        match &self.bytes {
            Some(bytes) => bytes.get(char).copied().unwrap_or(self.end),
            None => char.min(self.end),
        }
    }

    fn char(&self, byte: usize) -> usize {
        match &self.bytes {
            Some(bytes) => bytes.partition_point(|at| *at < byte),
            None => byte,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    start: usize,
    first_char: usize,
    offsets: &'a Offsets,
    builder: &'a mut Builder,
    trees: &'a mut Vec<Tree>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Problem> {
        let mut parser = Parser::new_from_str(self.text.get(self.start..).unwrap_or_default());
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            self.take(event, self.span(span))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), span),
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq", &span)?;
                self.builder.begin_list(span.start, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map", &span)?;
                self.builder.begin_map(span.start, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.builder.end(span.end),
            Event::Alias(anchor) => self.builder.alias(anchor, span),
            Event::DocumentEnd => {
                self.trees.extend(self.builder.finish().filter(|tree| !tree.value.is_null()));
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Range<usize>,
    ) -> Result<(), Problem> {
        let inner = if anchor != 0 || tag.is_some() { self.without_properties(span.clone(), style) } else { span.clone() };
        if self.builder.expects_key() {
            check_tag(tag, "str", &span)?;
            return self.builder.key(&text, inner, style_of(style), anchor);
        }
        let value = scalar(text, style, tag).map_err(|message| problem_of_scalar(message, &span))?;
        self.builder.scalar(value, inner, style_of(style), anchor)
    }

    fn span(&self, span: Span) -> Range<usize> {
        let start = self.offsets.byte(self.first_char + span.start.index());
        start..self.offsets.byte(self.first_char + span.end.index()).max(start)
    }

    /// The scalar without the anchor and tag before it. The parser's places of block scalars begin with the content,
    /// but for these.
    fn without_properties(&self, span: Range<usize>, style: ScalarStyle) -> Range<usize> {
        let mut start = span.start;
        while let Some(rest) = self.text.get(start..span.end) {
            let trimmed = rest.trim_start();
            start = span.end - trimmed.len();
            if !trimmed.starts_with(['&', '!']) {
                break;
            }
            start += trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        }
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            let header = self.text.get(start..span.end).and_then(|raw| raw.find('\n'));
            start = header.map_or(span.end, |end| start + end + 1);
        }
        start..span.end
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        let at = self.offsets.byte(self.first_char + error.marker().index());
        let problem = Problem::new(at..at, format!("not YAML: {}", error.info()));
        match advice(error.info()) {
            Some(advice) => problem.suggest(advice),
            None => problem,
        }
    }
}

/// What to do about the parser's errors that expressions in YAML run into.
fn advice(info: &str) -> Option<&'static str> {
    const QUOTE: &str = "put the whole value in quotes";
    let has = |part: &str| info.contains(part);
    if has("mapping values are not allowed") || has("unknown anchor") || has("cannot start any token") || has("alias") {
        return Some(QUOTE);
    }
    if has("tab") {
        return Some("indent with spaces");
    }
    if has("did not find expected key") || has("did not find expected <document start>") || has("simple key") {
        return Some("check the indentation of this line and the quotes of the one before it");
    }
    None
}

fn problem_of_scalar(message: String, span: &Range<usize>) -> Problem {
    Problem::new(span.clone(), message).suggest("put the whole value in quotes")
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

fn check_tag(tag: Option<&Tag>, wanted: &str, span: &Range<usize>) -> Result<(), Problem> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == wanted) => Err(problem_of_scalar(unknown_tag(tag), span)),
        _ => Ok(()),
    }
}

fn unknown_tag(tag: &Tag) -> String {
    let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
    format!("{} reads as a YAML tag, which means nothing here", super::fields::quoted(&name))
}

/// The value of a scalar, by its style, its tag and the core schema.
fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    match tag {
        None if style == ScalarStyle::Plain => Ok(plain(&text)?.unwrap_or_else(|| text.into())),
        None => Ok(text.into()),
        Some(tag) if tag.is_yaml_core_schema() => {
            let value = if tag.suffix == "str" { None } else { plain(&text)? };
            let value = value.unwrap_or_else(|| text.as_ref().into());
            let fits = match tag.suffix.as_str() {
                "str" => true,
                "null" => value.is_null(),
                "bool" => value.is_boolean(),
                "int" => value.is_i64() || value.is_u64(),
                "float" => value.is_number(),
                _ => return Err(unknown_tag(tag)),
            };
            if fits { Ok(value) } else { Err(format!("{} is no `!!{}`", super::fields::quoted(&text), tag.suffix)) }
        }
        Some(tag) => Err(unknown_tag(tag)),
    }
}

/// What is no text by the core schema: `no`, `on`, `1:30` and dates are.
fn plain(text: &str) -> Result<Option<Value>, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Some(Value::Null)),
        "true" | "True" | "TRUE" => return Ok(Some(true.into())),
        "false" | "False" | "FALSE" => return Ok(Some(false.into())),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Ok(None);
    }
    let radix = |prefix: &str, radix| text.strip_prefix(prefix).and_then(|digits| u64::from_str_radix(digits, radix).ok());
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Ok(Some(number.into()));
    }
    let is_infinite = matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN");
    if !is_infinite && !is_decimal(unsigned) {
        return Ok(None);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Some(number.into()));
    }
    if let Ok(number) = text.parse::<u64>() {
        return Ok(Some(number.into()));
    }
    let number = if is_infinite { None } else { text.parse::<f64>().ok().and_then(Number::from_f64) };
    let number = number.ok_or_else(|| format!("the number {} cannot be written in JSON", super::fields::quoted(text)))?;
    Ok(Some(Value::Number(number)))
}

/// Digits, with at most one point and an exponent.
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    are_digits(whole)
        && are_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|digits| !digits.is_empty() && are_digits(digits))
}
