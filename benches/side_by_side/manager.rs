//! A supervisor, as far as it is measured.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::fleet::{Births, Fleet};
use crate::game::now;
use crate::guard::Guard;
use crate::{path, processes};

/// A supervisor that can be set up with a fleet.
pub(crate) trait Manager {
    /// Its name.
    fn name(&self) -> &'static str;
    /// The programs without which it cannot be measured.
    fn programs(&self) -> Vec<PathBuf>;
    /// Writes its configuration.
    fn configure(&self, fleet: &Fleet);
    /// Starts it, and with it the games that should run.
    fn begin(&self, fleet: &Fleet) -> Option<Child>;
    /// Waits until it can be told something.
    fn settle(&self, fleet: &Fleet);
    /// Shows the state of all instances.
    fn status(&self, fleet: &Fleet) -> Command;
    /// Starts an instance without waiting for more than the launch.
    fn start(&self, fleet: &Fleet, id: &str) -> Command;
    /// Stops an instance, and waits for its end.
    fn stop(&self, fleet: &Fleet, id: &str) -> Command;
    /// Returns the path of an instance's log: a file or a folder.
    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf;
}

/// Returns true when all its programs are there.
pub(crate) fn is_installed(manager: &dyn Manager) -> bool {
    manager.programs().iter().all(|program| path::find(program).is_some())
}

/// A supervisor that is set up. All its processes end with this; its folder
/// stays, as [`Guard`] says why.
pub(crate) struct Running<'a> {
    pub(crate) manager: &'a dyn Manager,
    pub(crate) fleet: Fleet,
    pub(crate) births: Births,
    child: Option<Child>,
    /// From its start until all games lived, in nanoseconds; 0 where none was
    /// to run.
    pub(crate) cold_start: u64,
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
        manager.configure(&fleet);
        let begun = now();
        let child = manager.begin(&fleet);
        let mut new = Self {
            manager,
            fleet,
            births,
            child,
            cold_start: 0,
        };
        if new.fleet.running {
            new.cold_start = new.last_birth(count)?.saturating_sub(begun);
        }
        manager.settle(&new.fleet);
        // One that is told of an instance only by starting it has done so.
        new.births.forget();
        Some(new)
    }

    /// Waits for `count` games to come to life. Returns the time of the last one.
    pub(crate) fn last_birth(&mut self, count: usize) -> Option<u64> {
        let births: Vec<u64> = std::iter::from_fn(|| self.births.next()).take(count).collect();
        if births.len() < count {
            eprintln!(
                "{}: only {} of {count} games came to life",
                self.manager.name(),
                births.len()
            );
            return None;
        }
        births.into_iter().max()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        processes::kill_tied_to(&self.fleet.dir);
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
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
