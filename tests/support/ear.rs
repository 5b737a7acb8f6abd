//! An admin channel without a game, which notes each line that it is told.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use super::{Background, Sandbox, example, free_port, wait_until};

/// The RCON of a stand-in for a game, with the password `pw`. It ends when this is dropped.
pub struct Ear {
    _game: Background,
    folder: PathBuf,
    port: u16,
}

impl Ear {
    pub fn open(sandbox: &Sandbox) -> Self {
        let (folder, port) = (sandbox.path("ear"), free_port());
        fs::create_dir(&folder).expect("a folder");
        let mut command = sandbox.program(example("stand-in-game"));
        command.args(["conan", &port.to_string(), "pw"]).current_dir(&folder);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let game = Background::of(&mut command);
        wait_until("an ear", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self {
            _game: game,
            folder,
            port,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the lines that it was told.
    pub fn heard(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("did")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
