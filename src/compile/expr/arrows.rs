//! Arrow functions and the statements that they may hold. Depends on the converter and the parser's tree.

use super::super::ts::{ArrowBody, ExprKind, Stmt};
use super::convert::Converter;
use super::names;
use oxc::ast::ast::{ArrowFunctionBody, ArrowFunctionExpression, Statement, VariableDeclaration, VariableDeclarationKind};
use oxc::span::{GetSpan, Span};

impl Converter<'_> {
    pub(super) fn arrow(&mut self, arrow: &ArrowFunctionExpression<'_>) -> ExprKind {
        self.seen.code = true;
        if arrow.r#async {
            self.refuse(Span::sized(arrow.span.start, 5), "`async` is not allowed in an expression", names::ASYNC);
        }
        if let Some(generics) = &arrow.type_parameters {
            self.refuse(generics.span, "an arrow with type parameters is not allowed", "write a helper");
        }
        if let Some(ret) = &arrow.return_type {
            self.refuse(ret.span, "an arrow's result type is not allowed", "leave it out, or write `satisfies` after the result");
        }
        self.open_block();
        let params = self.parameters(arrow);
        let body = match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => ArrowBody::Block(self.block(&body.statements)),
            body => match body.as_expression() {
                Some(body) => ArrowBody::Expr(Box::new(self.convert(body))),
                None => ArrowBody::Block(Vec::new()),
            },
        };
        self.close_block();
        ExprKind::Arrow { is_async: false, params, body }
    }

    /// Converts the statements of an arrow's body: `const`, `if` and `return`.
    fn block(&mut self, statements: &[Statement<'_>]) -> Vec<Stmt> {
        self.open_block();
        for statement in statements {
            if let Statement::VariableDeclaration(declaration) = statement {
                for declarator in &declaration.declarations {
                    self.bind(&declarator.id);
                }
            }
        }
        let mut converted = Vec::new();
        for statement in statements {
            if self.deeper(statement.span()) {
                self.statement(statement, &mut converted);
                self.shallower();
            }
        }
        self.close_block();
        converted
    }

    fn statement(&mut self, statement: &Statement<'_>, into: &mut Vec<Stmt>) {
        match statement {
            Statement::VariableDeclaration(declaration) => self.declaration(declaration, into),
            Statement::ReturnStatement(ret) => {
                let value = ret.argument.as_ref().map(|value| self.convert(value));
                into.push(Stmt::Return(value));
            }
            Statement::IfStatement(branch) => {
                let test = self.convert(&branch.test);
                let then = self.branch(&branch.consequent);
                let other = branch.alternate.as_ref().map(|other| self.branch(other)).unwrap_or_default();
                into.push(Stmt::If(test, then, other));
            }
            Statement::EmptyStatement(_) => {}
            other => self.refuse(
                other.span(),
                "only `const`, `if` and `return` are allowed in an arrow",
                "write a helper: helpers may hold any statement",
            ),
        }
    }

    fn branch(&mut self, statement: &Statement<'_>) -> Vec<Stmt> {
        match statement {
            Statement::BlockStatement(block) => self.block(&block.body),
            single => self.block(std::slice::from_ref(single)),
        }
    }

    fn declaration(&mut self, declaration: &VariableDeclaration<'_>, into: &mut Vec<Stmt>) {
        if declaration.kind != VariableDeclarationKind::Const {
            self.refuse(declaration.span, "only `const` is allowed in an arrow", "write `const`, or a helper");
        }
        for declarator in &declaration.declarations {
            let Some(init) = &declarator.init else { continue };
            let init = self.convert(init);
            let ty = declarator.type_annotation.as_ref().map(|annotation| self.ty(&annotation.type_annotation));
            let pattern = self.pattern(&declarator.id);
            into.push(Stmt::Const(pattern, ty, init));
        }
    }
}
