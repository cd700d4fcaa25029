//! Literals: strings, templates, numbers, arrays and objects. Depends on the converter and the parser's tree.

use super::super::ts::{Expr, ExprKind, Item, Prop, build};
use super::convert::Converter;
use oxc::ast::ast::{
    ArrayExpression, ArrayExpressionElement, NumericLiteral, ObjectExpression, ObjectPropertyKind, PropertyKey, PropertyKind,
    StringLiteral, TemplateLiteral,
};
use oxc::span::GetSpan;

impl Converter<'_> {
    pub(super) fn array(&mut self, array: &ArrayExpression<'_>) -> ExprKind {
        self.seen.literal = true;
        let mut items = Vec::new();
        for element in &array.elements {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => items.push(build::spread(self.convert(&spread.argument))),
                ArrayExpressionElement::Elision(hole) => self.refuse(hole.span, "an array has a hole", "write `undefined`"),
                _ => items.extend(element.as_expression().map(|expression| Item::from(self.convert(expression)))),
            }
        }
        ExprKind::Array(items)
    }

    pub(super) fn object(&mut self, object: &ObjectExpression<'_>) -> ExprKind {
        self.seen.literal = true;
        let mut props = Vec::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => props.push(Prop::Spread(self.convert(&spread.argument))),
                ObjectPropertyKind::ObjectProperty(property) => {
                    if property.method || property.kind != PropertyKind::Init {
                        self.refuse(property.span, "methods and accessors are not allowed", "write an arrow, or a helper");
                        continue;
                    }
                    let value = self.convert(&property.value);
                    props.push(self.property(&property.key, property.computed, value));
                }
            }
        }
        ExprKind::Object(props)
    }

    fn property(&mut self, key: &PropertyKey<'_>, computed: bool, value: Expr) -> Prop {
        let name = match key {
            PropertyKey::StaticIdentifier(name) => name.name.to_string(),
            PropertyKey::StringLiteral(text) if !computed && !text.lone_surrogates => text.value.to_string(),
            PropertyKey::PrivateIdentifier(name) => {
                self.refuse(name.span, "private names are not allowed", "leave the `#` out");
                return Prop::KeyValue(String::new(), value);
            }
            _ => {
                let Some(key) = key.as_expression() else { return Prop::KeyValue(String::new(), value) };
                let converted = self.convert(key);
                return Prop::Computed(converted, value);
            }
        };
        if name == "__proto__" {
            self.refuse_member(&name, key.span());
        }
        Prop::KeyValue(name, value)
    }

    pub(super) fn string(&mut self, text: &StringLiteral<'_>) -> ExprKind {
        self.seen.literal = true;
        if text.lone_surrogates {
            self.refuse(text.span, "the string has half a character (a lone surrogate)", "write the whole character");
        }
        ExprKind::Str(text.value.to_string())
    }

    pub(super) fn template(&mut self, template: &TemplateLiteral<'_>) -> ExprKind {
        self.seen.literal = true;
        self.seen.code |= !template.expressions.is_empty();
        let quasis = template.quasis.iter().map(|quasi| quasi.value.raw.replace("\r\n", "\n").replace('\r', "\n"));
        let quasis = quasis.collect();
        ExprKind::Template { quasis, exprs: template.expressions.iter().map(|part| self.convert(part)).collect() }
    }
}

/// A number as it is written.
pub(super) fn numeric(number: &NumericLiteral<'_>) -> ExprKind {
    ExprKind::Num(number.raw.as_ref().map_or_else(|| number.value.to_string(), ToString::to_string))
}
