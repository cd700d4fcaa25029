//! Argo CD's own controllers sync a repository of definitions: its health goes with the rollout, a broken edit is Degraded while the last good version
//! serves, a revert is an instant way back, and deleting the Application loses no execution.

use crate::ground::{Cluster, Namespace, eventually, root, run, saying, task_queue, waiting};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A git repository that Argo CD syncs, and the Application that does.
struct Synced<'a> {
    namespace: &'a Namespace,
    folder: PathBuf,
    /// The statuses of its health that were seen, one after the other.
    seen: RefCell<Vec<String>>,
}

impl<'a> Synced<'a> {
    fn new(namespace: &'a Namespace) -> Self {
        run(Command::new(root().join("tests/cluster/ground/cluster")).arg("argo-cd").env("WARPLINE", env!("CARGO_BIN_EXE_warpline")));
        let folder = std::env::temp_dir().join(format!("warpline-{}", namespace.name));
        std::fs::create_dir_all(&folder).unwrap();
        let synced = Self { namespace, folder, seen: RefCell::default() };
        synced.git(&["init", "--quiet", "--initial-branch", "main"]);
        synced
    }

    fn git(&self, arguments: &[&str]) {
        let author = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"];
        run(Command::new("git").arg("-C").arg(&self.folder).args(author).args(arguments));
    }

    /// Commits these objects in the place of those before.
    fn commit(&self, objects: &[Value], message: &str) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        std::fs::write(self.folder.join("workflows.json"), list.to_string()).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.refresh();
    }

    /// As a webhook of the repository does: Argo CD looks at it now.
    fn refresh(&self) {
        if self.application().is_null() {
            self.create();
        } else {
            self.kubectl(&["annotate", "application", &self.namespace.name, "argocd.argoproj.io/refresh=normal", "--overwrite"]);
        }
    }

    fn create(&self) {
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": self.namespace.name, "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
            "spec": {
                "project": "default",
                "destination": {"server": "https://kubernetes.default.svc", "namespace": self.namespace.name},
                "source": {"repoURL": format!("file://{}", self.folder.display()), "targetRevision": "main", "path": "."},
                "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
            },
        });
        let file = self.folder.with_extension("json");
        std::fs::write(&file, application.to_string()).unwrap();
        self.kubectl(&["create", "--filename", file.to_str().unwrap()]);
        std::fs::remove_file(file).unwrap();
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let mut all = vec!["--namespace", "argocd"];
        all.extend(arguments);
        run(&mut self.cluster().kubectl(&all))
    }

    fn cluster(&self) -> &'static Cluster {
        self.namespace.cluster
    }

    fn application(&self) -> Value {
        let text = self.kubectl(&["get", "application", &self.namespace.name, "--ignore-not-found", "--output", "json"]);
        if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// Waits until the newest commit is synced, and its health is as wanted; the Application.
    async fn until(&self, health: &str) -> Value {
        let revision = run(Command::new("git").arg("-C").arg(&self.folder).args(["rev-parse", "main"]));
        let look = || {
            let application = self.application();
            let now = application["status"]["health"]["status"].as_str().unwrap_or_default().to_owned();
            if self.seen.borrow().last() != Some(&now) {
                self.seen.borrow_mut().push(now.clone());
            }
            let sync = &application["status"]["sync"];
            let is_synced = sync["status"] == "Synced" && sync["revision"] == revision.trim();
            (is_synced && now == health).then_some(application)
        };
        let describe = || format!("{:#}\n{}", self.application()["status"], self.namespace.story());
        eventually(&format!("Argo CD to call it {health}"), look, describe).await
    }

    /// The statuses that were seen since this was asked last.
    fn seen(&self) -> Vec<String> {
        self.seen.take()
    }
}

impl Drop for Synced<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.folder));
    }
}

/// What Argo CD says of one resource.
fn health_of<'a>(application: &'a Value, kind: &str) -> &'a Value {
    let resources = application["status"]["resources"].as_array().unwrap();
    &resources.iter().find(|resource| resource["kind"] == kind).unwrap()["health"]
}

#[tokio::test]
async fn its_health_follows_the_rollout_and_no_execution_is_lost() {
    let namespace = Namespace::new("argo-cd").await;
    let synced = Synced::new(&namespace);
    let queue = task_queue(&namespace, json!({}));
    let objects = |text: &str| [queue.clone(), waiting(&namespace, "held"), saying(&namespace, "saying", text)];

    synced.commit(&objects("first"), "First");
    synced.until("Healthy").await;
    let seen = synced.seen();
    assert!(seen.contains(&"Progressing".to_owned()), "{seen:?}");
    let first = namespace.live("saying").await;
    let held = namespace.start("WaitingWorkflow", "held", Value::Null).await;
    namespace.begun(&held).await;

    synced.commit(&objects("second"), "An edit");
    synced.until("Healthy").await;
    let second = namespace.live("saying").await;
    assert_ne!(second, first);

    let mut broken = saying(&namespace, "saying", "broken");
    broken["spec"]["definition"]["nodes"][1]["config"]["returnValue"] = json!({"$expr": "1 +"});
    synced.commit(&[queue.clone(), waiting(&namespace, "held"), broken], "A broken edit");
    let application = synced.until("Degraded").await;
    let health = health_of(&application, "Workflow");
    let messages = format!("{health} {}", application["status"]["resources"]);
    assert!(messages.contains("W0301"), "{messages}");
    assert_eq!(namespace.execute("SayingWorkflow", "while-broken", Value::Null).await, "second");

    synced.git(&["revert", "--no-edit", "HEAD"]);
    synced.refresh();
    synced.until("Healthy").await;
    assert_eq!(namespace.live("saying").await, second, "the same definitions are the same version");

    // Argo CD deletes in the foreground.
    synced.kubectl(&["delete", "application", &namespace.name, "--wait=false"]);
    namespace.until("workflow", "waiting", "Ready", "False/Draining").await;
    namespace.temporal.signal(&held, "go", &[]).await.unwrap();
    assert_eq!(namespace.result(&held).await, "held");
    assert_eq!(namespace.build_id_of(&held).await, first);
    let is_gone = || synced.application().is_null().then_some(());
    eventually("the Application to be gone", is_gone, || format!("{:#}\n{}", synced.application(), namespace.story())).await;
    assert!(namespace.list("workerversion,deployment").is_empty());
}
