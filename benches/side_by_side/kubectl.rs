//! Workloads in a real Kubernetes without nodes, as the tests have it, beside one plain
//! `kubectl get` of the same.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::Options;
use crate::cluster::Cluster;
use crate::fleet::{median, timed};
use crate::guard::Guard;
use crate::manager::write;
use crate::table::{Table, Target};
use crate::wait::wait_until;

const NAMESPACES: usize = 5;

/// The workloads in each of them.
const WORKLOADS: usize = 20;

/// A cluster with a folder for whoever asks it.
struct Place<'a> {
    _cluster: Cluster,
    config: PathBuf,
    /// The search path, with the kubectl of the cluster in front.
    path: String,
    dir: &'a Path,
}

impl Place<'_> {
    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.dir)
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.config)
            // Both find what kubectl remembers of the kinds there.
            .env("HOME", self.dir)
            .env("GAMECTL_STATE_DIR", self.dir.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn kubectl(&self, args: &[&str]) -> Command {
        self.command(Path::new("kubectl"), &[&["--context=admin"], args].concat())
    }
}

/// Measures `status` of all of them.
pub(crate) fn measure(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    let what = format!(
        "status of {} workloads in {NAMESPACES} namespaces",
        NAMESPACES * WORKLOADS
    );
    let Some(root) = root() else {
        eprintln!("{what}: it needs the folder that .ci/kubernetes makes");
        return;
    };
    eprintln!("{what}: setting up");
    let dir = guard.fresh("kubectl");
    let cluster = Cluster::start(&root);
    let usual = std::env::var("PATH").unwrap_or_default();
    let place = Place {
        config: cluster.config(),
        _cluster: cluster,
        path: format!("{}:{usual}", root.display()),
        dir: &dir,
    };
    set_up(&place);
    let status = || place.command(gamectl, &["status"]);
    let list = || place.kubectl(&["get", "deployments.apps,pods", "--all-namespaces", "--output=json"]);
    assert!(status().status().expect("gamectl").success(), "gamectl status");
    let rounds = options.pick(15, 5);
    eprintln!("{what}: {rounds} rounds");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(status()) as f64 / 1e6);
        theirs.push(timed(list()) as f64 / 1e6);
    }
    table.pair(
        &what,
        "ms",
        median(ours),
        ("kubectl get", median(theirs)),
        Target::AtMost(1.2, "that"),
    );
}

/// Returns the folder with the programs, where they were built.
fn root() -> Option<PathBuf> {
    if let Some(root) = std::env::var_os("GAMECTL_TEST_KUBERNETES_ROOT") {
        return Some(root.into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/kubernetes");
    let is_made = Command::new(&script).arg("made").status().ok()?.success();
    let printed = is_made.then(|| Command::new(&script).output())?.ok()?.stdout;
    Some(String::from_utf8(printed).ok()?.trim().into())
}

/// Makes all of them, and the inventory; waits until each has a pod that is ready.
fn set_up(place: &Place<'_>) {
    let (mut objects, mut instances) = (Vec::new(), Map::new());
    for space in 0..NAMESPACES {
        let namespace = format!("games-{space}");
        objects.push(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }));
        for number in 0..WORKLOADS {
            let name = format!("lobby-{number:02}");
            objects.push(deployment(&namespace, &name));
            let section =
                json!({ "context": "admin", "namespace": namespace, "workload": format!("deployment/{name}") });
            instances.insert(format!("{namespace}-{number:02}"), json!({ "kubectl": section }));
        }
    }
    write(
        &place.dir.join("instances.yaml"),
        &json!({ "instances": instances }).to_string(),
    );
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    write(&place.dir.join("objects.json"), &list.to_string());
    let made = place.kubectl(&["create", "-f", "objects.json"]).status();
    assert!(made.expect("kubectl").success(), "kubectl create");
    wait_until("the pods", || {
        let field = "--output=jsonpath={.items[*].status.readyReplicas}";
        let mut get = place.kubectl(&["get", "deployments", "--all-namespaces", field]);
        let ready = get.stdout(Stdio::piped()).output().expect("kubectl").stdout;
        String::from_utf8_lossy(&ready).split_whitespace().count() == NAMESPACES * WORKLOADS
    });
}

fn deployment(namespace: &str, name: &str) -> Value {
    let labels = json!({ "app": name });
    let pod = json!({ "containers": [{ "name": "game", "image": "x" }] });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": pod },
        },
    })
}
