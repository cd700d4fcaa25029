//! Reads nodes and edges from their forms.

use super::check;
use crate::definition::fields::{Fields, quoted};
use crate::definition::{Definition, Edge, Field, Node, Text, natural};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What the canvas keeps on a node: where it is drawn and how.
pub const NODE_CANVAS: &[&str] = &[
    "position",
    "positionAbsolute",
    "width",
    "height",
    "initialWidth",
    "initialHeight",
    "measured",
    "selected",
    "dragging",
    "resizing",
    "style",
    "className",
    "draggable",
    "selectable",
    "connectable",
    "deletable",
    "focusable",
    "extent",
    "expandParent",
    "zIndex",
    "hidden",
    "ariaLabel",
    "ariaRole",
    "domAttributes",
    "origin",
    "handles",
    "sourcePosition",
    "targetPosition",
    "dragHandle",
];
/// What the canvas keeps on an edge.
pub const EDGE_CANVAS: &[&str] = &[
    "type",
    "label",
    "labelStyle",
    "labelShowBg",
    "labelBgStyle",
    "labelBgPadding",
    "labelBgBorderRadius",
    "targetHandle",
    "style",
    "className",
    "animated",
    "selected",
    "selectable",
    "deletable",
    "focusable",
    "reconnectable",
    "updatable",
    "hidden",
    "zIndex",
    "ariaLabel",
    "ariaRole",
    "domAttributes",
    "markerStart",
    "markerEnd",
    "interactionWidth",
    "pathOptions",
    "sourceX",
    "sourceY",
    "targetX",
    "targetY",
    "sourceNode",
    "targetNode",
];
/// Keys of `data` that are no part of the config.
const DATA_KEYS: &[&str] = &["label", "config", "nodes", "edges"];
/// Keys of the config that are nested nodes.
const NESTED_KEYS: &[&str] = &["nodes", "edges"];

/// Reads the definition whose `nodes` are among `fields`.
pub fn read(fields: &Fields<'_>, path: &JsonPath, report: &Report) -> Definition {
    let mut drawing = Drawing { nodes: Vec::new(), edges: Vec::new(), broken: HashSet::new(), is_partial: false, report };
    fields.require("nodes");
    drawing.container(fields, None);
    let cleanup = fields.object("cleanup");
    let (signals, queries) = (by_name(fields.list("signals")), by_name(fields.list("queries")));
    let errors = report.errors();
    let nodes = check::nodes(drawing.nodes, &drawing.broken, report);
    let edges = check::edges(drawing.edges, &nodes, &drawing.broken, report);
    let is_partial = drawing.is_partial || report.errors() > errors;
    Definition { nodes, edges, signals, queries, cleanup, is_partial, path: path.clone() }
}

fn by_name(elements: Option<Vec<Field>>) -> Vec<Field> {
    let name = |field: &Field| field.value.get("name").and_then(Value::as_str).map(str::to_owned);
    let mut elements = elements.unwrap_or_default();
    elements.sort_by(|a, b| match (name(a), name(b)) {
        (Some(a), Some(b)) => natural::compare(&a, &b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    elements
}

/// A node, and the field that names its parent.
pub struct RawNode {
    pub node: Node,
    pub parent_field: &'static str,
}

/// An edge, and whether its id is from the file.
pub struct RawEdge {
    pub edge: Edge,
    pub has_id: bool,
}

struct Drawing<'a> {
    nodes: Vec<RawNode>,
    edges: Vec<RawEdge>,
    /// The ids of nodes that were left out because of an error.
    broken: HashSet<String>,
    /// Whether anything was left out.
    is_partial: bool,
    report: &'a Report,
}

impl Drawing<'_> {
    fn container(&mut self, fields: &Fields<'_>, parent: Option<&str>) {
        for (value, path) in self.elements(fields, "nodes") {
            self.node(value, &path, parent);
        }
        for (value, path) in self.elements(fields, "edges") {
            self.edge(value, &path);
        }
    }

    fn elements<'v>(&mut self, fields: &Fields<'v>, name: &str) -> Vec<(&'v Value, JsonPath)> {
        let elements = fields.list_ref(name);
        self.is_partial |= elements.is_none() && fields.has(name);
        elements.unwrap_or_default()
    }

    fn node(&mut self, value: &Value, path: &JsonPath, outer: Option<&str>) {
        let id = value.get("id").and_then(Value::as_str);
        let fields =
            Fields::of(value, path, id, "a node", self.report).dropping(NODE_CANVAS).hint("the fields of a type belong into `config`");
        let (id, kind) = (fields.required_string("id"), fields.required_string("type"));
        let data = fields.object_ref("data");
        let own_config = fields.object_ref("config");
        let label = fields.string("label");
        let (parent, parent_field) = parent_of(&fields, outer);
        self.container(&fields, id);
        let mut config = Config { value: Map::new(), path: path.key("config"), node: id, report: self.report };
        let mut data_label = None;
        if let Some((data, data_path)) = &data {
            let fields = Fields::of(data, data_path, id, "the data", self.report);
            data_label = fields.string("label");
            self.container(&fields, id);
            config.path = data_path.clone();
            if let Some((inner, inner_path)) = fields.object_ref("config") {
                config.path = inner_path;
                config.add(inner, NESTED_KEYS);
                self.nested(inner, &config.path, id);
            }
        }
        if let Some((own, own_path)) = &own_config {
            if config.value.is_empty() {
                config.path = own_path.clone();
            }
            config.add(own, NESTED_KEYS);
            self.nested(own, own_path, id);
        }
        if let Some((data, _)) = &data {
            config.add(data, DATA_KEYS);
        }
        if let Some(description) = fields.text("description") {
            config.add_field("description", &description.text.into());
        }
        fields.finish();
        let (config, config_path) = (Value::Object(config.value), config.path);
        let (Some(id), Some(kind)) = (id, kind) else {
            self.broken.extend(id.map(str::to_owned));
            self.is_partial = true;
            return;
        };
        self.nodes.push(RawNode {
            node: Node {
                id: id.to_owned(),
                kind: kind.to_owned(),
                label: data_label.or(label).map(str::to_owned),
                config: Field { value: config, path: config_path },
                parent: parent.map(str::to_owned),
                path: path.clone(),
                kind_path: path.key("type"),
            },
            parent_field,
        });
    }

    fn nested(&mut self, config: &Value, path: &JsonPath, id: Option<&str>) {
        let fields = Fields::of(config, path, id, "the config", self.report);
        self.container(&fields, id);
    }

    fn edge(&mut self, value: &Value, path: &JsonPath) {
        let given = value.get("id").and_then(Value::as_str);
        let fields = Fields::of(value, path, given, "an edge", self.report).dropping(EDGE_CANVAS);
        let (id, source, target) = (fields.string("id"), fields.required_string("source"), fields.required_string("target"));
        let source_handle = handle(&fields);
        let (mut condition, mut skip_to) = (fields.text("condition"), fields.text("skipTo"));
        if let Some((data, path)) = fields.object_ref("data") {
            let fields = Fields::of(data, &path, given, "the data of an edge", self.report).dropping(&["label"]);
            condition = same(condition, fields.text("condition"), &fields);
            skip_to = same(skip_to, fields.text("skipTo"), &fields);
            fields.finish();
        }
        fields.finish();
        let (Some(source), Some(target)) = (source, target) else {
            self.is_partial = true;
            return;
        };
        let has_id = id.is_some();
        let id = id.map_or_else(|| default_id(source, target, source_handle.as_deref()), str::to_owned);
        let (source, target) = (source.to_owned(), target.to_owned());
        let edge = Edge { id, source, target, source_handle, condition, skip_to, path: path.clone() };
        self.edges.push(RawEdge { edge, has_id });
    }
}

/// The parent that the node names, or the container that it is nested in, and the field that says so.
fn parent_of<'a>(fields: &Fields<'a>, outer: Option<&'a str>) -> (Option<&'a str>, &'static str) {
    let (new, old) = (fields.string("parentId"), fields.string("parentNode"));
    let field = if new.is_none() && old.is_some() { "parentNode" } else { "parentId" };
    let named = new.or(old);
    if let (Some(outer), Some(named)) = (outer, named)
        && outer != named
    {
        let message = format!("the node stands in {} but names {} as its parent", quoted(outer), quoted(named));
        fields.push(
            Diagnostic::error(Code::CONTAINER, &fields.field_path(field), message)
                .excerpt(named, 0..named.len())
                .suggest("leave the parent away, or move the node"),
        );
    }
    (outer.or(named), field)
}

/// What stands on the edge or in its data; both only if they are the same.
fn same(outer: Option<Text>, inner: Option<Text>, fields: &Fields<'_>) -> Option<Text> {
    if let (Some(outer), Some(inner)) = (&outer, &inner)
        && outer.text != inner.text
    {
        let message = format!("the edge says it twice and differently: {} and {}", quoted(&outer.text), quoted(&inner.text));
        fields.push(Diagnostic::error(Code::CONFLICT, &inner.path, message).suggest("keep one of them"));
    }
    outer.or(inner)
}

/// The handle; `true` and `false` need no quotes.
fn handle(fields: &Fields<'_>) -> Option<String> {
    match fields.value("sourceHandle")?.value {
        Value::Bool(side) => Some(side.to_string()),
        _ => fields.string("sourceHandle").map(str::to_owned),
    }
}

fn default_id(source: &str, target: &str, handle: Option<&str>) -> String {
    match handle {
        Some(handle) => format!("{source}->{target}:{handle}"),
        None => format!("{source}->{target}"),
    }
}

/// A config that is put together from where a builder keeps its parts.
struct Config<'a> {
    value: Map<String, Value>,
    path: JsonPath,
    node: Option<&'a str>,
    report: &'a Report,
}

impl Config<'_> {
    fn add(&mut self, object: &Value, except: &[&str]) {
        for (key, value) in object.as_object().into_iter().flatten() {
            if !except.contains(&key.as_str()) {
                self.add_field(key, value);
            }
        }
    }

    fn add_field(&mut self, key: &str, value: &Value) {
        let Some(there) = self.value.get(key) else {
            self.value.insert(key.to_owned(), value.clone());
            return;
        };
        if there != value {
            let message = format!("{} stands in the config and beside it, with two values", quoted(key));
            let diagnostic = Diagnostic::error(Code::CONFLICT, &self.path.key(key), message).suggest("keep one of them");
            self.report.push(match self.node {
                Some(node) => diagnostic.node(node),
                None => diagnostic,
            });
        }
    }
}
