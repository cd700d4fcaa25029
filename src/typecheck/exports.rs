//! What the exports of an installed package are, as the TypeScript compiler finds them: which of them are functions, and the files that say so.
//! Writes a module that imports them all and reads the declarations that the compiler makes of it.

use super::{Checker, Error};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// Longer than the compiler takes for any package; declarations can be written so that it never ends.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is known of the modules of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    /// In the order in which they were asked for.
    pub modules: Vec<Module>,
    /// Every file that was read for them, the compiler's own left out.
    pub files: Vec<PathBuf>,
}

/// A module of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The names of the exported functions, sorted; `None` where nothing declares what the module exports.
    pub functions: Option<Vec<String>>,
    /// The file with its declarations.
    pub declarations: Option<PathBuf>,
}

impl Checker {
    /// Finds what `specifiers` are, as a module would see them beside a folder `node_modules` in which each name of `packages` is that folder.
    /// `folder` is made for it, and stays.
    ///
    /// # Errors
    /// The compiler could not be asked.
    pub async fn modules(&self, specifiers: &[String], packages: &[(String, PathBuf)], folder: &Path) -> Result<Modules, Error> {
        let write = |source, path: &Path| Error::Write { path: path.to_owned(), source };
        tokio::fs::create_dir_all(folder).await.map_err(|source| write(source, folder))?;
        let folder = &tokio::fs::canonicalize(folder).await.map_err(|source| write(source, folder))?;
        for (name, target) in packages {
            let link = folder.join("node_modules").join(name);
            let parent = link.parent().unwrap_or(folder);
            tokio::fs::create_dir_all(parent).await.map_err(|source| write(source, parent))?;
            tokio::fs::symlink(target, &link).await.map_err(|source| write(source, &link))?;
        }
        for (name, text) in [("probe.ts", probe(specifiers)), ("tsconfig.json", self.probe_config().to_string())] {
            let path = folder.join(name);
            tokio::fs::write(&path, text).await.map_err(|source| write(source, &path))?;
        }
        let explained = self.explain(folder).await?;
        let made = folder.join("out/probe.d.ts");
        let made = tokio::fs::read_to_string(&made).await.map_err(|_| Error::Compiler(explained.chars().take(2000).collect()))?;
        Ok(read(specifiers, &explained, &made, folder))
    }

    async fn explain(&self, folder: &Path) -> Result<String, Error> {
        let child = tokio::process::Command::new(&self.tsc)
            .args(["--project", "tsconfig.json", "--pretty", "false", "--explainFiles"])
            .current_dir(folder)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, child)
            .await
            .map_err(|_| Error::Compiler(format!("it did not end within {} seconds", PATIENCE.as_secs())))?
            .map_err(|source| Error::Run { path: self.tsc.clone(), source })?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(text)
    }

    fn probe_config(&self) -> serde_json::Value {
        json!({
            "compilerOptions": {
                "strict": true, "skipLibCheck": true, "target": "es2023", "lib": ["es2023"], "types": [],
                "module": "preserve", "moduleResolution": "bundler", "noErrorTruncation": true,
                "declaration": true, "emitDeclarationOnly": true, "outDir": "out",
                "paths": {"@temporalio/*": [self.packages.join("@temporalio/*")]},
            },
            "files": ["probe.ts"],
        })
    }
}

/// A module whose declarations name the functions of each specifier, as `import` and as `require` find it.
fn probe(specifiers: &[String]) -> String {
    let mut text = String::new();
    for (at, specifier) in specifiers.iter().enumerate() {
        let quoted = specifier.replace('\\', "\\\\").replace('\'', "\\'");
        text += &format!("import * as import{at} from '{quoted}';\nimport require{at} = require('{quoted}');\n");
    }
    text += "declare const functions: <M>(module: M) => { [K in keyof M]: 0 extends 1 & M[K] ? never : M[K] extends (...args: never[]) => unknown ? K : never }[keyof M];\n";
    for at in 0..specifiers.len() {
        text += &format!("export const importOf{at} = functions(import{at});\nexport const requireOf{at} = functions(require{at});\n");
    }
    text
}

fn read(specifiers: &[String], explained: &str, made: &str, folder: &Path) -> Modules {
    let (mut files, mut by_specifier) = (Vec::new(), BTreeMap::new());
    for line in explained.lines() {
        let Some(reason) = line.strip_prefix("   ") else {
            // Errors are lines of their own, with the place in the file.
            if !line.contains("): error TS") && [".ts", ".mts", ".cts", ".json"].iter().any(|ending| line.ends_with(ending)) {
                files.push(plain(&folder.join(line)));
            }
            continue;
        };
        if let Some((specifier, rest)) = reason.strip_prefix("Imported via '").and_then(|rest| rest.split_once('\''))
            && rest.starts_with(" from file 'probe.ts'")
            && let Some(file) = files.last()
        {
            by_specifier.entry(specifier.to_owned()).or_insert_with(|| file.clone());
        }
    }
    let modules = specifiers
        .iter()
        .enumerate()
        .map(|(at, specifier)| {
            let functions = names(made, &format!("importOf{at}")).or_else(|| names(made, &format!("requireOf{at}")));
            Module { declarations: by_specifier.get(specifier).filter(|_| functions.is_some()).cloned(), functions }
        })
        .collect();
    files.retain(|file| !file.starts_with(folder));
    Modules { modules, files }
}

/// The names in `export declare const NAME: "a" | "b";`, sorted. `never` is none; `any` says nothing.
fn names(made: &str, name: &str) -> Option<Vec<String>> {
    let (_, rest) = made.split_once(&format!("export declare const {name}: "))?;
    let (union, _) = rest.split_once(';')?;
    let union = union.trim();
    if union == "never" {
        return Some(Vec::new());
    }
    let quoted = |text: &str| Some(text.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let mut names = union.split('|').map(quoted).collect::<Option<Vec<String>>>()?;
    names.retain(|name| name != "default");
    names.sort();
    Some(names)
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_read_from_what_the_compiler_declares() {
        let made = "export declare const importOf0: \"a\" | \"default\" | \"Z\";\nexport declare const importOf1: never;\nexport declare const importOf2: any;\n";
        assert_eq!(names(made, "importOf0"), Some(vec!["Z".to_owned(), "a".to_owned()]));
        assert_eq!(names(made, "importOf1"), Some(Vec::new()));
        assert_eq!(names(made, "importOf2"), None);
        assert_eq!(names(made, "importOf3"), None);
    }

    #[test]
    fn a_specifier_leads_to_its_file() {
        let explained = "probe.ts(1,2): error TS2307: Cannot find module 'p/b'.\n../tree/p/a.d.ts\n   Imported via 'p/a' from file 'probe.ts' with packageId 'p/a.d.ts@1.0.0'\n   Imported via './a' from file '../tree/p/c.d.ts'\nprobe.ts\n   Part of 'files' list in tsconfig.json\n";
        let found = read(&["p/a".into(), "p/b".into()], explained, "export declare const importOf0: \"a\";", Path::new("/scratch/probe"));
        assert_eq!(found.files, [PathBuf::from("/scratch/tree/p/a.d.ts")]);
        assert_eq!(found.modules[0].declarations, Some(PathBuf::from("/scratch/tree/p/a.d.ts")));
        assert_eq!(found.modules[1], Module::default());
    }
}
