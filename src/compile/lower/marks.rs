//! Where the code of a node begins and ends, noted for who records what runs. Depends on the tree and on the kinds of nodes.

use super::steps::ends;
use crate::compile::nodes::Kind;
use crate::compile::ts::walk::{children_mut, statement_mut};
use crate::compile::ts::{Expr, ExprKind, Mark, Stmt};

/// Notes that the statements from `before` on are those of node `at`. A node without statements of its own leaves no trace.
pub(in crate::compile) fn mark(at: usize, kind: Kind, before: usize, out: &mut Vec<Stmt>) {
    let own = &mut out[before..];
    if own.iter().all(|stmt| matches!(stmt, Stmt::Comment(_) | Stmt::Mark(_))) {
        return;
    }
    if !kind.is_container() && !awaits(own) {
        out.insert(before, Stmt::Mark(Mark::Visit(at)));
        return;
    }
    let goes_on = !ends(own);
    out.insert(before, Stmt::Mark(Mark::Enter(at)));
    out.extend(goes_on.then_some(Stmt::Mark(Mark::Leave(at))));
}

/// Whether anything is awaited in `body`.
fn awaits(body: &mut [Stmt]) -> bool {
    fn any(expr: &mut Expr) -> bool {
        let mut found = matches!(expr.kind, ExprKind::Await(_));
        children_mut(expr, &mut |child| found |= any(child));
        found
    }
    let mut found = false;
    for stmt in body {
        statement_mut(stmt, &mut |expr| found |= any(expr));
    }
    found
}
