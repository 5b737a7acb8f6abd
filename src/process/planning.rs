//! Dry runs: the steps that `start` and `stop` would take, in words.

use std::ffi::OsStr;
use std::time::Duration;

use super::game::ManagedGame;
use crate::inventory::{LogFile, Mask, Probe, ProcessSpec, StopAction, StopStep};
use crate::policy::stop::chain_now;
use crate::supervisor::{PlannedStep, StartOptions, StopOptions, VerbPlan};

/// The longest word of a command line that is shown whole, in characters.
const WORD_MAX: usize = 60;

impl VerbPlan for ManagedGame {
    fn start_steps(&self, options: &StartOptions) -> Vec<PlannedStep> {
        let Some(spec) = &self.spec else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        if !matches!(self.find_folder(), Ok(Some(_))) {
            let cause = "it was never started before";
            steps.push(PlannedStep::new("make its folder in the state directory", cause));
        }
        if let Some(path) = &spec.env_file {
            let does = format!("read its environment from {}", path.display());
            steps.push(PlannedStep::new(does, "process.env_file"));
        }
        steps.push(PlannedStep::new(launch_in_words(self, spec), "process"));
        steps.push(wait_in_words(self, options));
        steps
    }

    fn stop_steps(&self, options: &StopOptions) -> Vec<PlannedStep> {
        let (chain, cause) = match &self.spec {
            _ if options.now => (&chain_now(), "--now"),
            Some(_) => (&self.plan.stop, "stop"),
            None => (&self.plan.stop, "the plan it was started with"),
        };
        let mask = self.mask();
        let in_words = |step: &StopStep| {
            let action = match &step.action {
                StopAction::Exec(argv) => format!("exec: {}", argv_in_words(argv, &mask)),
                action => mask.text(&action.to_string()),
            };
            let does = format!("{action}, and wait up to {} for its end", spoken(step.wait));
            PlannedStep::new(does, cause)
        };
        let mut steps: Vec<PlannedStep> = chain.iter().map(in_words).collect();
        steps.push(PlannedStep::new(
            "kill what is left of it",
            "every chain ends so; a step at which it ends is the last",
        ));
        steps
    }
}

fn launch_in_words(game: &ManagedGame, spec: &ProcessSpec) -> String {
    let program = spec.executable.display().to_string();
    let command = command_in_words(&program, &spec.args, &game.mask());
    let mut text = format!("run {command} in {}", spec.cwd.display());
    if let Some(user) = &spec.user {
        text.push_str(&format!(" as user {user}"));
    }
    let names: Vec<_> = spec.env.iter().map(|(name, _)| name.to_string_lossy()).collect();
    if !names.is_empty() {
        text.push_str(&format!(" with {} set", names.join(", ")));
    }
    if spec.tty {
        text.push_str(" on a terminal of its own");
    }
    text
}

fn wait_in_words(game: &ManagedGame, options: &StartOptions) -> PlannedStep {
    let mask = game.mask();
    let probes = game.ready.probes.iter().map(|probe| probe_in_words(probe, &mask));
    let until = format!("it is ready: {}", probes.collect::<Vec<_>>().join(", and "));
    PlannedStep::wait_until_ready(options, game.ready.timeout, &until)
}

fn spoken(span: Duration) -> String {
    humantime::format_duration(span).to_string()
}

fn probe_in_words(probe: &Probe, mask: &Mask) -> String {
    match probe {
        Probe::LogFile(LogFile { path, pattern }) => format!("a line of {} matches /{pattern}/", path.display()),
        Probe::Log(pattern) => format!("a log line matches /{pattern}/"),
        Probe::Tcp(address) => format!("a TCP connection to {address} is accepted"),
        Probe::A2s(address) => format!("{address} answers Steam's query"),
        Probe::Minecraft(address) => format!("{address} answers Minecraft's query"),
        Probe::Bedrock(address) => format!("{address} answers the ping of Minecraft, Bedrock Edition"),
        Probe::Quake3(address) => format!("{address} answers getinfo"),
        Probe::Gamespy(version, address) => format!("{address} answers {}", version.key()),
        Probe::Login(remote) => format!("a login over {} at {} works", remote.kind, remote.address),
        // The path may carry a token.
        Probe::Http(request) if request.tls.is_some() => format!("{} answers over HTTPS", request.address),
        Probe::Http(request) => format!("{} answers over HTTP", request.address),
        Probe::Exec(argv) => format!("{} exits with 0", argv_in_words(argv, mask)),
        Probe::AliveFor(span) => format!("it is alive for {}", spoken(*span)),
    }
}

/// Renders a command line as a shell would want it, without secrets.
fn command_in_words(program: &str, args: &[impl AsRef<OsStr>], mask: &Mask) -> String {
    let words = std::iter::once(program.to_owned()).chain(mask.words(args));
    words.map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
}

fn argv_in_words(argv: &[String], mask: &Mask) -> String {
    argv.split_first()
        .map_or_else(String::new, |(program, args)| command_in_words(program, args, mask))
}

/// Quotes a word as a shell would want it, cut if it is very long.
fn quoted(word: &str) -> String {
    let mut text: String = word.chars().take(WORD_MAX).collect();
    if text.len() < word.len() {
        text.push_str("...");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-_./:=,@%*".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_shown_and_secrets_are_not() {
        let words = ["/bin/rcon", "-password=hunter2", "save all"].map(str::to_owned);
        let mask = Mask::default();
        assert_eq!(argv_in_words(&words, &mask), "/bin/rcon -password=*** 'save all'");
        let probe = Probe::Exec(words.to_vec());
        assert_eq!(
            probe_in_words(&probe, &mask),
            "/bin/rcon -password=*** 'save all' exits with 0"
        );
    }

    #[test]
    fn words_of_a_command_line() {
        for (word, wanted) in [
            ("+port", "+port"),
            ("", "''"),
            ("My server", "'My server'"),
            ("it's", "'it'\\''s'"),
        ] {
            assert_eq!(quoted(word), wanted);
        }
        assert!(quoted(&"x".repeat(100)).ends_with("x..."));
    }
}
