//! How operators are written. Depends on the parser's operators only.

use oxc::syntax::operator::UnaryOperator;

/// The prefix operators that an expression may use.
pub(super) fn unary(operator: UnaryOperator) -> Option<&'static str> {
    match operator {
        UnaryOperator::Delete => None,
        other => Some(other.as_str()),
    }
}

/// Whether `operator` hardly ever stands in text that isn't code.
pub(super) fn is_of_code(operator: &str) -> bool {
    matches!(operator, "===" | "!==" | "==" | "!=" | "&&" | "||" | "??" | ">=" | "<=")
}
