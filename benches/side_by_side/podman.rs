//! Containers and pods of podman, beside podman's own list and events.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::Options;
use crate::containers::{BUSYBOX, busybox_image, runs};
use crate::fleet::{median, timed};
use crate::following::{OwnEvents, idle, told};
use crate::guard::Guard;
use crate::manager::write;
use crate::table::{Table, Target};

const CONTAINERS: usize = 50;
const PODS: usize = 20;

/// The number of those whose crash is timed. They stay as they ended.
const KILLED: usize = 10;

const IMAGE: &str = "gamectl-bench:1";

/// A podman with a store of its own.
struct Store<'a> {
    dir: &'a Path,
    gamectl: &'a Path,
}

impl Store<'_> {
    fn equipped(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.dir)
            .env("CONTAINERS_CONF", self.dir.join("containers.conf"))
            .env("CONTAINERS_STORAGE_CONF", self.dir.join("storage.conf"))
            .env("GAMECTL_STATE_DIR", self.dir.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn podman(&self, args: &[&str]) -> Command {
        let mut podman = self.equipped(Path::new("podman"));
        podman.args(args);
        podman
    }

    fn podman_ok(&self, args: &[&str]) {
        let ended = self.podman(args).status().expect("podman");
        assert!(ended.success(), "podman {args:?}");
    }

    fn gamectl(&self, args: &[&str]) -> Command {
        let mut gamectl = self.equipped(self.gamectl);
        gamectl.args(args);
        gamectl
    }
}

impl Drop for Store<'_> {
    fn drop(&mut self) {
        let _ = self.podman(&["pod", "rm", "--all", "--force", "--time", "0"]).status();
        let _ = self.podman(&["rm", "--all", "--force", "--time", "0"]).status();
    }
}

/// Measures `status`, `run` and `watch` of containers and pods that run.
pub(crate) fn measure(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    let what = format!("{CONTAINERS} containers and {PODS} pods");
    if !nix::unistd::geteuid().is_root() || !Path::new(BUSYBOX).exists() || !runs("podman", &["--version"]) {
        eprintln!("{what}: they need root, podman and /bin/busybox");
        return;
    }
    let dir = guard.fresh("podman");
    let store = Store { dir: &dir, gamectl };
    eprintln!("{what}: setting up");
    let ids = set_up(&store);
    let rounds = options.pick(15, 5);
    compare(&store, &what, rounds, table);
    idle(&what, &|args| store.gamectl(args), table);
    let mut events = store.podman(&["events", "--format", "json", "--filter", "event=died"]);
    events.stdout(Stdio::piped());
    let engine = OwnEvents {
        name: "podman events",
        command: events,
        word: "died",
    };
    let ends: Vec<(String, String)> = ids.iter().take(KILLED).map(|id| (id.clone(), id.clone())).collect();
    let end = |id: &str| store.podman_ok(&["kill", id]);
    told(&what, store.gamectl(&["watch", "--json"]), engine, &ends, &end, table);
    compare(&store, &format!("{what}, {KILLED} of them killed"), rounds, table);
}

/// Makes all of them, and returns the ids of the containers.
fn set_up(store: &Store<'_>) -> Vec<String> {
    let dir = store.dir.display();
    let engine = format!(
        "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
         [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n\
         lock_type = \"file\"\ntmp_dir = \"{dir}/engine\"\nvolume_path = \"{dir}/volumes\"\n\
         [network]\nnetwork_config_dir = \"{dir}/networks\"\n"
    );
    write(&store.dir.join("containers.conf"), &engine);
    let storage = format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{dir}/graph\"\nrunroot = \"{dir}/run\"\n");
    write(&store.dir.join("storage.conf"), &storage);
    let tar = busybox_image(&store.dir.join("image")).display().to_string();
    store.podman_ok(&["import", "--change", "ENV PATH=/bin", &tar, IMAGE]);
    let mut instances = Map::new();
    let game = [IMAGE, "sleep", "1000000"];
    let ids: Vec<String> = (0..CONTAINERS).map(|number| format!("c{number:02}")).collect();
    for id in &ids {
        instances.insert(id.clone(), json!({ "podman": { "container": id } }));
        store.podman_ok(&[&["create", "--name", id, "--network", "none"], &game[..]].concat());
    }
    for number in 0..PODS {
        let id = format!("p{number:02}");
        let inside = format!("{id}-game");
        store.podman_ok(&["pod", "create", "--infra=false", "--name", &id]);
        store.podman_ok(
            &[
                &["create", "--name", &inside, "--pod", &id, "--network", "none"],
                &game[..],
            ]
            .concat(),
        );
        instances.insert(id.clone(), json!({ "podman": { "pod": id } }));
    }
    let inventory: Value = json!({ "defaults": { "restart": { "policy": "never" } }, "instances": &instances });
    write(&store.dir.join("instances.yaml"), &inventory.to_string());
    let started = store.gamectl(&["start", "-q", "--all"]).status().expect("gamectl");
    assert!(started.success(), "gamectl start --all");
    ids
}

/// Times `status` of all beside podman's own list.
fn compare(store: &Store<'_>, what: &str, rounds: usize, table: &mut Table) {
    eprintln!("status of {what}: {rounds} rounds");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(store.gamectl(&["status"])) as f64 / 1e6);
        theirs.push(timed(store.podman(&["ps", "-a", "--format", "json"])) as f64 / 1e6);
    }
    table.pair(
        &format!("status of {what}"),
        "ms",
        median(ours),
        ("podman ps -a", median(theirs)),
        Target::AtMost(1.2, "that"),
    );
}
