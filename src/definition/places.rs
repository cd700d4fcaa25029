//! Where the objects of the files stand, so that a diagnostic about an object can point into its file.
//! Depends on `diagnostic`, `tree` and `scalar`.

use super::scalar;
use super::tree::{Mark, Parts, Style, Tree};
use super::{ActivityModule, Schedule, Workflow};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Location, Segment};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::Range;

/// Everything that a set of files defines.
#[derive(Debug, Default)]
pub struct Documents {
    /// The workflows, in the order of the files.
    pub workflows: Vec<Workflow>,
    /// The activity modules, in the order of the files.
    pub modules: Vec<ActivityModule>,
    /// The schedules, in the order of the files.
    pub schedules: Vec<Schedule>,
    files: Vec<File>,
    objects: HashMap<String, (usize, Tree)>,
    workflow_types: HashMap<String, String>,
}

impl Documents {
    /// The diagnostic with the place in its file, where its object came from one. Its `object` and `path` say where,
    /// its `excerpt` narrows that down to a part of the string; a path that leads past what the user wrote ends at the
    /// last value that is there.
    #[must_use]
    pub fn locate(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self.objects.get(&diagnostic.object) {
            Some((file, tree)) if diagnostic.location.is_none() => self.locate_in(*file, tree, diagnostic),
            _ => diagnostic,
        }
    }

    /// The text of the file of that name, as the places of diagnostics count it (without a byte order mark).
    #[must_use]
    pub fn text_of(&self, file: &str) -> Option<&str> {
        self.files.iter().find(|candidate| candidate.name == file).map(|file| file.text.as_str())
    }

    /// The object (`Workflow/package-build`) as it stands in its file.
    #[must_use]
    pub fn manifest(&self, object: &str) -> Option<&Value> {
        self.objects.get(object).map(|(_, tree)| &tree.value)
    }

    /// The name of the file that defines the object (`Workflow/package-build`).
    #[must_use]
    pub fn file_of(&self, object: &str) -> Option<&str> {
        let (file, _) = self.objects.get(object)?;
        self.file(*file).map(|file| file.name.as_str())
    }

    pub(super) fn file(&self, index: usize) -> Option<&File> {
        self.files.get(index)
    }

    pub(super) fn add_file(&mut self, file: File) -> usize {
        self.files.push(file);
        self.files.len() - 1
    }

    /// Takes an object, or says that there is one of that name already.
    pub(super) fn add_object(&mut self, name: &str, file: usize, tree: Tree) -> Option<Diagnostic> {
        let Some((first_file, first)) = self.objects.get(name) else {
            self.objects.insert(name.to_owned(), (file, tree));
            return None;
        };
        let first = self.place_of_name(*first_file, first);
        let message = format!("{} is defined twice, first at {first}", super::fields::quoted(name));
        let mut diagnostic = Diagnostic::error(Code::DUPLICATE_OBJECT, &name_path(&tree.value), message);
        name.clone_into(&mut diagnostic.object);
        Some(self.locate_in(file, &tree, diagnostic.suggest("rename one of them")))
    }

    /// Takes a workflow whose object was taken; says so if another one has its type.
    pub(super) fn add_workflow(&mut self, workflow: Workflow) -> Option<Diagnostic> {
        let Some(first) = self.workflow_types.get(&workflow.workflow_type.text) else {
            self.workflow_types.insert(workflow.workflow_type.text.clone(), workflow.object.clone());
            self.workflows.push(workflow);
            return None;
        };
        let message = format!("the workflow type `{}` is already that of `{first}`", workflow.workflow_type.text);
        let mut diagnostic = Diagnostic::error(Code::DUPLICATE_OBJECT, &workflow.workflow_type.path, message);
        diagnostic.object = workflow.object;
        Some(self.locate(diagnostic.suggest("give one of them another `workflowType`")))
    }

    pub(super) fn locate_in(&self, file: usize, tree: &Tree, mut diagnostic: Diagnostic) -> Diagnostic {
        let Some(file) = self.file(file) else { return diagnostic };
        let place = find(tree, &diagnostic.path);
        if let Some(path) = &place.moved {
            diagnostic.path = path.clone();
        }
        diagnostic.location = Some(file.location(span_of(file, &place, &diagnostic)));
        diagnostic
    }

    fn place_of_name(&self, file: usize, tree: &Tree) -> String {
        let Some(file) = self.file(file) else { return String::new() };
        let place = find(tree, &name_path(&tree.value));
        let location = file.location(place.mark.span.clone());
        format!("{}:{}", location.file, location.line)
    }
}

fn name_path(value: &Value) -> JsonPath {
    let root = JsonPath::root();
    if value.get("metadata").is_some() { root.key("metadata").key("name") } else { root.key("name") }
}

/// A file's text and where its lines begin.
#[derive(Debug)]
pub struct File {
    pub name: String,
    pub text: String,
    lines: Vec<usize>,
    /// How many characters begin before each block of `BLOCK` bytes.
    blocks: Vec<usize>,
}

const BLOCK: usize = 1024;

/// How many characters begin in `bytes` of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

impl File {
    pub fn new(name: String, text: String) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let blocks = text.as_bytes().chunks(BLOCK).scan(0, |count, block| {
            let before = *count;
            *count += characters(block);
            Some(before)
        });
        let blocks = blocks.collect();
        Self { name, text, lines, blocks }
    }

    /// How many characters begin before byte `at`.
    fn characters_before(&self, at: usize) -> usize {
        let block = at / BLOCK;
        let before = self.blocks.get(block).copied().unwrap_or_else(|| characters(self.text.as_bytes()));
        before + characters(self.text.as_bytes().get(block * BLOCK..at).unwrap_or_default())
    }

    pub fn location(&self, span: Range<usize>) -> Location {
        let line = self.lines.partition_point(|start| *start <= span.start).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let column = self.characters_before(span.start).saturating_sub(self.characters_before(start)) + 1;
        Location { file: self.name.clone(), span, line, column }
    }

    /// The part of `span` that is on its first line.
    fn first_line(&self, span: &Range<usize>) -> Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let line = text.split(['\r', '\n']).next().unwrap_or_default().trim_end();
        span.start..span.start + line.len()
    }
}

/// What a path leads to.
struct Place<'a> {
    mark: &'a Mark,
    value: &'a Value,
    /// The key whose value it is.
    key: Option<&'a Range<usize>>,
    /// Whether the path led all the way.
    is_complete: bool,
    /// Where the value stands really: a field that was merged into `config` from beside it.
    moved: Option<JsonPath>,
}

fn find<'a>(tree: &'a Tree, path: &JsonPath) -> Place<'a> {
    let mut place = Place { mark: &tree.mark, value: &tree.value, key: None, is_complete: true, moved: None };
    let mut outer: Option<(Step<'a>, JsonPath)> = None;
    let mut walked = JsonPath::root();
    for segment in path.segments() {
        let here = Step { mark: place.mark, value: place.value, key: place.key };
        let next = match segment {
            Segment::Index(index) => here.element(*index),
            Segment::Key(key) => here.entry(key),
        };
        let Some(next) = next else {
            // Beside `config` instead of in it?
            let beside = match (segment, &outer) {
                (Segment::Key(key), Some((around, at))) => around.entry(key).map(|step| (step, at.key(key))),
                _ => None,
            };
            let Some((step, at)) = beside else {
                place.is_complete = false;
                return place;
            };
            (place.mark, place.value, place.key) = (step.mark, step.value, step.key);
            walked = at.clone();
            place.moved = Some(at);
            outer = None;
            continue;
        };
        let is_config = matches!(segment, Segment::Key(key) if &**key == "config");
        outer = is_config.then(|| (here, walked.clone()));
        walked = match segment {
            Segment::Index(index) => walked.index(*index),
            Segment::Key(key) => walked.key(key),
        };
        if place.moved.is_some() {
            place.moved = Some(walked.clone());
        }
        (place.mark, place.value, place.key) = (next.mark, next.value, next.key);
    }
    place
}

#[derive(Clone, Copy)]
struct Step<'a> {
    mark: &'a Mark,
    value: &'a Value,
    key: Option<&'a Range<usize>>,
}

impl Step<'_> {
    fn element(self, index: usize) -> Option<Self> {
        let (Parts::List(marks), Value::Array(values)) = (&self.mark.parts, self.value) else { return None };
        Some(Self { mark: marks.get(index)?, value: values.get(index)?, key: None })
    }

    fn entry(self, key: &str) -> Option<Self> {
        let (Parts::Map(entries), Value::Object(values)) = (&self.mark.parts, self.value) else { return None };
        let entry = entries.iter().find(|entry| &*entry.key == key)?;
        Some(Self { mark: &entry.mark, value: values.get(key)?, key: Some(&entry.key_span) })
    }
}

/// The bytes to mark: the part of a string that is meant, a scalar, a key, or what names an object.
fn span_of(file: &File, place: &Place<'_>, diagnostic: &Diagnostic) -> Range<usize> {
    let Place { mark, value, key, is_complete, .. } = place;
    if *is_complete
        && diagnostic.code == Code::UNKNOWN_FIELD
        && let Some(key) = key
    {
        return (*key).clone();
    }
    if mark.style == Style::Container {
        return span_of_container(file, place);
    }
    if let (true, Some(excerpt), Value::String(text)) = (*is_complete, &diagnostic.excerpt, value)
        && excerpt.text == *text
    {
        let raw = file.text.get(mark.span.clone()).unwrap_or_default();
        let part = scalar::locate(raw, mark.style, text, &excerpt.span);
        return mark.span.start + part.start..mark.span.start + part.end;
    }
    match key {
        Some(key) if mark.style == Style::Block => (*key).clone(),
        _ => file.first_line(&mark.span),
    }
}

fn span_of_container(file: &File, place: &Place<'_>) -> Range<usize> {
    if let Some(key) = place.key {
        return key.clone();
    }
    let step = Step { mark: place.mark, value: place.value, key: None };
    let name = ["id", "name", "metadata"].iter().find_map(|key| step.entry(key));
    match name {
        Some(Step { mark, .. }) if mark.style != Style::Container => file.first_line(&mark.span),
        Some(Step { key: Some(key), .. }) => key.clone(),
        _ => file.first_line(&place.mark.span),
    }
}
