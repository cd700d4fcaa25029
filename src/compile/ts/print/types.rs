//! Printing types.

use super::super::Type;
use super::{Printer, key, quote};

impl Printer {
    pub(super) fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Named(name, args) => {
                self.push(name);
                self.type_args(args);
            }
            Type::Array(element) => {
                let parens =
                    matches!(**element, Type::Union(_) | Type::Intersection(_) | Type::Function(..) | Type::User(..) | Type::TypeOf(_));
                self.wrapped(parens, |p| p.ty(element));
                self.push("[]");
            }
            Type::Tuple(elements) => {
                self.push("[");
                self.flat_list(elements, Self::ty);
                self.push("]");
            }
            Type::Object(fields) if fields.is_empty() => self.push("{}"),
            Type::Object(fields) => self.object_type(fields),
            Type::Union(options) => self.union(options),
            Type::Intersection(parts) => {
                for (position, part) in parts.iter().enumerate() {
                    if position > 0 {
                        self.push(" & ");
                    }
                    self.wrapped(matches!(part, Type::Union(_) | Type::Function(..)), |p| p.ty(part));
                }
            }
            Type::Literal(text) => self.push(&quote(text)),
            Type::TypeOf(name) => {
                self.push("typeof ");
                self.push(name);
            }
            Type::Index(object, index) => {
                self.wrapped(matches!(**object, Type::TypeOf(_) | Type::Union(_)), |p| p.ty(object));
                self.push("[");
                self.ty(index);
                self.push("]");
            }
            Type::Function(params, ret) => {
                self.push("(");
                self.flat_list(params, |p, (name, optional, ty)| p.field(name, *optional, ty));
                self.push(") => ");
                self.ty(ret);
            }
            Type::User(text, origin) => {
                self.map(*origin);
                for (position, line) in text.trim_end().lines().enumerate() {
                    if position > 0 {
                        self.newline();
                    }
                    self.push(line);
                }
            }
        }
    }

    fn union(&mut self, options: &[Type]) {
        let one_line = |p: &mut Self| {
            for (position, option) in options.iter().enumerate() {
                if position > 0 {
                    p.push(" | ");
                }
                p.wrapped(matches!(option, Type::Function(..)), |p| p.ty(option));
            }
        };
        if !self.try_flat(one_line) {
            self.indented(|p| {
                for option in options {
                    p.newline();
                    p.push("| ");
                    p.wrapped(matches!(option, Type::Function(..)), |p| p.ty(option));
                }
            });
        }
    }

    fn object_type(&mut self, fields: &[(String, bool, Type)]) {
        let one_line = |p: &mut Self| {
            p.push("{ ");
            for (position, (name, optional, ty)) in fields.iter().enumerate() {
                if position > 0 {
                    p.push("; ");
                }
                p.field(name, *optional, ty);
            }
            p.push(" }");
        };
        if !self.try_flat(one_line) {
            self.members(fields);
        }
    }

    /// The members of an object type or interface, each on its line, in braces.
    pub(super) fn members(&mut self, fields: &[(String, bool, Type)]) {
        self.push("{");
        self.indented(|p| {
            for (name, optional, ty) in fields {
                p.newline();
                p.field(name, *optional, ty);
                p.push(";");
            }
        });
        self.newline();
        self.push("}");
    }

    fn field(&mut self, name: &str, optional: bool, ty: &Type) {
        self.push(&key(name));
        self.push(if optional { "?: " } else { ": " });
        self.ty(ty);
    }

    pub(super) fn type_args(&mut self, args: &[Type]) {
        if !args.is_empty() {
            self.push("<");
            self.flat_list(args, Self::ty);
            self.push(">");
        }
    }

    pub(super) fn wrapped(&mut self, parens: bool, inner: impl FnOnce(&mut Self)) {
        if parens {
            self.push("(");
        }
        inner(self);
        if parens {
            self.push(")");
        }
    }
}
