//! Images of containers without a registry, and tests that need an engine.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The host's static busybox, of which images are made.
pub const BUSYBOX: &str = "/bin/busybox";

/// Returns true if a program can be run, and succeeds.
pub fn runs(program: &str, args: &[&str]) -> bool {
    let ran = Command::new(program).args(args).stdin(Stdio::null()).output();
    ran.is_ok_and(|output| output.status.success())
}

/// Returns true if there is a `docker compose` for every user: the home of a sandbox is
/// empty.
pub fn has_compose_plugin() -> bool {
    let mut plugin = Command::new("docker");
    plugin.args(["compose", "version"]).env("HOME", "/nonexistent");
    let ran = plugin.stdin(Stdio::null()).output();
    ran.is_ok_and(|output| output.status.success())
}

/// Packs the root of an image into `image.tar` in an empty folder, and returns that file.
pub fn busybox_image(folder: &Path) -> PathBuf {
    let root = folder.join("root");
    for name in ["bin", "tmp", "proc", "sys", "dev", "etc"] {
        fs::create_dir_all(root.join(name)).expect("a folder");
    }
    fs::copy(BUSYBOX, root.join("bin/busybox")).expect("apt install busybox-static");
    for applet in ["sh", "sleep", "true", "cat", "test", "touch", "nc"] {
        symlink("busybox", root.join("bin").join(applet)).expect("a link");
    }
    let tar = folder.join("image.tar");
    let mut pack = Command::new("tar");
    pack.arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".");
    assert!(pack.status().expect("run tar").success());
    tar
}

/// Runs the ignored tests of a module, `threads` at once, in a process of their own.
#[track_caller]
pub fn run_ignored(module: &str, threads: usize) {
    run_ignored_with(module, threads, &[]);
}

/// Runs the ignored tests of a module with these variables.
#[track_caller]
pub fn run_ignored_with(module: &str, threads: usize, env: &[(&str, &str)]) {
    let own = std::env::current_exe().expect("our own path");
    let threads = format!("--test-threads={threads}");
    let ran = Command::new(own)
        .args([module, "--ignored", &threads])
        .envs(env.iter().copied())
        .output();
    let ran = ran.expect("run the tests");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let has_run = said.contains("test result: ok. ") && !said.contains("ok. 0 passed");
    assert!(has_run, "{said}");
}
