//! A session of tmux: a terminal that wraps its lines anew when it is made narrower, which the
//! emulator of the other tests does not, and the one that people use.

use std::process::Command;

use super::{Sandbox, wait_until};

pub struct Tmux<'a> {
    sandbox: &'a Sandbox,
}

impl<'a> Tmux<'a> {
    /// Runs gamectl with these arguments, with the cursor at the bottom, as where a shell has
    /// been used: tmux moves what stands at the top out of everybody's reach.
    pub fn below_a_shell(sandbox: &'a Sandbox, size: (u16, u16), args: &[&str]) -> Self {
        let inner = sandbox.command(args);
        let mut program = Command::new("sh");
        program.args(["-c", "yes '' | head -n 40; exec \"$@\"", "sh"]);
        program.arg(inner.get_program()).args(inner.get_args());
        Self::open(sandbox, size, &program)
    }

    /// Runs a program on so many columns and rows.
    pub fn open(sandbox: &'a Sandbox, (columns, rows): (u16, u16), program: &Command) -> Self {
        // What was shown stays when the program has ended.
        let config = "set -g remain-on-exit on\nset -g remain-on-exit-format ''\nset -g status off\n";
        std::fs::write(sandbox.path("tmux.conf"), config).expect("write a file");
        let tmux = Self { sandbox };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let mut command = tmux.command(&["new-session", "-d", "-x", &columns, "-y", &rows]);
        command.arg(program.get_program()).args(program.get_args());
        assert!(command.status().expect("run tmux").success());
        tmux
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.program("tmux");
        command
            .args([
                "-u",
                "-S",
                &self.sandbox.arg("tmux"),
                "-f",
                &self.sandbox.arg("tmux.conf"),
            ])
            .args(args)
            .env("TERM", "xterm")
            .env("LANG", "C.UTF-8");
        command
    }

    fn told(&self, args: &[&str]) -> String {
        let output = self.command(args).output().expect("run tmux");
        String::from_utf8(output.stdout).expect("text")
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.told(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Presses keys, by the names that tmux has for them.
    pub fn press(&self, keys: &[&str]) {
        let status = self.command(&[&["send-keys"], keys].concat()).status();
        assert!(status.expect("run tmux").success());
    }

    /// Pastes a text, as from a clipboard.
    pub fn paste(&self, text: &str) {
        self.told(&["set-buffer", text]);
        self.told(&["paste-buffer", "-p"]);
    }

    /// Returns a value of its pane, by a format of tmux.
    pub fn pane(&self, format: &str) -> String {
        self.told(&["display-message", "-p", format]).trim_end().to_owned()
    }

    /// Returns what is shown, and with `-S -` also what has scrolled away.
    pub fn lines(&self, options: &[&str]) -> Vec<String> {
        let text = self.told(&[&["capture-pane", "-p"], options].concat());
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Waits until a line has this in it.
    pub fn wait_line(&self, text: &str) {
        wait_until(&format!("{text:?} in tmux"), || {
            self.lines(&[]).iter().any(|line| line.contains(text))
        });
    }

    /// Waits until no line has this in it.
    pub fn wait_no_line(&self, text: &str) {
        wait_until(&format!("no {text:?} in tmux"), || {
            self.lines(&[]).iter().all(|line| !line.contains(text))
        });
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]).status();
    }
}
