//! Reads nodes and edges from their forms.

use super::check;
use crate::definition::fields::{Fields, quoted};
use crate::definition::{Definition, Edge, Field, Node, Text, natural};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use serde_json::{Map, Value};

/// What the canvas keeps on a node: where it is drawn and how.
const NODE_CANVAS: &[&str] = &[
    "position", "positionAbsolute", "width", "height", "initialWidth", "initialHeight", "measured", "selected", "dragging", "resizing",
    "style", "className", "draggable", "selectable", "connectable", "deletable", "focusable", "extent", "expandParent", "zIndex", "hidden",
    "ariaLabel", "ariaRole", "domAttributes", "origin", "handles", "sourcePosition", "targetPosition", "dragHandle",
];
/// What the canvas keeps on an edge.
const EDGE_CANVAS: &[&str] = &[
    "type", "label", "labelStyle", "labelShowBg", "labelBgStyle", "labelBgPadding", "labelBgBorderRadius", "targetHandle", "style",
    "className", "animated", "selected", "selectable", "deletable", "focusable", "reconnectable", "updatable", "hidden", "zIndex",
    "ariaLabel", "ariaRole", "domAttributes", "markerStart", "markerEnd", "interactionWidth", "pathOptions", "sourceX", "sourceY",
    "targetX", "targetY", "sourceNode", "targetNode",
];
/// Keys of `data` that are no part of the config.
const DATA_KEYS: &[&str] = &["label", "config", "nodes", "edges"];
/// Keys of the config that are nested nodes.
const NESTED_KEYS: &[&str] = &["nodes", "edges"];

/// Reads the definition whose `nodes` are among `fields`.
pub fn read(fields: &Fields<'_>, path: &JsonPath, report: &Report) -> Definition {
    let mut drawing = Drawing { nodes: Vec::new(), edges: Vec::new(), report };
    fields.require("nodes");
    drawing.container(fields, None);
    let cleanup = fields.object("cleanup");
    let (signals, queries) = (by_name(fields.list("signals")), by_name(fields.list("queries")));
    let nodes = check::nodes(drawing.nodes, report);
    let edges = check::edges(drawing.edges, &nodes, report);
    Definition { nodes, edges, signals, queries, cleanup, path: path.clone() }
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

/// A node, and where it names its parent.
pub struct RawNode {
    pub node: Node,
    pub parent_path: JsonPath,
}

/// An edge, and whether its id is from the file.
pub struct RawEdge {
    pub edge: Edge,
    pub has_id: bool,
}

struct Drawing<'a> {
    nodes: Vec<RawNode>,
    edges: Vec<RawEdge>,
    report: &'a Report,
}

impl Drawing<'_> {
    fn container(&mut self, fields: &Fields<'_>, parent: Option<&str>) {
        for (value, path) in fields.list_ref("nodes").unwrap_or_default() {
            self.node(value, &path, parent);
        }
        for (value, path) in fields.list_ref("edges").unwrap_or_default() {
            self.edge(value, &path);
        }
    }

    fn node(&mut self, value: &Value, path: &JsonPath, outer: Option<&str>) {
        let id = value.get("id").and_then(Value::as_str);
        let fields = Fields::of(value, path, id, "a node", self.report)
            .dropping(NODE_CANVAS)
            .hint("the fields of a type belong into `config`");
        let (id, kind) = (fields.required_text("id"), fields.required_text("type"));
        let data = fields.object_ref("data");
        let own_config = fields.object_ref("config");
        let label = fields.text("label");
        let (parent, parent_path) = self.parent(&fields, outer);
        let id = id.map(|id| id.text);
        self.container(&fields, id.as_deref());
        let mut config = Config { value: Map::new(), path: path.key("config"), node: id.as_deref(), report: self.report };
        let mut data_label = None;
        if let Some((data, data_path)) = &data {
            let fields = Fields::of(data, data_path, id.as_deref(), "the data", self.report);
            data_label = fields.text("label");
            self.container(&fields, id.as_deref());
            config.path = data_path.clone();
            if let Some((inner, inner_path)) = fields.object_ref("config") {
                config.path = inner_path;
                config.add(inner, NESTED_KEYS);
                self.nested(inner, &config.path, id.as_deref());
            }
        }
        if let Some((own, own_path)) = &own_config {
            if config.value.is_empty() {
                config.path = own_path.clone();
            }
            config.add(own, NESTED_KEYS);
            self.nested(own, own_path, id.as_deref());
        }
        if let Some((data, _)) = &data {
            config.add(data, DATA_KEYS);
        }
        if let Some(description) = fields.text("description") {
            config.add_field("description", &description.text.into());
        }
        fields.finish();
        let (config, config_path) = (Value::Object(config.value), config.path);
        let (Some(id), Some(kind)) = (id, kind) else { return };
        self.nodes.push(RawNode {
            node: Node {
                id,
                kind: kind.text,
                label: data_label.or(label).map(|label| label.text),
                config: Field { value: config, path: config_path },
                parent,
                path: path.clone(),
                kind_path: kind.path,
            },
            parent_path,
        });
    }

    fn nested(&mut self, config: &Value, path: &JsonPath, id: Option<&str>) {
        let fields = Fields::of(config, path, id, "the config", self.report);
        self.container(&fields, id);
    }

    /// The parent that the node names, or the container that it is nested in.
    fn parent(&self, fields: &Fields<'_>, outer: Option<&str>) -> (Option<String>, JsonPath) {
        let named = fields.text("parentId").or_else(|| fields.text("parentNode"));
        fields.known(&["parentNode"]);
        let Some(named) = named else { return (outer.map(str::to_owned), fields.field_path("parentId")) };
        if let Some(outer) = outer.filter(|outer| *outer != named.text) {
            let message = format!("the node stands in {} but names {} as its parent", quoted(outer), quoted(&named.text));
            self.report.push(
                Diagnostic::error(Code::CONTAINER, &named.path, message)
                    .excerpt(&named.text, 0..named.text.len())
                    .suggest("leave the parent away, or move the node"),
            );
            return (Some(outer.to_owned()), named.path);
        }
        (Some(named.text), named.path)
    }

    fn edge(&mut self, value: &Value, path: &JsonPath) {
        let given = value.get("id").and_then(Value::as_str);
        let fields = Fields::of(value, path, given, "an edge", self.report).dropping(EDGE_CANVAS);
        let (id, source, target) = (fields.text("id"), fields.required_text("source"), fields.required_text("target"));
        let source_handle = handle(&fields);
        let (mut condition, mut skip_to) = (fields.text("condition"), fields.text("skipTo"));
        if let Some((data, path)) = fields.object_ref("data") {
            let fields = Fields::of(data, &path, given, "the data of an edge", self.report).dropping(&["label"]);
            let inner = fields.text("condition");
            self.check_same(given, condition.as_ref(), inner.as_ref());
            condition = condition.or(inner);
            let inner = fields.text("skipTo");
            self.check_same(given, skip_to.as_ref(), inner.as_ref());
            skip_to = skip_to.or(inner);
            fields.finish();
        }
        fields.finish();
        let (Some(source), Some(target)) = (source, target) else { return };
        let has_id = id.is_some();
        let id = id.map_or_else(|| default_id(&source.text, &target.text, source_handle.as_deref()), |id| id.text);
        let edge = Edge { id, source: source.text, target: target.text, source_handle, condition, skip_to, path: path.clone() };
        self.edges.push(RawEdge { edge, has_id });
    }

    fn check_same(&self, edge: Option<&str>, outer: Option<&Text>, inner: Option<&Text>) {
        if let (Some(outer), Some(inner)) = (outer, inner)
            && outer.text != inner.text
        {
            let message = format!("the edge says it twice and differently: {} and {}", quoted(&outer.text), quoted(&inner.text));
            let diagnostic = Diagnostic::error(Code::CONFLICT, &inner.path, message).suggest("keep one of them");
            self.report.push(match edge {
                Some(edge) => diagnostic.node(edge),
                None => diagnostic,
            });
        }
    }
}

/// The handle; `true` and `false` need no quotes.
fn handle(fields: &Fields<'_>) -> Option<String> {
    match fields.value("sourceHandle")?.value {
        Value::Bool(side) => Some(side.to_string()),
        _ => fields.text("sourceHandle").map(|text| text.text),
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
