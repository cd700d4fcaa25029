//! Builds a JSON value and the places of its parts from the tokens of a YAML or JSON reader.
//! Depends on `serde_json` only; knows nothing of either syntax, nor of what a document means.

use serde_json::map::Entry as MapEntry;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// How deep values may be nested; the depth up to which every later walk may recurse.
const DEEPEST: usize = 100;
/// How many bytes anchors and aliases may add to a document, counting what each value takes.
const LARGEST_EXPANSION: usize = 32 << 20;
/// What a value takes besides its text, roughly.
const VALUE_SIZE: usize = 64;

/// How a scalar is written, which says how its text maps to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is, lines folded.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes, with escapes; JSON strings are the same.
    Double,
    /// After `|` or `>`.
    Block,
    /// Not a scalar.
    Container,
}

/// Where a value stands in its file.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Bytes of the file, quotes included, the headers of blocks not.
    pub span: Range<usize>,
    /// How it is written.
    pub style: Style,
    /// The places of its parts.
    pub parts: Parts,
}

/// The places of a value's parts, in the order of the value.
#[derive(Clone, Debug)]
pub enum Parts {
    /// A scalar has none.
    None,
    /// Elements.
    List(Vec<Mark>),
    /// Entries.
    Map(Vec<Entry>),
}

/// Where an entry of an object stands.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Arc<str>,
    /// Bytes of the key in the file.
    pub key_span: Range<usize>,
    /// The value.
    pub mark: Mark,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The document as JSON.
    pub value: Value,
    /// Where its parts stand.
    pub mark: Mark,
}

/// Something wrong in a file.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub suggestion: Option<String>,
}

impl Problem {
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), suggestion: None }
    }

    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

/// Takes tokens in the order of the file and gives a tree.
#[derive(Default)]
pub struct Builder {
    frames: Vec<Frame>,
    done: Option<Tree>,
    keys: HashSet<Arc<str>>,
    anchors: HashMap<usize, Tree>,
    expansion: usize,
    /// What is wrong but does not keep the document from being read.
    pub problems: Vec<Problem>,
}

struct Frame {
    start: usize,
    anchor: usize,
    kind: FrameKind,
}

enum FrameKind {
    List { values: Vec<Value>, marks: Vec<Mark> },
    Map { values: Map<String, Value>, entries: Vec<Entry>, merged: Vec<Tree>, key: Option<Key> },
}

struct Key {
    name: Arc<str>,
    span: Range<usize>,
    is_merge: bool,
}

impl Builder {
    /// Takes a scalar that is no key; `anchor` is 0 for none.
    pub fn scalar(&mut self, value: Value, span: Range<usize>, style: Style, anchor: usize) -> Result<(), Problem> {
        self.complete(Tree { value, mark: Mark { span, style, parts: Parts::None } }, anchor)
    }

    /// Whether the next token is the key of an object.
    pub fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { kind: FrameKind::Map { key: None, .. }, .. }))
    }

    /// Takes a key; `anchor` is 0 for none.
    pub fn key(&mut self, name: &str, span: Range<usize>, style: Style, anchor: usize) -> Result<(), Problem> {
        if anchor != 0 {
            let mark = Mark { span: span.clone(), style, parts: Parts::None };
            self.remember(anchor, &Tree { value: name.into(), mark })?;
        }
        let interned = if let Some(known) = self.keys.get(name) {
            known.clone()
        } else {
            let new: Arc<str> = name.into();
            self.keys.insert(new.clone());
            new
        };
        if let Some(Frame { kind: FrameKind::Map { key, .. }, .. }) = self.frames.last_mut() {
            *key = Some(Key { name: interned, span, is_merge: style == Style::Plain && name == "<<" });
        }
        Ok(())
    }

    /// Begins a list at byte `start`.
    pub fn begin_list(&mut self, start: usize, anchor: usize) -> Result<(), Problem> {
        self.begin(start, anchor, FrameKind::List { values: Vec::new(), marks: Vec::new() })
    }

    /// Begins an object at byte `start`.
    pub fn begin_map(&mut self, start: usize, anchor: usize) -> Result<(), Problem> {
        let kind = FrameKind::Map { values: Map::new(), entries: Vec::new(), merged: Vec::new(), key: None };
        self.begin(start, anchor, kind)
    }

    fn begin(&mut self, start: usize, anchor: usize, kind: FrameKind) -> Result<(), Problem> {
        if self.expects_key() {
            return Err(Problem::new(start..start, "a key is text, not a list or an object")
                .suggest("put a text that begins with `{` or `[` in quotes"));
        }
        if self.frames.len() >= DEEPEST {
            return Err(Problem::new(start..start, format!("values are nested more than {DEEPEST} deep")));
        }
        self.frames.push(Frame { start, anchor, kind });
        Ok(())
    }

    /// Ends the list or object that was begun last.
    pub fn end(&mut self, end: usize) -> Result<(), Problem> {
        let Some(Frame { start, anchor, kind }) = self.frames.pop() else { return Ok(()) };
        let (value, parts) = match kind {
            FrameKind::List { values, marks } => (Value::Array(values), Parts::List(marks)),
            FrameKind::Map { mut values, mut entries, merged, .. } => {
                for tree in merged {
                    merge(&mut values, &mut entries, tree);
                }
                (Value::Object(values), Parts::Map(entries))
            }
        };
        let mark = Mark { span: start..end.max(start), style: Style::Container, parts };
        self.complete(Tree { value, mark }, anchor)
    }

    /// Takes a reference to an earlier value.
    pub fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(), Problem> {
        if self.expects_key() {
            return Err(Problem::new(span, "an alias cannot be a key"));
        }
        let Some(tree) = self.anchors.get(&anchor) else {
            return Err(Problem::new(span, "the alias stands inside the value that it refers to"));
        };
        if self.frames.len() + depth(&tree.value) > DEEPEST {
            return Err(Problem::new(span, format!("with the alias, values are nested more than {DEEPEST} deep")));
        }
        self.expansion = self.expansion.saturating_add(size(&tree.value));
        check_expansion(self.expansion, &span)?;
        let tree = tree.clone();
        self.complete(tree, 0)
    }

    fn remember(&mut self, anchor: usize, tree: &Tree) -> Result<(), Problem> {
        if anchor != 0 {
            self.expansion = self.expansion.saturating_add(size(&tree.value));
            check_expansion(self.expansion, &tree.mark.span)?;
            self.anchors.insert(anchor, tree.clone());
        }
        Ok(())
    }

    /// The finished document, if there was one; the builder is then ready for the next.
    pub fn finish(&mut self) -> Option<Tree> {
        self.frames.clear();
        self.anchors.clear();
        self.expansion = 0;
        self.done.take()
    }

    fn complete(&mut self, tree: Tree, anchor: usize) -> Result<(), Problem> {
        self.remember(anchor, &tree)?;
        let Some(frame) = self.frames.last_mut() else {
            self.done = Some(tree);
            return Ok(());
        };
        match &mut frame.kind {
            FrameKind::List { values, marks } => {
                values.push(tree.value);
                marks.push(tree.mark);
            }
            FrameKind::Map { values, entries, merged, key } => match key.take() {
                Some(key) if key.is_merge => merged.extend(to_merge(tree, &key.span)?),
                Some(key) => {
                    if let Some(problem) = insert(values, entries, key, tree) {
                        self.problems.push(problem);
                    }
                }
                None => {}
            },
        }
        Ok(())
    }
}

/// Adds an entry; the first of a key stays, another one is a problem.
fn insert(values: &mut Map<String, Value>, entries: &mut Vec<Entry>, key: Key, tree: Tree) -> Option<Problem> {
    let MapEntry::Vacant(place) = values.entry(&*key.name) else {
        let message = format!("the key {} stands twice in one object", super::fields::quoted(&key.name));
        return Some(Problem::new(key.span, message).suggest("remove one, or rename it"));
    };
    place.insert(tree.value);
    entries.push(Entry { key: key.name, key_span: key.span, mark: tree.mark });
    None
}

/// The objects that the value of a merge key (`<<`) stands for.
fn to_merge(tree: Tree, key: &Range<usize>) -> Result<Vec<Tree>, Problem> {
    let wrong = || Problem::new(key.clone(), "`<<` merges an object, or a list of objects");
    match (tree.value, tree.mark) {
        (value @ Value::Object(_), mark) => Ok(vec![Tree { value, mark }]),
        (Value::Array(values), Mark { parts: Parts::List(marks), .. }) if values.iter().all(Value::is_object) => {
            Ok(values.into_iter().zip(marks).map(|(value, mark)| Tree { value, mark }).collect())
        }
        _ => Err(wrong()),
    }
}

/// Adds the entries of `tree` whose keys are not there yet.
fn merge(values: &mut Map<String, Value>, entries: &mut Vec<Entry>, tree: Tree) {
    let (Value::Object(object), Parts::Map(marks)) = (tree.value, tree.mark.parts) else { return };
    for ((name, value), entry) in object.into_iter().zip(marks) {
        if !values.contains_key(&name) {
            values.insert(name, value);
            entries.push(entry);
        }
    }
}

fn check_expansion(bytes: usize, span: &Range<usize>) -> Result<(), Problem> {
    if bytes <= LARGEST_EXPANSION {
        return Ok(());
    }
    Err(Problem::new(span.clone(), "the aliases of the document expand to more than 32 MiB").suggest("write the values out, or use fewer"))
}

fn size(value: &Value) -> usize {
    VALUE_SIZE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(size).sum(),
            Value::Object(values) => values.iter().map(|(key, value)| key.len() + size(value)).sum(),
            _ => 0,
        }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(values) => 1 + values.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
