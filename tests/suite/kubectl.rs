//! Workloads of a real Kubernetes without nodes: its API server, its controllers, and a
//! stand-in for the kubelet of one node, which gives each pod the status that an annotation
//! asks for. kubectl is real everywhere; only what needs a container is answered in its place.
//!
//! `GAMECTL_TEST_KUBERNETES_ROOT` names the folder that `.ci/kubernetes` prints. Where there
//! is one, all of these tests are run by [`all_of_these_where_there_is_kubernetes`]; elsewhere
//! that says so, and fails with `GAMECTL_TEST_KUBERNETES=required`, as in the gate.

mod bad_answers;
pub(crate) mod cluster;
mod objects;
mod players;
mod rights;
mod verbs;
mod watching;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use crate::support::containers::run_ignored_with;
use crate::support::{self, Outcome, Sandbox, wait_until};
use cluster::Cluster;

/// The folder with the programs of Kubernetes.
pub(crate) const ROOT: &str = "GAMECTL_TEST_KUBERNETES_ROOT";

/// The kubeconfig of the cluster that the tests share.
pub(crate) const CONFIG: &str = "GAMECTL_TEST_KUBECONFIG";

#[test]
fn all_of_these_where_there_is_kubernetes() {
    let Some(root) = std::env::var_os(ROOT) else {
        return support::not_run(
            "the tests of Kubernetes",
            &format!("{ROOT} names no folder: see .ci/kubernetes"),
            "GAMECTL_TEST_KUBERNETES",
        );
    };
    let cluster = Cluster::start(&PathBuf::from(root));
    let config = cluster.config();
    run_ignored_with("kubectl::", 4, &[(CONFIG, config.to_str().expect("a path in UTF-8"))]);
}

/// A namespace of its own in the cluster, and an inventory.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    config: PathBuf,
    pub(crate) namespace: String,
    path: String,
    instances: Map<String, Value>,
}

impl World {
    /// A world in the cluster that the tests share.
    pub(crate) fn new() -> Self {
        Self::within(&PathBuf::from(
            std::env::var_os(CONFIG).expect("the wrapper starts the cluster"),
        ))
    }

    pub(crate) fn within(config: &std::path::Path) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let world = Self {
            sandbox: Sandbox::new(),
            config: config.to_owned(),
            namespace: format!("test-{}-{number}", std::process::id()),
            path: path(),
            instances: Map::new(),
        };
        world.kubectl(&["create", "namespace", &world.namespace]);
        world
    }

    /// Calls the real kubectl, which must succeed.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let ran = self.kubectl_command(args).output().expect("run kubectl");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "kubectl {args:?}: {said}");
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    fn kubectl_command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.program("kubectl");
        command.env("PATH", path()).env("KUBECONFIG", &self.config);
        command
            .args(["--context=admin", &format!("--namespace={}", self.namespace)])
            .args(args);
        command
    }

    /// Applies a manifest.
    #[track_caller]
    pub(crate) fn apply(&self, object: &Value) {
        let file = self.sandbox.path("manifest.json");
        std::fs::write(&file, object.to_string()).expect("a manifest");
        self.kubectl(&["apply", "-f", file.to_str().expect("a path in UTF-8")]);
    }

    /// Makes a deployment or a stateful set whose pods are in a mood, and waits for its pods.
    #[track_caller]
    fn workload(&self, kind: &str, name: &str, replicas: u32, mood: &str) {
        let labels = json!({ "app": name });
        let spec = json!({ "replicas": replicas, "serviceName": name, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels, "annotations": { "mood": mood } },
                "spec": { "terminationGracePeriodSeconds": 600, "containers": [{ "name": "game", "image": "x", "stdin": true }] } } });
        let mut object = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec });
        if kind == "Deployment" {
            object["spec"].as_object_mut().expect("a spec").remove("serviceName");
        }
        self.apply(&object);
        self.wait_for_mood(name, replicas, mood);
    }

    /// Waits until so many pods have the status of a mood.
    #[track_caller]
    fn wait_for_mood(&self, app: &str, count: u32, mood: &str) {
        let mood = mood.replace(':', "");
        wait_until(&format!("{count} pods of {app} that are {mood}"), || {
            let said = self.kubectl(&[
                "get",
                "pods",
                "-l",
                &format!("app={app}"),
                "-o",
                "jsonpath={.items[*].status.message}",
            ]);
            said.split_whitespace().filter(|word| *word == mood).count() == count as usize
        });
    }

    /// Adds an instance in this namespace to the inventory, with more keys of its section.
    pub(crate) fn instance(&mut self, id: &str, workload: &str, more: &Value) {
        let mut section = json!({ "context": "admin", "namespace": self.namespace });
        if !workload.is_empty() {
            section["workload"] = json!(workload);
        }
        section
            .as_object_mut()
            .expect("a section")
            .extend(more.as_object().expect("keys").clone());
        self.entry(id, json!({ "kubectl": section }));
    }

    /// The section of an instance.
    pub(crate) fn section(&self, id: &str) -> Value {
        self.instances[id]["kubectl"].clone()
    }

    pub(crate) fn entry(&mut self, id: &str, entry: Value) {
        self.instances.insert(id.to_owned(), entry);
        self.write();
    }

    fn write(&self) {
        self.sandbox
            .inventory_text(&json!({ "instances": self.instances }).to_string());
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args);
        command.env("KUBECONFIG", &self.config).env("PATH", &self.path);
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(args, &self.command(args).output().expect("run gamectl"))
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Outcome {
        self.run(args).expect_code(0)
    }

    /// The first result of a verb, which must succeed.
    #[track_caller]
    pub(crate) fn result(&self, args: &[&str]) -> Value {
        self.ok(&[args, &["--json"]].concat()).json()["results"][0].clone()
    }

    #[track_caller]
    pub(crate) fn row(&self, id: &str) -> Value {
        self.run(&["status", "--json", id]).json()["instances"][0].clone()
    }

    /// The state and the note of an instance.
    #[track_caller]
    pub(crate) fn told(&self, id: &str) -> String {
        let row = self.row(id);
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text("state"), text("note"))
    }

    /// Has this script run in place of kubectl. `$verb` is the first word that is no option,
    /// `$real` the real program.
    fn shadow(&mut self, script: &str) {
        let real = String::from_utf8(
            Command::new("sh")
                .args(["-c", "command -v kubectl"])
                .env("PATH", path())
                .output()
                .expect("a shell")
                .stdout,
        );
        let real = real.expect("a path in UTF-8");
        let find = "for word; do case $word in -*) ;; *) verb=$word; break ;; esac; done";
        self.path = self
            .sandbox
            .stand_in("kubectl", &format!("real={real}\n{find}\n{script}\nexec $real \"$@\""));
    }

    fn unshadow(&mut self) {
        self.path = path();
    }

    /// A field of an object, by a path of kubectl.
    #[track_caller]
    pub(crate) fn field(&self, target: &str, path: &str) -> String {
        self.kubectl(&["get", target, "-o", &format!("jsonpath={{{path}}}")])
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let mut delete = self.kubectl_command(&["delete", "namespace", &self.namespace, "--wait=false"]);
        let _ = delete.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// The search path on which the kubectl of the folder comes first.
fn path() -> String {
    let usual = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
    // Another kubectl is tried by hand.
    let first = std::env::var("GAMECTL_TEST_KUBECTL_FOLDER").or_else(|_| std::env::var(ROOT));
    format!("{}:{usual}", first.unwrap_or_default())
}
