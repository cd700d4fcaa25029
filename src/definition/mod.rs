//! What the builder exports, as types: ids, values and JSON paths; untrusted, with no meaning yet.
//! Depends on `diagnostic` only; must not know what any node type means, nor read files: texts are handed in.
#![deny(clippy::disallowed_methods)]

mod duration;
mod essence;
mod fields;
mod graph;
mod json;
mod natural;
mod object;
mod places;
mod scalar;
mod source;
mod tree;
mod yaml;

pub use duration::Duration;
pub use essence::{essence, words};
pub use fields::Fields;
pub use object::{module_from_value, schedule_from_value, workflow_from_value, workflow_type_of};
pub use places::Documents;
pub use source::{SourceFile, read, values};

use crate::diagnostic::JsonPath;

/// A string that a user wrote, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The string, after YAML or JSON decoding.
    pub text: String,
    /// The place in the object.
    pub path: JsonPath,
}

/// A value that a user wrote, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The value, as JSON.
    pub value: serde_json::Value,
    /// The place in the object.
    pub path: JsonPath,
}

/// How executions of a workflow move to new versions, as Temporal names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersioningBehavior {
    /// An execution stays on the version it began on.
    #[default]
    Pinned,
    /// An execution moves to the current version.
    AutoUpgrade,
}

/// A `Workflow` object, or a bare export of the builder.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// The object's name.
    pub name: String,
    /// `Workflow/` and the name, as diagnostics show it.
    pub object: String,
    /// The exported function; where the user gave none, made of the name, at the place of the name.
    pub workflow_type: Text,
    /// The task queue that the workflow runs on.
    pub task_queue: String,
    /// How executions move to new versions.
    pub versioning_behavior: VersioningBehavior,
    /// Where a run that continues as new goes on on the current version; none where it stays on its own.
    pub upgrade: Option<Upgrade>,
    /// The type of the input: a string, or the map form.
    pub input: Option<Field>,
    /// The type of the output: a string, or the map form.
    pub output: Option<Field>,
    /// The type of the state: a string, or the map form.
    pub state: Option<Field>,
    /// TypeScript type declarations.
    pub types: Option<Text>,
    /// TypeScript functions.
    pub helpers: Option<Text>,
    /// Places of the state that nobody is shown.
    pub redact: Vec<Text>,
    /// The drawing.
    pub definition: Definition,
    /// The place of the spec, or of the bare export.
    pub path: JsonPath,
}

/// `onContinueAsNew: Upgrade`, and what brings older states up.
#[derive(Clone, Debug, PartialEq)]
pub struct Upgrade {
    /// The place of `onContinueAsNew`.
    pub path: JsonPath,
    /// The states of earlier versions, the oldest first: each becomes the next one's, the last the state of today.
    pub migrations: Vec<Migration>,
}

/// One element of `migrations`.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The type of the older state: a string, or the map form.
    pub from: Field,
    /// A function of that state, or the name of a helper: it gives the state that came next.
    pub migrate: Text,
}

/// Nodes and edges, containers flattened, sorted by id in natural order: the order in the file never matters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    /// The nodes; ids are unique, parents exist and hold no cycle.
    pub nodes: Vec<Node>,
    /// The edges; ids are unique, sources and targets exist.
    pub edges: Vec<Edge>,
    /// The elements of `signals`, by name.
    pub signals: Vec<Field>,
    /// The elements of `queries`, by name.
    pub queries: Vec<Field>,
    /// What runs at the workflow's end.
    pub cleanup: Option<Field>,
    /// Whether nodes, edges or parents were left out because of an error, so that what the graph lacks may be no mistake.
    pub is_partial: bool,
    /// The place of the object that holds `nodes`.
    pub path: JsonPath,
}

/// One node of the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The node's id.
    pub id: String,
    /// The node's type; may be unknown.
    pub kind: String,
    /// What the drawing shows on the node.
    pub label: Option<String>,
    /// An object: `config`, and the other keys of `data` merged in; without nested `nodes` and `edges`.
    pub config: Field,
    /// The id of the container that holds the node.
    pub parent: Option<String>,
    /// The place of the node.
    pub path: JsonPath,
    /// The place of its type.
    pub kind_path: JsonPath,
}

/// One edge of the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The id in the file, or `source->target` (`source->target:handle`) where there is none.
    pub id: String,
    /// The id of the node it leaves.
    pub source: String,
    /// The id of the node it enters.
    pub target: String,
    /// Which side of the source it leaves by, such as `true`.
    pub source_handle: Option<String>,
    /// An expression: the edge is taken where it holds.
    pub condition: Option<Text>,
    /// The id of the node to jump forward to where the condition does not hold.
    pub skip_to: Option<Text>,
    /// The place of the edge.
    pub path: JsonPath,
}

/// An `ActivityModule` object.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityModule {
    /// The object's name.
    pub name: String,
    /// `ActivityModule/` and the name, as diagnostics show it.
    pub object: String,
    /// `path`: a folder with a package.json, relative to the file.
    pub path_in_source: Option<Text>,
    /// `npm`: a package of the registry.
    pub npm: Option<NpmPackage>,
    /// `source`: where the files of a package are, an object.
    pub source: Option<Field>,
    /// `image`: a ready worker image.
    pub image: Option<Text>,
    /// Which export of the package holds the activities, such as `./build`.
    pub module: Option<Text>,
    /// The task queue whose workers serve the activities; the workflow's own where absent.
    pub task_queue: Option<String>,
    /// Default timeouts, an object.
    pub timeout: Option<Field>,
    /// Default retry policy, an object.
    pub retry: Option<Field>,
    /// The declared activities, by name in natural order.
    pub activities: Vec<DeclaredActivity>,
    /// TypeScript declarations that the signatures use.
    pub types: Option<Text>,
    /// The place of the spec.
    pub path: JsonPath,
}

/// A `Schedule` object.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The object's name.
    pub name: String,
    /// `Schedule/` and the name, as diagnostics show it.
    pub object: String,
    /// The name of the `Workflow` that it starts.
    pub workflow: Text,
    /// The whole spec, an object with no fields that no Schedule has.
    pub spec: Field,
}

/// A package of the npm registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpmPackage {
    /// The package's name, such as `@acme/build-activities`.
    pub package: Text,
    /// The version; the newest where absent.
    pub version: Option<Text>,
}

/// What an `ActivityModule` says about one activity.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredActivity {
    /// The activity's name.
    pub name: Text,
    /// A TypeScript function type.
    pub signature: Option<Text>,
    /// A JSON Schema of the input, in place of the signature.
    pub input: Option<Field>,
    /// A JSON Schema of the output, in place of the signature.
    pub output: Option<Field>,
    /// Timeouts, an object.
    pub timeout: Option<Field>,
    /// Retry policy, an object.
    pub retry: Option<Field>,
}
