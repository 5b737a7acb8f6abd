//! A supervisor, as far as it is measured.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::fleet::{Births, Fleet};
use crate::guard::Guard;
use crate::processes;

/// A supervisor that can be set up with a fleet.
pub(crate) trait Manager {
    /// Its name.
    fn name(&self) -> &'static str;
    /// The programs without which it cannot be measured.
    fn programs(&self) -> Vec<PathBuf>;
    /// Writes its configuration and starts it.
    fn set_up(&self, fleet: &Fleet) -> Option<Child>;
    /// Shows the state of all instances.
    fn status(&self, fleet: &Fleet) -> Command;
    /// Starts an instance without waiting for more than the launch.
    fn start(&self, fleet: &Fleet, id: &str) -> Command;
    /// Stops an instance, and waits for its end.
    fn stop(&self, fleet: &Fleet, id: &str) -> Command;
    /// Where the log of an instance is: a file or a folder.
    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf;
}

/// Whether all its programs are there.
pub(crate) fn is_installed(manager: &dyn Manager) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    manager
        .programs()
        .iter()
        .all(|program| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// A supervisor that is set up. All of it ends with this.
pub(crate) struct Running<'a> {
    pub(crate) manager: &'a dyn Manager,
    pub(crate) fleet: Fleet,
    pub(crate) births: Births,
    child: Option<Child>,
}

impl<'a> Running<'a> {
    /// Sets up a fleet; `None` when the supervisor is not installed, or when
    /// the games that should run did not come to life.
    pub(crate) fn new(
        guard: &Guard,
        manager: &'a dyn Manager,
        count: usize,
        output: &[&str],
        adapt: impl Fn(&mut Fleet),
    ) -> Option<Self> {
        if !is_installed(manager) {
            return None;
        }
        let mut fleet = Fleet::new(guard.fresh(manager.name()), count, output);
        adapt(&mut fleet);
        let births = Births::of(&fleet);
        let child = manager.set_up(&fleet);
        let mut new = Self {
            manager,
            fleet,
            births,
            child,
        };
        if new.fleet.running {
            let born = (0..count).take_while(|_| new.births.next().is_some()).count();
            if born < count {
                eprintln!("{}: only {born} of {count} games came to life", manager.name());
                return None;
            }
        }
        Some(new)
    }

    /// The processes of the supervisor itself, without the games.
    pub(crate) fn helpers(&self) -> Vec<i32> {
        let own = std::env::current_exe().expect("our own path");
        let is_game = |pid: i32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == own);
        let all = processes::tied_to(&self.fleet.dir)
            .into_iter()
            .map(|process| process.pid);
        all.filter(|pid| !is_game(*pid)).collect()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        processes::kill_tied_to(&self.fleet.dir);
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.fleet.dir);
    }
}

/// Sets up all that are installed, in the order of the table.
pub(crate) fn set_up_all<'a>(
    guard: &Guard,
    managers: &'a [Box<dyn Manager>],
    count: usize,
    output: &[&str],
    adapt: impl Fn(&mut Fleet),
) -> Vec<Option<Running<'a>>> {
    let one = |manager: &'a dyn Manager| Running::new(guard, manager, count, output, &adapt);
    managers.iter().map(|manager| one(manager.as_ref())).collect()
}

/// Writes a file, with all folders above it; executable if it is a script.
pub(crate) fn write(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("create folders");
    std::fs::write(path, text).expect("write a file");
    if text.starts_with("#!") {
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("make it executable");
    }
}
