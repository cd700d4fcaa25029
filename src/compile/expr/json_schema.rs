//! JSON Schema → type, for activities whose input and output are declared so. Depends on `shape`; knows nothing of oxc.

use super::super::ts::Type;
use super::shape::{Field, Shape, literal, override_fields, to_type, union};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use serde_json::{Map, Value};
use std::cell::Cell;

/// How deep a schema, its references followed, may be nested.
const DEEPEST: usize = 40;

/// How many parts a schema, its references followed, may have.
const LARGEST: usize = 10_000;

/// The type that a JSON Schema describes: objects, arrays, tuples, `enum`, `const`, `oneOf`, `anyOf`, `allOf` of objects, `$ref` into
/// its own `definitions` or `$defs`, `nullable`, `required`, `additionalProperties`. What is wrong goes to `report`.
pub fn from_json_schema(schema: &Value, path: &JsonPath, report: &Report) -> Option<(Type, Shape)> {
    let reader = Reader { root: schema, path, report, depth: Cell::new(0), parts: Cell::new(0) };
    let shape = reader.shape(schema, path, &mut Vec::new())?;
    Some((to_type(&shape), shape))
}

struct Reader<'s> {
    root: &'s Value,
    path: &'s JsonPath,
    report: &'s Report,
    depth: Cell<usize>,
    parts: Cell<usize>,
}

impl<'s> Reader<'s> {
    fn wrong<T>(&self, code: Code, path: &JsonPath, message: impl Into<String>, advice: &str) -> Option<T> {
        self.report.push(Diagnostic::error(code, path, message).suggest(advice));
        None
    }

    /// `open` holds the references that are being followed.
    fn shape(&self, schema: &'s Value, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        let fields = match schema {
            Value::Bool(_) => return Some(Shape::Unknown),
            Value::Object(fields) => fields,
            _ => return self.wrong(Code::SHAPE, path, "this is not a JSON Schema", "write an object, such as {type: 'string'}"),
        };
        self.parts.set(self.parts.get() + 1);
        if self.depth.get() > DEEPEST || self.parts.get() > LARGEST {
            return self.wrong(Code::INVALID_VALUE, path, "the schema is too large or nested too deep", "declare a TypeScript type");
        }
        self.depth.set(self.depth.get() + 1);
        let shape = self.whole(fields, path, open);
        self.depth.set(self.depth.get() - 1);
        let shape = shape?;
        let nullable = fields.get("nullable").and_then(Value::as_bool).unwrap_or(false);
        Some(if nullable { union(vec![shape, primitive("null")]) } else { shape })
    }

    fn whole(&self, fields: &'s Map<String, Value>, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        if let Some(reference) = fields.get("$ref") {
            return self.reference(reference, &path.key("$ref"), open);
        }
        if let Some(value) = fields.get("const") {
            return self.constant(value, &path.key("const"));
        }
        if let Some(values) = fields.get("enum") {
            let at = path.key("enum");
            let values = values.as_array().filter(|values| !values.is_empty());
            let Some(values) = values else {
                return self.wrong(Code::SHAPE, &at, "`enum` takes a list of values", "list at least one value");
            };
            let members = values.iter().enumerate().map(|(position, value)| self.constant(value, &at.index(position)));
            return Some(union(members.collect::<Option<_>>()?));
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(members) = fields.get(key) {
                return Some(union(self.list(members, &path.key(key), open)?));
            }
        }
        if let Some(members) = fields.get("allOf") {
            return self.all_of(members, fields, path, open);
        }
        self.typed(fields, path, open)
    }

    fn list(&self, members: &'s Value, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Vec<Shape>> {
        let Some(members) = members.as_array().filter(|members| !members.is_empty()) else {
            return self.wrong(Code::SHAPE, path, "a list of schemas belongs here", "list at least one schema");
        };
        members.iter().enumerate().map(|(position, member)| self.shape(member, &path.index(position), open)).collect()
    }

    fn all_of(&self, members: &'s Value, fields: &'s Map<String, Value>, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        let mut shapes = self.list(members, &path.key("allOf"), open)?;
        if fields.contains_key("properties") {
            shapes.push(self.object(fields, path, open)?);
        }
        if let [only] = shapes.as_slice() {
            return Some(only.clone());
        }
        let mut all = Vec::new();
        for shape in shapes {
            let Shape::Object(more) = shape else {
                let advice = "declare a TypeScript type";
                return self.wrong(Code::INVALID_VALUE, &path.key("allOf"), "`allOf` can combine objects only", advice);
            };
            override_fields(&mut all, more);
        }
        Some(Shape::Object(all))
    }

    fn typed(&self, fields: &'s Map<String, Value>, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        let at = path.key("type");
        match fields.get("type") {
            Some(Value::String(name)) => self.one_type(name, fields, path, open),
            Some(Value::Array(names)) => {
                let mut members = Vec::new();
                for (position, name) in names.iter().enumerate() {
                    let Some(name) = name.as_str() else {
                        return self.wrong(Code::SHAPE, &at.index(position), "a type's name belongs here", "write 'string' or the like");
                    };
                    members.push(self.one_type(name, fields, path, open)?);
                }
                Some(union(members))
            }
            Some(_) => self.wrong(Code::SHAPE, &at, "`type` takes a name or a list of names", "write 'string' or the like"),
            None if fields.contains_key("properties") || fields.contains_key("additionalProperties") => self.object(fields, path, open),
            None if fields.contains_key("items") => self.array(fields, path, open),
            None => Some(Shape::Unknown),
        }
    }

    fn one_type(&self, name: &str, fields: &'s Map<String, Value>, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "null", "array", "object"];
        match name {
            "string" | "number" | "boolean" | "null" => Some(primitive(name)),
            "integer" => Some(primitive("number")),
            "array" => self.array(fields, path, open),
            "object" => self.object(fields, path, open),
            _ => {
                let error = Diagnostic::error(Code::INVALID_VALUE, &path.key("type"), format!("`{name}` is no type of JSON Schema"));
                self.report.push(error.suggest_near(name, TYPES));
                None
            }
        }
    }

    fn array(&self, fields: &'s Map<String, Value>, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        if let Some(Value::Array(_)) = fields.get("prefixItems") {
            return Some(Shape::Tuple(self.list(fields.get("prefixItems")?, &path.key("prefixItems"), open)?));
        }
        let element = match fields.get("items") {
            Some(Value::Array(_)) => return Some(Shape::Tuple(self.list(fields.get("items")?, &path.key("items"), open)?)),
            Some(items) => self.shape(items, &path.key("items"), open)?,
            None => Shape::Unknown,
        };
        Some(Shape::Array(Box::new(element)))
    }

    fn object(&self, fields: &'s Map<String, Value>, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        let required: Vec<&str> =
            fields.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let at = path.key("properties");
        let Some(properties) = fields.get("properties") else {
            let value = match fields.get("additionalProperties") {
                Some(schema) => self.shape(schema, &path.key("additionalProperties"), open)?,
                None => Shape::Unknown,
            };
            return Some(Shape::Named("Record".into(), vec![primitive("string"), value]));
        };
        let Some(properties) = properties.as_object() else {
            return self.wrong(Code::SHAPE, &at, "`properties` takes a map of names to schemas", "write {name: {type: 'string'}}");
        };
        let read = properties.iter().map(|(name, schema)| {
            let shape = self.shape(schema, &at.key(name), open)?;
            Some(Field { name: name.clone(), optional: !required.contains(&name.as_str()), shape })
        });
        let read: Vec<_> = read.collect();
        Some(Shape::Object(read.into_iter().collect::<Option<_>>()?))
    }

    fn reference(&self, reference: &'s Value, path: &JsonPath, open: &mut Vec<&'s str>) -> Option<Shape> {
        let Some(reference) = reference.as_str() else {
            return self.wrong(Code::SHAPE, path, "`$ref` takes a string", "write '#/$defs/Name'");
        };
        if open.contains(&reference) {
            let message = format!("`{reference}` refers to itself");
            return self.wrong(Code::INVALID_VALUE, path, message, "declare a TypeScript type: it may refer to itself");
        }
        let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target else {
            let message = format!("`{reference}` is not in this schema");
            return self.wrong(Code::INVALID_VALUE, path, message, "put it into `$defs`, and refer to '#/$defs/Name'");
        };
        let mut at = self.path.clone();
        for key in reference.split('/').skip(1) {
            at = at.key(&key.replace("~1", "/").replace("~0", "~"));
        }
        open.push(reference);
        let shape = self.shape(target, &at, open);
        open.pop();
        shape
    }

    fn constant(&self, value: &Value, path: &JsonPath) -> Option<Shape> {
        match value {
            Value::String(text) => Some(literal(text)),
            Value::Number(number) => Some(Shape::Primitive(number.to_string())),
            Value::Bool(value) => Some(Shape::Primitive(value.to_string())),
            Value::Null => Some(primitive("null")),
            _ => self.wrong(Code::INVALID_VALUE, path, "only simple values can be listed", "declare a TypeScript type"),
        }
    }
}

fn primitive(name: &str) -> Shape {
    Shape::Primitive(name.to_owned())
}
