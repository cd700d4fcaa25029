//! The signatures that a module declares beside a package, in a file of their own, so that the type checker says whether the package's are such.
//! Depends on the tree of the TypeScript that is written.

use super::GeneratedFile;
use super::origin::Origin;
use super::program::ModuleInfo;
use super::ts::build::{ident, typed_param};
use super::ts::{Decl, Module, Type, UserCode, print};

/// What a module says of its package, before anything is known of that.
#[derive(Clone, Debug, Default)]
pub struct Promised {
    /// The module's own types, which signatures may name.
    pub types: Option<UserCode>,
    /// The names of the package's types, which they may name too.
    pub imported: Vec<String>,
    /// Each activity that is declared with its type, and where that is said.
    pub signatures: Vec<(String, Type, Origin)>,
}

/// A file that hands each activity of the package to what takes such an activity as was declared; it is made to be checked, and never run. None where
/// nothing is declared beside a package.
#[must_use]
pub fn signatures_file(module: &ModuleInfo) -> Option<GeneratedFile> {
    let promised = module.promised.as_ref().filter(|promised| !promised.signatures.is_empty())?;
    let nothing = || Type::Named("void".to_owned(), Vec::new());
    let taker = |ty: &Type| Type::Function(vec![("declared".to_owned(), false, ty.clone())], Box::new(nothing()));
    let takers = promised.signatures.iter().enumerate().map(|(number, (_, ty, _))| typed_param(&format!("take{number}"), taker(ty)));
    let calls = promised
        .signatures
        .iter()
        .enumerate()
        .map(|(number, (name, _, at))| ident(&format!("take{number}")).call(vec![ident("found").member(name).at(*at)]).stmt());
    let mut body = vec![Decl::ImportAll { name: "built".to_owned(), from: module.specifier.clone() }];
    if !promised.imported.is_empty() {
        body.push(Decl::Import { type_only: true, names: promised.imported.clone(), from: module.specifier.clone() });
    }
    body.extend(promised.types.clone().map(Decl::User));
    body.push(Decl::Function {
        export: true,
        is_async: false,
        name: "signatures".to_owned(),
        params: [typed_param("found", Type::TypeOf("built".to_owned()))].into_iter().chain(takers).collect(),
        ret: Some(nothing()),
        body: calls.collect(),
    });
    Some(GeneratedFile {
        path: format!("{}.signatures.ts", module.name),
        object: format!("ActivityModule/{}", module.name),
        printed: print::module(&Module { body }),
        sources: module.sources.clone(),
    })
}
