//! The declarations of an activity package: what a `.d.ts` exports. Depends on the parser's tree and shapes.
//! Follows nothing: what is exported from or imported from other files is given back for the caller to follow.

use super::shape::{Function, Shapes};
use super::types::export_name;
use super::{helpers, parse, shape_of};
use oxc::ast::ast::{
    Declaration, ExportDefaultDeclarationKind, ImportDeclaration, ImportDeclarationSpecifier, ModuleDeclaration, Program, Statement,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a `.d.ts` declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declarations {
    /// Exported functions, and constants that hold one, by the names that they are exported as; overloads once, in the
    /// order of the file.
    pub functions: Vec<Function>,
    /// Names of exported types (interfaces, aliases, classes, enums).
    pub types: Vec<String>,
    /// The shapes of every interface and alias in the file, exported or not.
    pub shapes: Shapes,
    /// What is exported from other files.
    pub reexports: Vec<Reexport>,
    /// What is imported from other files.
    pub imports: Vec<Import>,
}

/// `export * from 'from'` or `export {…} from 'from'`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reexport {
    /// The names there and here; `None` for all of them.
    pub names: Option<Vec<(String, String)>>,
    /// The other file, as written.
    pub from: String,
}

/// `import {…} from 'from'`.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The names there (`default`, or `*` for all of them) and here.
    pub names: Vec<(String, String)>,
    /// The other file, as written.
    pub from: String,
}

/// A file that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, without a full stop.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

/// Reads the text of a `.d.ts`.
///
/// # Errors
/// The first syntax error.
pub fn declarations(text: &str) -> Result<Declarations, SyntaxError> {
    parse::module(text, true, |program, _| read(&program)).map_err(|faults| {
        let first = faults.into_iter().next();
        first.map_or_else(
            || SyntaxError { message: "the file cannot be parsed".into(), span: 0..0 },
            |fault| SyntaxError { message: fault.message, span: fault.span },
        )
    })
}

/// What the statements declare, exported or not, and which names are exported as which.
#[derive(Default)]
struct Reader {
    found: Declarations,
    functions: BTreeMap<String, Function>,
    types: Vec<String>,
    exports: Vec<(String, String)>,
}

fn read(program: &Program<'_>) -> Declarations {
    let mut reader = Reader::default();
    for statement in &program.body {
        reader.statement(statement);
    }
    let Reader { mut found, functions, types, exports } = reader;
    for (local, exported) in exports {
        if let Some(function) = functions.get(&local)
            && !found.functions.iter().any(|known| known.name == exported)
        {
            found.functions.push(Function { name: exported.clone(), ..function.clone() });
        }
        if types.contains(&local) && !found.types.contains(&exported) {
            if local != exported
                && let Some(declared) = found.shapes.get(&local).cloned()
            {
                found.shapes.declare(&exported, declared);
            }
            found.types.push(exported);
        }
    }
    found
}

impl Reader {
    fn statement(&mut self, statement: &Statement<'_>) {
        if let Some(declaration) = statement.as_declaration() {
            self.declare(declaration);
        } else if let Some(module) = statement.as_module_declaration() {
            self.module(module);
        }
    }

    /// Notes a declaration and gives the names that it declares.
    fn declare(&mut self, declaration: &Declaration<'_>) -> Vec<String> {
        let functions = helpers::functions(declaration);
        let mut names: Vec<_> = functions.iter().map(|function| function.name.clone()).collect();
        for function in functions {
            self.functions.entry(function.name.clone()).or_insert(function);
        }
        let named = match declaration {
            Declaration::TSInterfaceDeclaration(it) => {
                self.found.shapes.declare(&it.id.name, shape_of::interface(it));
                Some(it.id.name.to_string())
            }
            Declaration::TSTypeAliasDeclaration(it) => {
                self.found.shapes.declare(&it.id.name, shape_of::alias(it));
                Some(it.id.name.to_string())
            }
            Declaration::ClassDeclaration(it) => it.id.as_ref().map(|id| id.name.to_string()),
            Declaration::TSEnumDeclaration(it) => Some(it.id.name.to_string()),
            _ => None,
        };
        self.types.extend(named.clone());
        names.extend(named);
        names
    }

    fn module(&mut self, module: &ModuleDeclaration<'_>) {
        match module {
            ModuleDeclaration::ImportDeclaration(import) => self.found.imports.push(imported(import)),
            ModuleDeclaration::ExportAllDeclaration(all) if all.exported.is_none() => {
                self.found.reexports.push(Reexport { names: None, from: all.source.value.to_string() });
            }
            ModuleDeclaration::ExportDeclaration(export) => {
                let names = self.declare(&export.declaration);
                self.exports.extend(names.into_iter().map(|name| (name.clone(), name)));
            }
            ModuleDeclaration::ExportNamedDeclaration(export) => {
                let specifiers = export.specifiers.iter();
                self.exports.extend(specifiers.map(|it| (export_name(&it.local), export_name(&it.exported))));
            }
            ModuleDeclaration::ExportFromDeclaration(export) => {
                let names = export.specifiers.iter().map(|it| (export_name(&it.local), export_name(&it.exported)));
                self.found.reexports.push(Reexport { names: Some(names.collect()), from: export.source.value.to_string() });
            }
            ModuleDeclaration::ExportDefaultDeclaration(export) => {
                if let ExportDefaultDeclarationKind::FunctionDeclaration(function) = &export.declaration {
                    let declared = shape_of::function("default", &function.params, function.return_type.as_deref());
                    self.functions.insert("default".into(), declared);
                    self.exports.push(("default".into(), "default".into()));
                }
            }
            _ => {}
        }
    }
}

fn imported(import: &ImportDeclaration<'_>) -> Import {
    let specifiers = import.specifiers.iter().flatten();
    let names = specifiers.map(|specifier| match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(it) => (export_name(&it.imported), it.local.name.to_string()),
        ImportDeclarationSpecifier::ImportDefaultSpecifier(it) => ("default".to_owned(), it.local.name.to_string()),
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(it) => ("*".to_owned(), it.local.name.to_string()),
    });
    Import { names: names.collect(), from: import.source.value.to_string() }
}
