//! A terminal for the built binary.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::{Sandbox, wait_for, wait_until};

/// A program on a terminal of its own.
pub struct Terminal {
    /// The `setsid` that runs it.
    pub child: Child,
    /// The end that is typed into.
    pub master: std::fs::File,
    pub shown: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// Columns and rows, as it was opened.
    size: (u16, u16),
}

impl Terminal {
    /// Runs gamectl with these arguments.
    pub fn open(sandbox: &Sandbox, args: &[&str]) -> Self {
        Self::of(sandbox, &sandbox.command(args))
    }

    /// Runs a program, with the environment that it was given.
    pub fn of(sandbox: &Sandbox, inner: &Command) -> Self {
        Self::sized(sandbox, inner, (80, 24))
    }

    /// Opens a terminal of this many columns and rows. It is an xterm in a UTF-8
    /// locale, unless the environment of the program says otherwise.
    pub fn sized(sandbox: &Sandbox, inner: &Command, (columns, rows): (u16, u16)) -> Self {
        let size = nix::pty::Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = nix::pty::openpty(&size, None).expect("a pseudo-terminal");
        // It becomes the terminal's own session, as under tmux. Ctrl-C is given back
        // its meaning: a shell ignores it for what it runs in the background, as
        // these tests may be.
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "--wait", "env", "--default-signal"])
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .env("TERM", "xterm")
            .env("LANG", "C.UTF-8")
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(sandbox.dir());
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        command
            .stdin(end(&pty.slave))
            .stdout(end(&pty.slave))
            .stderr(end(&pty.slave));
        let child = command.spawn().expect("run setsid");
        drop(command);
        drop(pty.slave);
        let master = std::fs::File::from(pty.master);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut from, kept) = (master.try_clone().expect("a descriptor"), Arc::clone(&shown));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                kept.lock().expect("the screen").extend_from_slice(&buffer[..n]);
            }
        });
        let size = (columns, rows);
        Self {
            child,
            master,
            shown,
            reader,
            size,
        }
    }

    /// All that was shown.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("the screen")).into_owned()
    }

    /// Returns the screen of a terminal that was never resized.
    pub fn screen(&self) -> vt100::Screen {
        let (columns, rows) = self.size;
        let cells = |count| std::num::NonZero::new(count).expect("a size");
        let mut emulator = vt100::Parser::new(cells(rows), cells(columns), 0);
        emulator.process(&self.shown.lock().expect("the screen"));
        emulator.screen().clone()
    }

    /// The lines of that, without those at the end that are empty.
    pub fn lines(&self) -> Vec<String> {
        let screen = self.screen();
        let rows = screen.rows(0, self.size.0).map(|row| row.trim_end().to_owned());
        let mut lines: Vec<String> = rows.collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    /// Waits until a line of what is shown now contains this.
    pub fn wait_line(&self, text: &str) {
        wait_until(&format!("{text:?} in a line"), || {
            self.lines().iter().any(|line| line.contains(text))
        });
    }

    /// Waits until this was shown.
    pub fn wait(&self, text: &str) {
        wait_until(&format!("{text:?} on the screen"), || self.text().contains(text));
    }

    /// Presses a key.
    pub fn type_key(&mut self, key: u8) {
        self.master.write_all(&[key]).expect("type");
    }

    /// Types.
    pub fn type_text(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).expect("type");
    }

    /// Returns true when typed text is shown, and handed over in lines: the mode in
    /// which a shell expects its terminal.
    pub fn is_as_found(&self) -> bool {
        use nix::sys::termios::LocalFlags;
        let mode = nix::sys::termios::tcgetattr(&self.master).expect("its mode");
        let usual = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
        mode.local_flags.contains(usual)
    }

    /// Makes it another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        gamectl::sys::terminal::resize(&self.master, columns, rows).expect("resize");
    }

    /// Waits until the program has taken the keyboard over: a key that comes
    /// before is shown, and does what it does to any program.
    pub fn wait_for_keys(&self) {
        wait_until("the keyboard to be taken over", || !self.is_as_found());
    }

    /// Waits for the end, and returns the exit code. All that was shown has been
    /// read then: nobody has the terminal open any more.
    pub fn ended(&mut self) -> Option<i32> {
        let code = wait_for("its end", || self.child.try_wait().expect("wait")).code();
        wait_until("what it has shown", || self.reader.is_finished());
        code
    }

    /// gamectl itself, while it runs.
    pub fn gamectl(&self, sandbox: &Sandbox) -> i32 {
        wait_for("gamectl run", || {
            let processes = sandbox.processes();
            let run = processes.iter().find(|one| one.command.contains("/gamectl "));
            run.filter(|one| !one.command.starts_with("setsid")).map(|one| one.pid)
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
