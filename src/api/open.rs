//! Schemas of values that the API server takes as they are, so that the compiler can say what is wrong in them.
//! Depends on schemars only.

use schemars::{Schema, SchemaGenerator, json_schema};

/// An object of any form.
pub fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// A value of any form: text, a map, ….
pub fn value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// `10m`, `10 minutes`, or a number of milliseconds.
pub fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-int-or-string": true})
}

/// A number, or text that says numbers.
pub fn int_or_text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-int-or-string": true})
}

/// Requests and limits of a container, each a quantity such as `500m` or `2Gi`.
pub fn resources(_: &mut SchemaGenerator) -> Schema {
    let quantities = |what: &str| {
        json_schema!({
            "type": "object",
            "description": what,
            "maxProperties": 20,
            "additionalProperties": {
                "x-kubernetes-int-or-string": true,
                "pattern": r"^[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?$",
            },
        })
    };
    json_schema!({"type": "object", "properties": {"requests": quantities("What a container is given at least."), "limits": quantities("What it may take at most.")}})
}
