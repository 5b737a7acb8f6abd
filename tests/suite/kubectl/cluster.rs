//! A Kubernetes, without nodes or with one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::{free_port, repository, wait_until};

const TOKENS: &str = "admintoken,admin,1,\"system:masters\"\nviewtoken,viewer,2\n";

/// A cluster. It ends when this is dropped, and when the thread ends that has started it.
pub(crate) struct Cluster {
    root: PathBuf,
    dir: TempDir,
    ports: [u16; 4],
    etcd: Child,
    server: Child,
    others: Vec<Child>,
    node: Option<Child>,
}

impl Cluster {
    /// Starts a cluster without nodes, with a stand-in for a kubelet.
    pub(crate) fn start(root: &Path) -> Self {
        let mut cluster = Self::begin(root, &[]);
        let script = repository::root().join("tests/suite/kubectl/kubelet.py");
        let tls = |name: &str| repository::root().join("tests/tls").join(name).display().to_string();
        let kubelet = [
            script.display().to_string(),
            format!("https://127.0.0.1:{}", cluster.ports[2]),
            "admintoken".to_owned(),
            tls("own.pem"),
            tls("own.key"),
            "0".to_owned(),
        ];
        let kubelet = begin(Path::new(""), cluster.dir.path(), "python3", &kubelet);
        cluster.others.push(kubelet);
        cluster
    }

    /// Starts a cluster with a node, whose pods run.
    pub(crate) fn with_node(root: &Path) -> Self {
        let quick = ["--node-monitor-period=1s", "--node-monitor-grace-period=10s"];
        let mut cluster = Self::begin(root, &quick);
        let dir = cluster.dir.path();
        let scheduler = [
            "--kubeconfig=controllers".to_owned(),
            format!("--secure-port={}", free_port()),
            "--bind-address=127.0.0.1".to_owned(),
            "--port=0".to_owned(),
            "--leader-elect=false".to_owned(),
        ];
        let scheduler = begin(root, dir, "kube-scheduler", &scheduler);
        let log = File::create(dir.join("node.log")).expect("a log");
        // It ends with its standard input, and so with us.
        let mut node = Command::new("sh");
        node.arg(repository::root().join("tests/suite/kubectl/node.sh"));
        node.args([root, dir, &dir.join("controllers")])
            .arg(free_port().to_string());
        node.stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log);
        cluster.node = Some(node.spawn().expect("sh"));
        cluster.others.push(scheduler);
        wait_until("the node", || cluster.node_is_ready() == "True");
        cluster
    }

    fn begin(root: &Path, controllers: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let ports = [free_port(), free_port(), free_port(), free_port()];
        let at = |name: &str| dir.path().join(name);
        fs::write(at("tokens"), TOKENS).expect("the tokens");
        // The current context is one that may do nothing: it is not to be used.
        let config = config(ports[2]);
        fs::write(at("config"), format!("{config}current-context: stranger\n")).expect("the configuration");
        fs::write(at("controllers"), format!("{config}current-context: admin\n")).expect("the configuration");
        let key = Command::new("openssl")
            .args(["genrsa", "-out"])
            .arg(at("key"))
            .arg("2048")
            .output();
        assert!(key.expect("openssl").status.success());
        let etcd = begin(root, dir.path(), "etcd", &of_etcd(dir.path(), ports));
        let server = begin(root, dir.path(), "kube-apiserver", &of_server(dir.path(), ports));
        let mut cluster = Self {
            root: root.to_owned(),
            dir,
            ports,
            etcd,
            server,
            others: Vec::new(),
            node: None,
        };
        cluster.wait_until_ready();
        let usual = [
            "--kubeconfig=controllers".to_owned(),
            format!("--secure-port={}", free_port()),
            "--bind-address=127.0.0.1".to_owned(),
            "--port=0".to_owned(),
            "--leader-elect=false".to_owned(),
            "--controllers=deployment,replicaset,statefulset,job,cronjob,namespace,garbagecollector,nodelifecycle"
                .to_owned(),
        ];
        let controllers = controllers.iter().map(|word| (*word).to_owned());
        let controllers: Vec<String> = usual.into_iter().chain(controllers).collect();
        let controllers = begin(root, cluster.dir.path(), "kube-controller-manager", &controllers);
        cluster.others.push(controllers);
        cluster
    }

    /// Ends the kubelet of the node, whose containers go on, or lets it be there again.
    pub(crate) fn node_is_away(&self, is_away: bool) {
        let mark = self.dir.path().join("away");
        match is_away {
            true => File::create(mark).map(drop).expect("a mark"),
            false => fs::remove_file(mark).expect("the mark"),
        }
        let wanted = if is_away { "Unknown" } else { "True" };
        wait_until("the node", || self.node_is_ready() == wanted);
    }

    fn node_is_ready(&self) -> String {
        let mut ask = Command::new(self.root.join("kubectl"));
        let ready = "jsonpath={.items[*].status.conditions[?(@.type==\"Ready\")].status}";
        ask.args(["--context=admin", "get", "nodes", "-o", ready])
            .env("KUBECONFIG", self.config());
        let answer = ask.stdin(Stdio::null()).output().expect("kubectl");
        String::from_utf8_lossy(&answer.stdout).into_owned()
    }

    /// The kubeconfig with the contexts `admin`, `viewer` and `stranger`.
    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    /// Kills the API server.
    pub(crate) fn kill_server(&mut self) {
        end(&mut self.server);
    }

    /// Starts the API server again.
    pub(crate) fn start_server(&mut self) {
        let args = of_server(self.dir.path(), self.ports);
        self.server = begin(&self.root, self.dir.path(), "kube-apiserver", &args);
        self.wait_until_ready();
    }

    fn wait_until_ready(&self) {
        let kubectl = self.root.join("kubectl");
        wait_until("the API server", || {
            let mut ask = Command::new(&kubectl);
            ask.args(["--context=admin", "get", "--raw", "/readyz"])
                .env("KUBECONFIG", self.config());
            let answer = ask.stdin(Stdio::null()).output();
            answer.is_ok_and(|answer| answer.status.success())
        });
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for program in [
                "etcd",
                "kube-apiserver",
                "kube-controller-manager",
                "python3",
                "node",
                "containerd",
                "kubelet",
            ] {
                let log = fs::read_to_string(self.dir.path().join(format!("{program}.log"))).unwrap_or_default();
                let from = log.len().saturating_sub(1500);
                let said = String::from_utf8_lossy(&log.as_bytes()[from..]).into_owned();
                crate::support::say(&format!("{program} said at last:\n{said}\n"));
            }
        }
        if let Some(mut node) = self.node.take() {
            drop(node.stdin.take());
            let _ = node.wait();
        }
        for child in &mut self.others {
            end(child);
        }
        end(&mut self.server);
        end(&mut self.etcd);
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Starts a program that ends with us, even if we are killed.
fn begin(root: &Path, dir: &Path, program: &str, args: &[String]) -> Child {
    let log = File::create(dir.join(format!("{program}.log"))).expect("a log");
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--"])
        .arg(root.join(program))
        .args(args);
    command.current_dir(dir).stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a log")).stderr(log);
    command.spawn().expect("setpriv")
}

fn of_etcd(dir: &Path, ports: [u16; 4]) -> Vec<String> {
    let (clients, peers) = (
        format!("http://127.0.0.1:{}", ports[0]),
        format!("http://127.0.0.1:{}", ports[1]),
    );
    vec![
        format!("--data-dir={}", dir.join("etcd").display()),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=default={peers}"),
    ]
}

fn of_server(dir: &Path, ports: [u16; 4]) -> Vec<String> {
    let key = dir.join("key").display().to_string();
    let mut args: Vec<String> = [
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--cert-dir=pki",
        "--token-auth-file=tokens",
        "--authorization-mode=RBAC",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--disable-admission-plugins=ServiceAccount",
    ]
    .map(str::to_owned)
    .into();
    args.push(format!("--etcd-servers=http://127.0.0.1:{}", ports[0]));
    args.push(format!("--secure-port={}", ports[2]));
    args.push(format!("--service-account-key-file={key}"));
    args.push(format!("--service-account-signing-key-file={key}"));
    args.push(format!("--service-account-issuer=https://127.0.0.1:{}", ports[2]));
    args
}

fn config(port: u16) -> String {
    let user = |name: &str, token: &str| format!("{{name: {name}, user: {{token: {token}}}}}");
    let context = |name: &str| format!("{{name: {name}, context: {{cluster: here, user: {name}}}}}");
    format!(
        "apiVersion: v1\nkind: Config\n\
         clusters: [{{name: here, cluster: {{server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true}}}}]\n\
         users: [{}, {}, {}]\ncontexts: [{}, {}, {}]\n",
        user("admin", "admintoken"),
        user("viewer", "viewtoken"),
        user("stranger", "nope"),
        context("admin"),
        context("viewer"),
        context("stranger"),
    )
}
