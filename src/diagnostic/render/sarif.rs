//! SARIF 2.1.0, which code hosts and editors show beside the lines.

use super::super::{Code, Diagnostic, Location};
use super::files::Files;
use super::json::level;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A log of one run, with every code as a rule. `file_text` gives the text of a file that a location names.
pub fn sarif(diagnostics: &[Diagnostic], file_text: &dyn Fn(&str) -> Option<String>) -> Value {
    let mut files = Files::new(file_text);
    let results: Vec<_> = diagnostics.iter().map(|diagnostic| result(diagnostic, &mut files)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "warpline",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().map(|(code, title)| json!({"id": code.to_string(), "shortDescription": {"text": title}})).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(diagnostic: &Diagnostic, files: &mut Files<'_>) -> Value {
    let mut message = diagnostic.message.clone();
    if let Some(suggestion) = &diagnostic.suggestion {
        message.push_str("; ");
        message.push_str(suggestion);
    }
    let mut logical = Map::new();
    logical.extend(diagnostic.node.as_deref().map(|node| ("name".to_owned(), node.into())));
    logical.insert("fullyQualifiedName".to_owned(), format!("{}#{}", diagnostic.object, diagnostic.path).into());
    logical.insert("kind".to_owned(), "object".into());
    let mut location = Map::new();
    location.insert("logicalLocations".to_owned(), json!([logical]));
    location.extend(diagnostic.location.as_ref().map(|place| ("physicalLocation".to_owned(), physical(place, files))));
    json!({
        "ruleId": diagnostic.code.to_string(),
        "ruleIndex": Code::ALL.iter().position(|(code, _)| *code == diagnostic.code),
        "level": level(diagnostic.level),
        "message": {"text": message},
        "locations": [location],
    })
}

fn physical(place: &Location, files: &mut Files<'_>) -> Value {
    let mut region = Map::new();
    region.insert("startLine".to_owned(), place.line.into());
    region.insert("startColumn".to_owned(), place.column.into());
    if let Some((line, column)) = files.end(place) {
        region.insert("endLine".to_owned(), line.into());
        region.insert("endColumn".to_owned(), column.into());
    }
    json!({"artifactLocation": {"uri": uri(&place.file)}, "region": region})
}

/// The file's name as a relative reference.
fn uri(file: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~');
    file.replace('\\', "/").bytes().fold(String::new(), |mut uri, byte| {
        if is_plain(byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
