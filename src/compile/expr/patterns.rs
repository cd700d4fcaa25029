//! Parameters and what they bind. Depends on the converter and the parser's tree.

use super::super::ts::{Param, Pattern};
use super::convert::Converter;
use super::names;
use oxc::ast::ast::{ArrowFunctionExpression, BindingPattern, FormalParameters, PropertyKey};
use oxc::span::{GetSpan, Span};

impl Converter<'_> {
    /// Binds the names of `parameters` in the innermost block of locals, then converts them.
    pub(super) fn parameters(&mut self, arrow: &ArrowFunctionExpression<'_>) -> Vec<Param> {
        let parameters: &FormalParameters<'_> = &arrow.params;
        for item in &parameters.items {
            self.bind(&item.pattern);
        }
        if let Some(rest) = &parameters.rest {
            self.bind(&rest.rest.argument);
        }
        let mut converted = Vec::new();
        for item in &parameters.items {
            let mut pattern = self.pattern(&item.pattern);
            if let Some(initializer) = &item.initializer {
                pattern = Pattern::Default(Box::new(pattern), Box::new(self.convert(initializer)));
            }
            let ty = item.type_annotation.as_ref().map(|annotation| self.ty(&annotation.type_annotation));
            converted.push(Param { pattern, ty, optional: item.optional });
        }
        if let Some(rest) = &parameters.rest {
            let pattern = Pattern::Rest(Box::new(self.pattern(&rest.rest.argument)));
            let ty = rest.type_annotation.as_ref().map(|annotation| self.ty(&annotation.type_annotation));
            converted.push(Param { pattern, ty, optional: false });
        }
        converted
    }

    /// Makes the names of `pattern` locals.
    pub(super) fn bind(&mut self, pattern: &BindingPattern<'_>) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => self.local(name.name.as_str(), name.span),
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    self.bind(&property.value);
                }
                if let Some(rest) = &object.rest {
                    self.bind(&rest.argument);
                }
            }
            BindingPattern::ArrayPattern(array) => {
                for element in array.elements.iter().flatten() {
                    self.bind(element);
                }
                if let Some(rest) = &array.rest {
                    self.bind(&rest.argument);
                }
            }
            BindingPattern::AssignmentPattern(default) => self.bind(&default.left),
        }
    }

    /// Converts a pattern whose names are bound already.
    pub(super) fn pattern(&mut self, pattern: &BindingPattern<'_>) -> Pattern {
        if !self.deeper(pattern.span()) {
            return Pattern::Ident(String::new());
        }
        let converted = match pattern {
            BindingPattern::BindingIdentifier(name) => Pattern::Ident(self.printed(name.name.as_str())),
            BindingPattern::ObjectPattern(object) => {
                let mut entries = Vec::new();
                for property in &object.properties {
                    let key = self.pattern_key(&property.key, property.computed, property.span);
                    entries.push((key, self.pattern(&property.value)));
                }
                if let Some(rest) = &object.rest {
                    entries.push((String::new(), Pattern::Rest(Box::new(self.pattern(&rest.argument)))));
                }
                Pattern::Object(entries)
            }
            BindingPattern::ArrayPattern(array) => {
                let mut elements: Vec<_> =
                    array.elements.iter().map(|element| element.as_ref().map(|element| self.pattern(element))).collect();
                if let Some(rest) = &array.rest {
                    elements.push(Some(Pattern::Rest(Box::new(self.pattern(&rest.argument)))));
                }
                Pattern::Array(elements)
            }
            BindingPattern::AssignmentPattern(default) => {
                let left = self.pattern(&default.left);
                Pattern::Default(Box::new(left), Box::new(self.convert(&default.right)))
            }
        };
        self.shallower();
        converted
    }

    fn pattern_key(&mut self, key: &PropertyKey<'_>, computed: bool, span: Span) -> String {
        let name = match key {
            PropertyKey::StaticIdentifier(name) if !computed => name.name.to_string(),
            PropertyKey::StringLiteral(text) if !text.lone_surrogates && !text.value.is_empty() => text.value.to_string(),
            _ => {
                self.refuse(span, "a computed key cannot be taken apart here", "use the whole object and index it");
                String::new()
            }
        };
        if names::is_refused_member(&name) {
            self.refuse_member(&name, key.span());
        }
        name
    }
}
