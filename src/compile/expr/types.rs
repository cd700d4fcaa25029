//! Type declarations and type expressions. Depends on the parser's tree, the printer and shapes.

use super::fault::Fault;
use crate::diagnostic::Code;
use oxc::ast::ast::{TSImportType, TSType};
use oxc::ast_visit::Visit;

/// Accepts a type that may stand in an expression or declaration: any that imports nothing.
///
/// # Errors
/// [`Code::FORBIDDEN`] at the first `import('…')`.
pub(super) fn check(ty: &TSType<'_>) -> Result<(), Fault> {
    let mut imports = Imports::default();
    imports.visit_ts_type(ty);
    imports.0.map_or(Ok(()), Err)
}

/// Finds types that are imported in place.
#[derive(Default)]
pub(super) struct Imports(pub(super) Option<Fault>);

impl<'a> Visit<'a> for Imports {
    fn visit_ts_import_type(&mut self, it: &TSImportType<'a>) {
        let fault = Fault::new(Code::FORBIDDEN, it.span, "a type may not be imported in place").label("not allowed");
        let advice = "write `import type {T} from '…'` in `types` and use its name";
        self.0.get_or_insert(fault.suggest(advice));
    }
}
