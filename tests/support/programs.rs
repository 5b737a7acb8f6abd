//! Programs that a test makes and executes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::Sandbox;

/// Copies a program. Another process writes the copy: a program that is open for
/// writing cannot be executed, and what another test forks at this moment would
/// hold it open.
#[track_caller]
pub fn install(program: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-p", "--"]).args([program, to]).status();
    assert!(copied.expect("cp").success(), "{}", to.display());
}

/// Makes a script of the shell that can be executed.
#[track_caller]
pub fn script(path: &Path, text: &str) {
    let draft = path.with_added_extension("draft");
    fs::write(&draft, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).expect("its mode");
    install(&draft, path);
    fs::remove_file(&draft).expect("remove the draft");
}

impl Sandbox {
    /// Makes a program that is found before the host's own of this name. Returns the
    /// `PATH` with which it is.
    pub fn stand_in(&self, name: &str, text: &str) -> String {
        let bin = self.path("bin");
        fs::create_dir_all(&bin).expect("the folder of stand-ins");
        script(&bin.join(name), text);
        let usual = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        format!("{}:{usual}", bin.display())
    }
}
