//! Bounds the depth of a tree before anything else walks it, so that no walk after it can exhaust the stack.
//! Depends on the parser's tree.

use super::depth::LIMIT;
use oxc::ast::ast::{BindingPattern, Expression, Program, Statement, TSImportTypeQualifier, TSNamespaceDeclaration, TSType, TSTypeName};
use oxc::ast_visit::{Visit, walk};
use oxc::span::{GetSpan, Span};

/// Where an expression is nested deeper than [`LIMIT`], if anywhere.
pub(super) fn deep_expression(expression: &Expression<'_>) -> Option<Span> {
    let mut guard = Guard::default();
    guard.visit_expression(expression);
    guard.found
}

/// Where a module is nested deeper than [`LIMIT`], if anywhere.
pub(super) fn deep_module(program: &Program<'_>) -> Option<Span> {
    let mut guard = Guard::default();
    guard.visit_program(program);
    guard.found
}

#[derive(Default)]
struct Guard {
    depth: usize,
    found: Option<Span>,
}

impl Guard {
    fn nested(&mut self, span: Span, walk: impl FnOnce(&mut Self)) {
        if self.found.is_some() {
            return;
        }
        if self.depth >= LIMIT {
            self.found = Some(span);
            return;
        }
        self.depth += 1;
        walk(self);
        self.depth -= 1;
    }
}

impl<'a> Visit<'a> for Guard {
    fn visit_expression(&mut self, it: &Expression<'a>) {
        self.nested(it.span(), |guard| walk::walk_expression(guard, it));
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.nested(it.span(), |guard| walk::walk_statement(guard, it));
    }

    fn visit_binding_pattern(&mut self, it: &BindingPattern<'a>) {
        self.nested(it.span(), |guard| walk::walk_binding_pattern(guard, it));
    }

    fn visit_ts_type(&mut self, it: &TSType<'a>) {
        self.nested(it.span(), |guard| walk::walk_ts_type(guard, it));
    }

    fn visit_ts_type_name(&mut self, it: &TSTypeName<'a>) {
        self.nested(it.span(), |guard| walk::walk_ts_type_name(guard, it));
    }

    fn visit_ts_namespace_declaration(&mut self, it: &TSNamespaceDeclaration<'a>) {
        self.nested(it.span, |guard| walk::walk_ts_namespace_declaration(guard, it));
    }

    fn visit_ts_import_type_qualifier(&mut self, it: &TSImportTypeQualifier<'a>) {
        self.nested(it.span(), |guard| walk::walk_ts_import_type_qualifier(guard, it));
    }
}
