//! A compiler's finding, as a status holds it.
//! Depends on schemars only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One finding about a definition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusDiagnostic {
    /// The finding's stable identity, such as `W0104`.
    pub code: String,
    /// `error` or `warning`.
    pub level: String,
    /// The object that it is about, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The JSON path in the object.
    pub path: String,
    /// The id of the node or edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The part of the string at the path that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}
