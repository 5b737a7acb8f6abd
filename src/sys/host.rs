//! Which boot of which machine this is, and as seen from which namespaces: the
//! frame in which a pid means anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::unistd::AccessFlags;

use super::procfs;

/// The frame in which a recorded pid is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub boot: String,
    /// `/etc/machine-id`; empty where there is none.
    pub machine: String,
    /// The pid and time namespaces. Start times are relative to the time
    /// namespace (`time_namespaces(7)`), pids to the pid namespace.
    pub namespaces: String,
}

impl Frame {
    /// The frame of this process, which is read once: no process outlives its
    /// boot, or changes its own namespaces here.
    ///
    /// # Errors
    /// Fails when `/proc` is not mounted or not readable: without it nothing can be
    /// told of any process.
    pub fn here() -> io::Result<Self> {
        static HERE: OnceLock<Frame> = OnceLock::new();
        if let Some(frame) = HERE.get() {
            return Ok(frame.clone());
        }
        let frame = Self::read()?;
        Ok(HERE.get_or_init(|| frame).clone())
    }

    fn read() -> io::Result<Self> {
        let boot = procfs::read_text("/proc/sys/kernel/random/boot_id")?;
        let namespace = |name: &str| {
            fs::read_link(format!("/proc/self/ns/{name}")).map_or_else(
                |_| "-".to_owned(),
                |link| {
                    let text = link.to_string_lossy();
                    text.chars().filter(char::is_ascii_digit).collect()
                },
            )
        };
        Ok(Self {
            boot: boot.trim().to_owned(),
            machine: machine_id(),
            namespaces: format!("pid:{} time:{}", namespace("pid"), namespace("time")),
        })
    }
}

fn machine_id() -> String {
    fs::read_to_string("/etc/machine-id").map_or_else(|_| String::new(), |id| id.trim().to_owned())
}

/// A number that tells this boot of the host from others: the beginning of
/// its boot id. 0 when that cannot be read.
pub fn boot_tag() -> u32 {
    let tag = |frame: Frame| u32::from_str_radix(frame.boot.get(..8)?, 16).ok();
    Frame::here().ok().and_then(tag).unwrap_or(0)
}

/// Returns 128 random bits, as hexadecimal digits.
pub fn random_token() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    // So few bytes come at once, or not at all.
    rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// Returns the name of this machine, as it is known to itself.
pub fn name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

pub fn effective_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Returns the login name of a user by `/etc/passwd`; `None` when it is not there.
pub fn user_name(uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let text = fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find_map(|fields| match fields.as_slice() {
        [name, _, id, ..] if *id == uid => Some((*name).to_owned()),
        _ => None,
    })
}

/// Returns the folder for the sockets of a user: `XDG_RUNTIME_DIR`, as logind makes it.
pub fn runtime_dir(uid: u32) -> PathBuf {
    PathBuf::from(format!("/run/user/{uid}"))
}

/// Returns true when our effective user may write here and pass through: `faccessat(2)`.
pub fn may_write(path: &Path) -> bool {
    let wanted = AccessFlags::W_OK | AccessFlags::X_OK;
    nix::unistd::faccessat(nix::fcntl::AT_FDCWD, path, wanted, nix::fcntl::AtFlags::AT_EACCESS).is_ok()
}

/// Returns true when our effective user may execute a file: `faccessat(2)`.
pub fn may_execute(path: &Path) -> bool {
    let at = nix::fcntl::AtFlags::AT_EACCESS;
    nix::unistd::faccessat(nix::fcntl::AT_FDCWD, path, AccessFlags::X_OK, at).is_ok()
}

/// The bytes that users other than root may still write on the file system of
/// a path: `statvfs(3)`.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = nix::sys::statvfs::statvfs(path)?;
    Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
}

/// Returns how many files this process, and so a game, may have open: the soft limit
/// and the hard one (`getrlimit(2)`).
pub fn open_files_limit() -> io::Result<(u64, u64)> {
    let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?;
    Ok(limit)
}

/// Lets this process have so many files open, as far as its hard limit goes.
/// Returns the soft limit that it had, where that was lower: what it executes
/// is to get that back.
pub fn raise_open_files(enough: u64) -> Option<u64> {
    let (soft, hard) = open_files_limit().ok()?;
    let wanted = enough.min(hard);
    (soft < wanted && limit_open_files(wanted).is_ok()).then_some(soft)
}

pub fn limit_open_files(soft: u64) -> io::Result<()> {
    let (_, hard) = open_files_limit()?;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, soft, hard)?;
    Ok(())
}

/// Checks that `count` more files can be opened now.
pub fn room_for_descriptors(count: usize) -> io::Result<()> {
    let open = |_| fs::File::open("/dev/null");
    (0..count).map(open).collect::<io::Result<Vec<_>>>().map(drop)
}

/// The groups of this process, the effective one first.
pub fn own_groups() -> Vec<u32> {
    let first = nix::unistd::getegid().as_raw();
    let others = nix::unistd::getgroups().unwrap_or_default();
    std::iter::once(first)
        .chain(others.into_iter().map(nix::unistd::Gid::as_raw))
        .collect()
}
