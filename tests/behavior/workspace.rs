//! Working copies of the example's workspace, made by the example's own program, and what builds leave in them.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::ground::{Ground, example};

pub struct Workspace {
    pub root: PathBuf,
}

impl Workspace {
    /// A working copy; `options` are those of prepare-workspace (`--only`, `--with`, `--generate`).
    pub async fn prepare(ground: &Ground, name: &str, options: &[&str]) -> Self {
        let root = ground.folder.join("workspaces").join(name);
        std::fs::create_dir_all(root.parent().unwrap()).unwrap();
        let program = example().join("activities/dist/prepare-workspace.js");
        let mut command = tokio::process::Command::new(&ground.toolchain.node);
        let output = command.arg(program).arg(example().join("workspace")).arg(&root).args(options).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { root }
    }

    pub fn path(&self) -> String {
        self.root.display().to_string()
    }

    /// What the workflow that builds one package starts from.
    pub fn input(&self, category: &str, name: &str, dependencies: &[&str]) -> Value {
        json!({
            "packageName": format!("@acme/{name}"),
            "packagePath": format!("packages/{category}/{name}"),
            "planPath": format!("plans/packages/{category}/{name}.md"),
            "category": category,
            "dependencies": dependencies.iter().map(|name| format!("@acme/{name}")).collect::<Vec<_>>(),
            "workspaceRoot": self.path(),
            "config": {},
        })
    }

    /// The package's report; null where there is none.
    pub fn report(&self, name: &str) -> Value {
        self.json(&format!("reports/acme-{name}.json"))
    }

    /// The package's status in the MCP store; null where there is none.
    pub fn status(&self, name: &str) -> Value {
        self.json(&format!(".mcp/status/acme-{name}.json"))["status"].clone()
    }

    fn json(&self, path: &str) -> Value {
        std::fs::read_to_string(self.root.join(path)).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    /// Whether the registry holds a version.
    pub fn is_published(&self, name: &str, version: &str) -> bool {
        self.root.join(format!("registry/@acme/{name}/{version}.tgz")).is_file()
    }

    /// The subjects of the remote's commits, the oldest first, without the first.
    pub fn pushed(&self) -> Vec<String> {
        let output = Command::new("git")
            .args(["--git-dir", "remote.git", "log", "--reverse", "--format=%s", "main"])
            .current_dir(&self.root)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().skip(1).map(str::to_owned).collect()
    }

    /// Replaces a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Changes one script of a package.
    pub fn set_script(&self, package: &str, script: &str, line: &str) {
        let path = format!("packages/{package}/package.json");
        let mut manifest = self.json(&path);
        manifest["scripts"][script] = json!(line);
        self.write(&path, &manifest.to_string());
    }

    /// `core` packages without dependencies, in number, of which none is published.
    pub async fn generated(ground: &Ground, name: &str, count: usize) -> Self {
        let workspace = Self::prepare(ground, name, &["--only=", "--generate", &count.to_string()]).await;
        std::fs::remove_dir_all(workspace.root.join("registry")).unwrap();
        workspace
    }

    /// What the build of the generated package `number` starts from.
    pub fn generated_input(&self, number: usize) -> Value {
        self.input("core", &generated(number), &[])
    }

    /// Makes the build of a generated package wait for [`Self::open_gate`].
    pub fn gate(&self, number: usize) {
        self.set_script(&format!("core/{}", generated(number)), "build", "until test -e ../../../gate-is-open; do sleep 0.1; done");
    }

    pub fn open_gate(&self) {
        self.write("gate-is-open", "");
    }
}

/// The short name of a generated package.
pub fn generated(number: usize) -> String {
    format!("generated-{number:03}")
}

/// The npm name of a generated package.
pub fn generated_name(number: usize) -> String {
    format!("@acme/{}", generated(number))
}
