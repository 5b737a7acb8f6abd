//! One command before a start, from its beginning to its end.

use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::AsyncReadExt;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep, timeout};

use super::last_lines::LastLines;
use super::slots::{AT_ONCE, PreparationSlots};
use crate::failure::{Failure, FailureKind, quoted_lines};
use crate::inventory::BeforeStart;
use crate::invocation::{command, quoted};
use crate::program::{MergedOutput, ProgramCall};
use crate::store::{InstanceDir, intent, preparation};
use crate::supervisor::{Activity, StateCell, Want};
use crate::sys::procfs;
use crate::{trust, user};

/// The interval between looks whether a stop is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The bytes that a pipe holds.
const PIPE: usize = 64 * 1024;

/// A command before a start.
pub(super) struct Preparation<'a> {
    pub(super) rule: &'a BeforeStart,
    pub(super) id: &'a str,
    pub(super) dir: &'a InstanceDir,
    /// Told what is waited for.
    pub(super) activity: &'a StateCell<Activity>,
    /// The time at which the verb is over, and the limit that it was given.
    pub(super) until: Option<(Instant, Duration)>,
    pub(super) slots: &'a PreparationSlots,
}

impl Preparation<'_> {
    /// Carries the command out.
    ///
    /// # Errors
    /// When it cannot be run, fails, or takes too long, and when somebody asks for a stop
    /// meanwhile: nothing may be started then.
    ///
    /// # Cancel safety
    /// The command is killed.
    pub(super) async fn carry_out(&self) -> Result<(), Failure> {
        let _turn = self.turn().await?;
        self.outlast_an_earlier_one().await?;
        let begun = Instant::now();
        let call = self.call()?;
        let output = MergedOutput::of(call).map_err(|error| self.refused(&format!("cannot be run: {error}"), None))?;
        let ours = output.pid().and_then(|pid| procfs::identify(pid).ok());
        if let Some(ours) = ours {
            preparation::write(self.dir, ours).map_err(|error| not_recorded(&error))?;
        }
        let mut lines = LastLines::default();
        let ended = self.follow(output, begun, &mut lines).await;
        let removed = preparation::remove(self.dir);
        let status = ended?;
        removed.map_err(|error| not_recorded(&error))?;
        match status.success() {
            true => Ok(()),
            false => Err(self.refused(&how(status), Some(&lines))),
        }
    }

    /// Waits until fewer others run their commands.
    async fn turn(&self) -> Result<Option<SemaphorePermit<'_>>, Failure> {
        self.activity
            .set(Activity::awaiting("a turn for its before_start", None));
        let mut turn = pin!(self.slots.turn());
        loop {
            if let Ok(turn) = timeout(LOOK_EVERY, &mut turn).await {
                return Ok(turn);
            }
            self.give_way()?;
            if let Some((until, limit)) = self.until
                && Instant::now() >= until
            {
                let time = humantime::format_duration(limit);
                let message = format!("nothing was started within {time}: {AT_ONCE} others run their `before_start`");
                return Err(Failure::new(FailureKind::Timeout, message).hint("give --timeout a longer time, or none"));
            }
        }
    }

    /// Waits for the end of the command, and shows what it prints.
    async fn follow(
        &self,
        mut output: MergedOutput,
        begun: Instant,
        lines: &mut LastLines,
    ) -> Result<ExitStatus, Failure> {
        let (mut piece, mut is_open) = ([0; 4096], true);
        self.show("");
        loop {
            let read = timeout(LOOK_EVERY, output.read(&mut piece));
            match is_open.then_some(read) {
                // What it has left in the background may keep its output open.
                None => sleep(LOOK_EVERY / 10).await,
                Some(read) => match read.await {
                    Ok(Ok(count @ 1..)) => lines.push(piece.get(..count).unwrap_or_default()),
                    Ok(_) => is_open = false,
                    Err(_) => {}
                },
            }
            self.show(lines.latest());
            self.give_way()?;
            if let Some((limit, is_of_verb)) = self.over(begun) {
                return Err(self.too_long(limit, is_of_verb, lines));
            }
            let ended = output.try_end();
            if let Some(status) = ended.map_err(|error| self.refused(&format!("is lost: {error}"), None))? {
                self.read_rest(&mut output, lines).await;
                return Ok(status);
            }
        }
    }

    /// Reads what was printed before the end, as far as a pipe holds it.
    async fn read_rest(&self, output: &mut MergedOutput, lines: &mut LastLines) {
        let mut piece = vec![0; PIPE];
        if let Ok(Ok(count)) = timeout(LOOK_EVERY, output.read(&mut piece)).await {
            lines.push(piece.get(..count).unwrap_or_default());
        }
        lines.finish();
    }

    /// Waits for the end of a command that a killed gamectl has left behind.
    async fn outlast_an_earlier_one(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        while let Some(earlier) = preparation::read(self.dir) {
            if procfs::identify(earlier.pid).ok() != Some(earlier) {
                break;
            }
            let pid = earlier.pid;
            let awaited = format!("the end of an earlier before_start (pid {pid})");
            self.activity.set(Activity::awaiting(awaited, Some(self.rule.timeout)));
            self.give_way()?;
            if let Some((limit, _)) = self.over(begun) {
                let time = humantime::format_duration(limit);
                let message =
                    format!("nothing was started: an earlier `before_start` has not ended after {time} (pid {pid})");
                let hint = format!("see what it does; `kill {pid}` ends it");
                return Err(Failure::new(FailureKind::Timeout, message).hint(hint));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Returns the limit that is over, and whether it is that of the verb.
    fn over(&self, begun: Instant) -> Option<(Duration, bool)> {
        let now = Instant::now();
        match self.until {
            Some((until, limit)) if now >= until => Some((limit, true)),
            _ => (now >= begun + self.rule.timeout).then_some((self.rule.timeout, false)),
        }
    }

    fn show(&self, last_line: &str) {
        let mut activity = Activity::awaiting(format!("before_start: {}", self.program()), Some(self.rule.timeout));
        last_line.clone_into(&mut activity.last_line);
        self.activity.set(activity);
    }

    fn program(&self) -> String {
        let program = self.rule.command.first();
        program
            .map(|word| word.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    fn call(&self) -> Result<ProgramCall, Failure> {
        let call = ProgramCall::new(&self.rule.command).in_folder(&self.rule.cwd);
        let own = [("GAMECTL_ID", self.id.to_owned())];
        let user = match &self.rule.user {
            Some(name) => user::to_become(name)?,
            None => None,
        };
        let Some(user) = user else {
            let path = std::env::var_os("PATH");
            trust::refuse_for_root(&self.rule.command, &self.rule.cwd, path.as_deref())
                .map_err(|why| self.refused(&format!("was not run: {why}"), None))?;
            return Ok(call.add_env(own));
        };
        Ok(call
            .with_env(user.call_env())
            .add_env(own)
            .as_user(user.ids.uid, user.ids.gid))
    }

    /// Fails when somebody asks for a stop.
    fn give_way(&self) -> Result<(), Failure> {
        match intent::read(self.dir) {
            Ok(Some(intent)) if intent.want == Want::Stopped => {
                let start = command(format_args!("start {}", self.id));
                let message = "somebody asked for a stop while `before_start` ran, and that wins: nothing was started";
                Err(Failure::new(FailureKind::Overruled, message).hint(format!("{start} starts it again")))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, how: &str, lines: Option<&LastLines>) -> Failure {
        let printed = lines.map_or_else(String::new, |lines| quoted_lines(lines.iter()));
        let message = format!("nothing was started: `before_start`, {}, {how}", self.program());
        let failure = Failure::failed(message + &printed);
        failure.hint(self.by_hand())
    }

    fn too_long(&self, limit: Duration, is_of_verb: bool, lines: &LastLines) -> Failure {
        let time = humantime::format_duration(limit);
        let message = format!(
            "nothing was started: `before_start`, {}, did not end within {time} and was killed",
            self.program()
        );
        let hint = match is_of_verb {
            true => "give --timeout a longer time, or none".to_owned(),
            false => format!("give it a longer `timeout`, or {}", self.by_hand()),
        };
        Failure::new(FailureKind::Timeout, message + &quoted_lines(lines.iter())).hint(hint)
    }

    /// Returns how a person tries the command. Its arguments may carry secrets, and are
    /// shown nowhere.
    fn by_hand(&self) -> String {
        let sudo = match &self.rule.user {
            Some(user) => format!("sudo -u {} ", quoted(user)),
            None => String::new(),
        };
        let folder = quoted(&self.rule.cwd.to_string_lossy());
        let program = quoted(&self.program());
        let call = format!("cd {folder} && {sudo}env GAMECTL_ID={} {program}", self.id);
        match self.rule.command.len() {
            0 | 1 => format!("try it by hand: {call}"),
            _ => format!("try it by hand, with its arguments in the inventory: {call}"),
        }
    }
}

fn how(status: ExitStatus) -> String {
    match (
        status.code(),
        status.signal().and_then(|signal| Signal::try_from(signal).ok()),
    ) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by {signal}"),
        (None, None) => format!("ended: {status}"),
    }
}

fn not_recorded(error: &std::io::Error) -> Failure {
    Failure::failed(format!(
        "nothing was started: its `before_start` cannot be put on record: {error}"
    ))
    .hint("free some space, or mend the state directory")
}
