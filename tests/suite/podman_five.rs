//! Podman 5 in a Debian that has really booted: a container as an instance, and a quadlet,
//! whose unit podman's own generator makes. Most tests of podman are beside this one, with
//! podman 4.

use serde_json::{Value, json};

use crate::support::{Machine, wait_until};

/// Makes an image, a quadlet and a container. A machine within a container may neither
/// make a network nor a control group, nor change settings of the kernel.
const SETUP: &str = r#"#!/bin/sh
set -e
mkdir -p /etc/containers/systemd /tmp/image/bin
cat >/etc/containers/containers.conf <<END
[containers]
keyring = false
default_sysctls = []
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "crun"
END
cat >/etc/containers/storage.conf <<END
[storage]
driver = "vfs"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
END
cp /bin/busybox /tmp/image/bin/
for applet in sh sleep echo cat; do ln -s busybox "/tmp/image/bin/$applet"; done
tar -C /tmp/image -c . | podman import --change 'ENV PATH=/bin' - localhost/game
cat >/etc/containers/systemd/pal.container <<'END'
[Container]
Image=localhost/game
ContainerName=palworld
Network=host
PodmanArgs=--cgroups=disabled
Exec=sh -c 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done'
END
systemctl daemon-reload
podman create --name alone --network host --cgroups=disabled localhost/game \
    sh -c 'trap "echo saved; exit 0" TERM; echo up; while :; do sleep 0.1; done'
"#;

/// A machine with these instances, its folder, and a name for each kind of them.
fn boot(test: &str) -> Option<(tempfile::TempDir, Machine)> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("its folder")).expect("its folder");
        std::fs::write(path, text).expect("a file");
    };
    let instances = json!({ "instances": {
        "pal": { "systemd": { "unit": "pal" } },
        "alone": { "podman": { "container": "alone" } },
        "owned": { "podman": { "container": "palworld" } },
    } });
    write("etc/gamectl/instances.yaml", &instances.to_string());
    write("share/setup", SETUP);
    let machine = Machine::boot_with_podman(test, folder.path())?;
    machine.ok(&["sh", "/share/setup"]);
    Some((folder, machine))
}

fn state(machine: &Machine, id: &str) -> Value {
    machine.row(id)["state"].clone()
}

#[test]
fn a_quadlet_of_podman_is_a_unit() {
    let Some((_folder, machine)) = boot("a_quadlet_of_podman_is_a_unit") else {
        return;
    };
    let told = machine.run(&["gamectl", "check"]).stdout;
    let made = "systemd has pal.service, made from /etc/containers/systemd/pal.container, and calls it generated";
    assert!(told.contains(made), "{told}");
    machine.ok(&["gamectl", "start", "pal"]);
    assert_eq!(state(&machine, "pal"), json!("running"));
    let told = machine.run(&["gamectl", "check"]).stdout;
    assert!(told.contains("palworld belongs to the unit pal.service"), "{told}");
    wait_until("its line in the journal", || {
        machine
            .ok(&["gamectl", "logs", "pal"])
            .stdout
            .lines()
            .any(|line| line == "up")
    });
    // Killed past us, it has crashed, and its container is gone.
    machine.ok(&["podman", "kill", "palworld"]);
    wait_until("the crash", || state(&machine, "pal") == json!("crashed"));
    assert_eq!(machine.row("pal")["last_exit"]["code"], json!(137));
    assert_eq!(state(&machine, "owned"), json!("unknown"));
    machine.ok(&["gamectl", "start", "pal"]);
    machine.ok(&["gamectl", "stop", "pal"]);
    assert_eq!(state(&machine, "pal"), json!("stopped"));
    assert_eq!(
        machine.ok(&["podman", "ps", "-aq", "--filter", "name=palworld"]).stdout,
        ""
    );
    machine.power_off();
}

#[test]
fn a_container_of_podman_5_is_an_instance() {
    let Some((_folder, machine)) = boot("a_container_of_podman_5_is_an_instance") else {
        return;
    };
    assert_eq!(state(&machine, "alone"), json!("stopped"));
    machine.ok(&["gamectl", "start", "alone"]);
    assert_eq!(state(&machine, "alone"), json!("running"));
    machine.ok(&["gamectl", "start", "alone"]);
    wait_until("its line", || {
        machine.ok(&["gamectl", "logs", "alone"]).stdout.contains("up")
    });
    machine.ok(&["podman", "kill", "alone"]);
    wait_until("the crash", || state(&machine, "alone") == json!("crashed"));
    assert_eq!(machine.row("alone")["last_exit"]["code"], json!(137));
    machine.ok(&["gamectl", "restart", "alone"]);
    machine.ok(&["gamectl", "stop", "alone"]);
    assert_eq!(state(&machine, "alone"), json!("stopped"));
    assert!(machine.ok(&["gamectl", "logs", "alone"]).stdout.contains("saved"));
    machine.ok(&["gamectl", "stop", "alone"]);
    machine.power_off();
}
