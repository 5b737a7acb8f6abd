//! The things that are on a host before an installation, and their consequence. Pure.

use crate::failure::{Failure, FailureKind};
use crate::text::clean_line;

/// The line behind which the script speaks.
pub(super) const MARK: &str = "-- gamectl installs --";

/// This program.
pub(super) struct Own {
    /// Its architecture, as Rust calls it.
    pub(super) machine: &'static str,
    /// Its SHA-256, in hexadecimal.
    pub(super) sum: String,
}

/// The answer of a host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InstallSight {
    system: String,
    machine: String,
    at: String,
    may_write: bool,
    present: Present,
}

/// The thing that stands at the place.
#[derive(Debug, PartialEq, Eq)]
enum Present {
    Nothing,
    /// A program with this checksum.
    Program(String),
    /// Something that is no program, such as a script.
    Other,
}

/// The installation that follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InstallPlan {
    /// The program is there already.
    Nothing {
        at: String,
    },
    Write {
        at: String,
        is_new: bool,
    },
}

impl InstallSight {
    /// Reads the lines behind the mark.
    ///
    /// # Errors
    /// When they are not those of the script.
    pub(super) fn read(said: &str) -> Result<Self, Failure> {
        let lines: Vec<&str> = said.trim().lines().map(str::trim).collect();
        let [system, machine, at, may, present] = lines[..] else {
            let said = clean_line(said.trim()).into_owned();
            return Err(Failure::failed(format!("what it tells is not understood: {said}")));
        };
        let word = |text: &str| clean_line(text).into_owned();
        Ok(Self {
            system: word(system),
            machine: word(machine),
            at: word(at),
            may_write: may == "yes",
            present: match present {
                "none" => Present::Nothing,
                "other" => Present::Other,
                sum => Present::Program(sum.split(' ').next().unwrap_or_default().to_owned()),
            },
        })
    }

    /// Decides what is to be done.
    ///
    /// # Errors
    /// When this program cannot be put there.
    pub(super) fn plan(self, own: &Own) -> Result<InstallPlan, Failure> {
        let Self {
            system, machine, at, ..
        } = self;
        if system != "Linux" || !is_same(own.machine, &machine) {
            let message = format!(
                "it is {system} on {machine}, and this program is for Linux on {}",
                own.machine
            );
            return Err(Failure::new(FailureKind::Unsupported, message).hint(format!(
                "take the gamectl that is built for {machine}, and copy it there by hand"
            )));
        }
        if !at.starts_with('/') {
            return Err(Failure::failed(format!("the place is not an absolute path: {at}")));
        }
        match self.present {
            Present::Program(sum) if sum == own.sum => return Ok(InstallPlan::Nothing { at }),
            Present::Other => {
                return Err(Failure::failed(format!(
                    "{at} is no program but a script or a folder, and is left alone"
                ))
                .hint("move it away, or name another place with `gamectl:` in `hosts`"));
            }
            Present::Program(_) | Present::Nothing => {}
        }
        if !self.may_write {
            return Err(
                Failure::failed(format!("the folder of {at} cannot be written by that user"))
                    .hint("log in as one who may, or name another place with `gamectl:` in `hosts`"),
            );
        }
        let is_new = self.present == Present::Nothing;
        Ok(InstallPlan::Write { at, is_new })
    }
}

/// Returns true for two names of one architecture: Rust's and that of `uname -m`.
fn is_same(own: &str, machine: &str) -> bool {
    match own {
        "x86" => matches!(machine, "i386" | "i486" | "i586" | "i686"),
        "arm" => machine.starts_with("armv"),
        own => own == machine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_of_what_is_there() {
        let own = Own {
            machine: "x86_64",
            sum: "abc".to_owned(),
        };
        let plan = |said: &str| InstallSight::read(said).and_then(|sight| sight.plan(&own));
        let write = |at: &str, is_new| {
            Ok(InstallPlan::Write {
                at: at.to_owned(),
                is_new,
            })
        };
        assert_eq!(
            plan("\nLinux\nx86_64\n/b/gamectl\nyes\nnone\n"),
            write("/b/gamectl", true)
        );
        assert_eq!(
            plan("Linux\nx86_64\n/b/gamectl\nyes\nabd  -"),
            write("/b/gamectl", false)
        );
        let nothing = InstallPlan::Nothing { at: "/b/g".to_owned() };
        assert_eq!(plan("Linux\nx86_64\n/b/g\nno\nabc  -"), Ok(nothing));
        for (said, words) in [
            ("Linux\naarch64\n/b/g\nyes\nnone", "it is Linux on aarch64"),
            ("FreeBSD\nx86_64\n/b/g\nyes\nnone", "it is FreeBSD on x86_64"),
            ("Linux\nx86_64\n/b/g\nyes\nother", "is left alone"),
            ("Linux\nx86_64\n/b/g\nno\nabd  -", "cannot be written"),
            ("Linux\nx86_64\n/b/g\nno\nnone", "cannot be written"),
            ("Linux\nx86_64\ngamectl\nyes\nnone", "not an absolute path"),
            ("Linux\nx86_64\n/b/g", "not understood"),
            ("", "not understood"),
        ] {
            let refused = plan(said).unwrap_err();
            assert!(refused.message.contains(words), "{said}: {refused}");
        }
    }

    #[test]
    fn architectures() {
        for (own, machine, same) in [
            ("x86_64", "x86_64", true),
            ("aarch64", "aarch64", true),
            ("x86_64", "aarch64", false),
            ("x86", "i686", true),
            ("x86", "x86_64", false),
            ("arm", "armv7l", true),
            ("arm", "aarch64", false),
        ] {
            assert_eq!(is_same(own, machine), same, "{own} {machine}");
        }
    }
}
