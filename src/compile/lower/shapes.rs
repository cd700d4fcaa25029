//! Shapes that lowering makes itself. Depends on `expr`'s shapes only.

use crate::compile::expr::{Field, Shape};

/// An object with these fields.
#[must_use]
pub fn object_shape<'a>(fields: impl IntoIterator<Item = (&'a str, Shape)>) -> Shape {
    Shape::Object(fields.into_iter().map(|(name, shape)| Field { name: name.to_owned(), optional: false, shape }).collect())
}

/// The type of a variable whose first value has the type `shape`: literals are widened, and what is not known is `any`.
#[must_use]
pub fn widened(shape: &Shape) -> Shape {
    let boxed = |shape: &Shape| Box::new(widened(shape));
    let any = || Shape::Named("any".to_owned(), Vec::new());
    match shape {
        Shape::Unknown | Shape::Function | Shape::Promise(_) => any(),
        Shape::Primitive(text) => match text.as_str() {
            "null" | "undefined" | "void" | "never" => any(),
            "true" | "false" => Shape::Primitive("boolean".to_owned()),
            text if text.starts_with(['\'', '"', '`']) => Shape::Primitive("string".to_owned()),
            text if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Shape::Primitive("number".to_owned()),
            _ => shape.clone(),
        },
        Shape::Array(element) => Shape::Array(boxed(element)),
        Shape::Tuple(elements) => {
            let mut widened_elements: Vec<Shape> = elements.iter().map(widened).collect();
            widened_elements.dedup();
            match widened_elements.len() {
                1 => Shape::Array(Box::new(widened_elements.remove(0))),
                _ => Shape::Array(Box::new(any())),
            }
        }
        Shape::Map(key, value) => Shape::Map(boxed(key), boxed(value)),
        Shape::Set(element) => Shape::Set(boxed(element)),
        Shape::Object(fields) => {
            Shape::Object(fields.iter().map(|field| Field { shape: widened(&field.shape), ..field.clone() }).collect())
        }
        Shape::Union(options) => {
            let mut widened_options: Vec<Shape> = options.iter().map(widened).collect();
            widened_options.dedup();
            if widened_options.len() == 1 { widened_options.remove(0) } else { Shape::Union(widened_options) }
        }
        Shape::Named(..) => shape.clone(),
    }
}
