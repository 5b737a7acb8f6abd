//! The Debian package: built, installed into a root of its own, and used
//! there. Needs Debian and cargo-deb:
//! `cargo test --test suite debian -- --ignored`

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Instance, Outcome, Sandbox};

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The target that the program is built for, as rustc calls it: an explicit
/// one is told to cargo-deb, which does not know cargo's word for it.
fn target() -> String {
    let version = run(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc knows its host").to_owned()
}

/// Builds the package, of the same build as the tests.
fn build(into: &Path) -> PathBuf {
    let package = into.join("gamectl.deb");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "deb",
            "--locked",
            "--profile",
            "dev",
            "--no-strip",
            "--target",
            &target(),
            "--output",
        ])
        .arg(&package);
    run(&mut cargo);
    package
}

/// Installs it below a folder, and nowhere else.
fn install(package: &Path, root: &Path) {
    let admin = root.join("var/lib/dpkg");
    std::fs::create_dir_all(admin.join("updates")).expect("make a folder");
    std::fs::create_dir_all(admin.join("info")).expect("make a folder");
    std::fs::write(admin.join("status"), "").expect("write a file");
    let mut dpkg = Command::new("dpkg");
    dpkg.args(["--force-not-root", "--force-script-chrootless", "--log=/dev/null"])
        .arg(format!("--root={}", root.display()))
        .arg("--install")
        .arg(package);
    run(&mut dpkg);
}

#[test]
#[ignore = "needs Debian and cargo-deb"]
fn it_is_built_installed_and_used() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve"])]);
    let package = build(sandbox.dir());
    let root = sandbox.path("root");
    install(&package, &root);
    for file in [
        "usr/bin/gamectl",
        "usr/share/bash-completion/completions/gamectl",
        "usr/share/zsh/vendor-completions/_gamectl",
        "usr/share/fish/vendor_completions.d/gamectl.fish",
        "usr/share/man/man1/gamectl-check.1.gz",
        "usr/share/man/man5/gamectl-inventory.5.gz",
        "usr/share/gamectl/instances.schema.json",
        "usr/lib/systemd/system/gamectl.service",
    ] {
        assert!(root.join(file).is_file(), "{file} is missing");
    }
    let installed = |args: &[&str]| {
        let output = sandbox.program(root.join("usr/bin/gamectl")).args(args).output();
        Outcome::of(args, &output.expect("run what was installed"))
    };
    installed(&["start", "a"]).expect_code(0);
    assert!(installed(&["status"]).expect_code(0).stdout.contains("running"));
    installed(&["stop", "a"]).expect_code(0);
    let unit = std::fs::read_to_string(root.join("usr/lib/systemd/system/gamectl.service")).expect("the unit");
    assert!(unit.contains("ExecStart=/usr/bin/gamectl "), "{unit}");
}
