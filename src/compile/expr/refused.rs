//! What an expression may not hold, why, and what to do instead. Depends on the parser's tree and `names`.

use super::names;
use oxc::ast::ast::Expression;
use oxc::syntax::operator::UnaryOperator;

/// The message about an expression that is refused, and what to do instead.
pub(super) fn advice(expression: &Expression<'_>) -> (&'static str, &'static str) {
    match expression {
        Expression::AwaitExpression(_) => ("`await` is not allowed in an expression", names::ASYNC),
        Expression::AssignmentExpression(_) => {
            ("an expression may not assign", "change the state in a `state-mutation` or `state-transform` node")
        }
        Expression::UpdateExpression(_) => {
            ("an expression may not count", "use a `state-mutation` node with the operation `increment` or `decrement`")
        }
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
            ("an expression may not delete", "use a `state-mutation` node with the operation `delete`")
        }
        Expression::SequenceExpression(_) => ("a comma between expressions is not allowed", "keep the last one only"),
        Expression::FunctionExpression(_) => ("a function is not allowed in an expression", "write an arrow, or a helper"),
        Expression::ClassExpression(_) => ("a class is not allowed", "use plain objects, and helpers that work on them"),
        Expression::ThisExpression(_) | Expression::Super(_) | Expression::NewTarget(_) => {
            ("`this`, `super` and `new.target` have no meaning here", "use `state` or `input`")
        }
        Expression::ImportExpression(_) | Expression::ImportMeta(_) => {
            ("`import` is not allowed", "put the code in an activity, or write a helper")
        }
        Expression::TaggedTemplateExpression(_) => ("a tagged template is not allowed", "call a helper"),
        Expression::BigIntLiteral(_) => ("a BigInt cannot be carried by Temporal", "use a number, or a string"),
        Expression::PrivateInExpression(_) => ("private names are not allowed", "use a field of the state"),
        Expression::TSTypeAssertion(_) => ("a type before an expression is not allowed", "write `value as Type`"),
        Expression::TSInstantiationExpression(_) => ("type arguments without a call are not allowed", "leave them out"),
        Expression::YieldExpression(_) => ("`yield` is not allowed", "return an array"),
        _ => ("this construct is not allowed in an expression", "write a helper, or do it in an activity"),
    }
}

/// Whether an expression that is refused cannot be meant as text: `C++` and `key=value` can, `this.x` cannot.
pub(super) fn is_code(expression: &Expression<'_>) -> bool {
    !matches!(
        expression,
        Expression::AssignmentExpression(_)
            | Expression::UpdateExpression(_)
            | Expression::UnaryExpression(_)
            | Expression::SequenceExpression(_)
            | Expression::ThisExpression(_)
            | Expression::BigIntLiteral(_)
            | Expression::TSTypeAssertion(_)
    )
}
