//! The keeping of the instances of one host: for as long as it is followed it is asked
//! for, again and again where the host is lost.
//!
//! ```text
//!  followed ─▶ asked ─▶ kept there ── lost ─▶ pause ─▶ asked
//!                           │
//!                           └─ released, or followed by nobody ─▶ ended there, too
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::call::Call;
use super::called_host::CalledHost;
use super::keeping::Keeping;
use super::watches::{Followers, WatchQueue};
use super::wire::{Ask, EntryLine, Say};
use crate::event::Level;
use crate::failure::{Failure, FailureKind};

/// The interval at which the other end is shown that this one lives.
const ALIVE: Duration = Duration::from_secs(3);

/// The pauses between two attempts: each twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The longest wait for the end of the keeping there: its hooks have 10 seconds.
const RELEASED: Duration = Duration::from_secs(13);

/// The keeper of the instances of a host, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Keeper {
    /// Nobody has said yet.
    #[default]
    Unknown,
    /// One that this `run` has asked for.
    Ours,
    /// Another `run` there.
    Another(String),
    /// The gamectl there does not keep for others.
    Nobody,
}

/// The keeping on one host.
pub(super) struct KeptHost {
    keeping: Arc<Keeping>,
    host: Arc<CalledHost>,
    /// The instances that are followed and not taken up yet.
    watches: Arc<WatchQueue>,
    /// More is followed.
    more: Notify,
    is_released: watch::Sender<bool>,
    is_under_way: watch::Sender<bool>,
    keeper: Mutex<Keeper>,
    /// The reason why the host is not reached, once that was told.
    lost: Mutex<Option<String>>,
}

/// The end of one attempt.
enum Over {
    Lost(Failure),
    /// Nobody wants it to be kept any more.
    Unwanted,
}

impl KeptHost {
    pub(super) fn new(keeping: Arc<Keeping>, host: Arc<CalledHost>, watches: Arc<WatchQueue>) -> Self {
        Self {
            keeping,
            host,
            watches,
            more: Notify::new(),
            is_released: watch::Sender::new(false),
            is_under_way: watch::Sender::new(false),
            keeper: Mutex::default(),
            lost: Mutex::default(),
        }
    }

    /// Takes in that more is followed on the host.
    pub(super) fn follow_more(self: &Arc<Self>) {
        if self.is_under_way.send_replace(true) {
            self.more.notify_one();
            return;
        }
        let kept = Arc::clone(self);
        tokio::spawn(async move {
            // The others of this turn come before it is asked for.
            tokio::task::yield_now().await;
            kept.keep().await;
            kept.is_under_way.send_replace(false);
        });
    }

    /// Returns who else keeps the instances there.
    pub(super) fn another(&self) -> Option<String> {
        match self.keeper() {
            Keeper::Another(who) => Some(who),
            _ => None,
        }
    }

    /// Ends the keeping there, and here. Returns what has to be said of it.
    pub(super) async fn release(&self) -> Option<String> {
        self.is_released.send_replace(true);
        let mut under_way = self.is_under_way.subscribe();
        // The sender is here, so that the channel is open.
        let _ = under_way.wait_for(|under_way| !under_way).await;
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        (self.keeper() == Keeper::Ours).then(|| {
            let goes_on = self.goes_on();
            format!("{lost}; {goes_on}")
        })
    }

    fn goes_on(&self) -> String {
        let (linger, name) = (self.host.spec().linger, self.host.name());
        match linger.is_zero() {
            true => format!("the servers of `{name}` go on, and nothing restarts them"),
            false => format!(
                "the servers of `{name}` go on, and are kept there for {}",
                humantime::format_duration(linger)
            ),
        }
    }

    fn keeper(&self) -> Keeper {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until nobody follows anything of the host any more.
    async fn unwanted(&self, followers: &Followers) {
        followers.gone().await;
        if !self.watches.is_empty() {
            // These are about to be taken.
            std::future::pending::<()>().await;
        }
    }

    async fn released(&self) {
        let _ = self.is_released.subscribe().wait_for(|released| *released).await;
    }

    /// Keeps what is followed, until nobody wants that any more.
    async fn keep(&self) {
        let mut followers = self.watches.take();
        let mut pause = FIRST_PAUSE;
        loop {
            let attempt = self.attempt(&mut followers);
            let Over::Lost(failure) = attempt.await else { return };
            if self.tell_lost(&failure) {
                pause = FIRST_PAUSE;
            }
            followers.tell_all(&failure);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.more.notified() => {}
                () = self.released() => return,
                () = self.unwanted(&followers) => return,
            }
            followers.add(self.watches.take());
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&self, followers: &mut Followers) -> Over {
        let asked = tokio::select! {
            asked = self.ask(followers) => asked,
            () = self.released() => return Over::Unwanted,
        };
        let mut call = match asked {
            Ok(call) => call,
            Err(failure) => return Over::Lost(failure),
        };
        let mut alive = interval(ALIVE);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = call.next() => match heard {
                    Ok((Say::End {}, _)) => return Over::Lost(Failure::unknown("its keeper there was ended")),
                    Ok((say, _)) => self.take(followers, &say),
                    Err(failure) => return Over::Lost(failure),
                },
                _ = alive.tick() => if self.keeper() != Keeper::Nobody {
                    call.tell(Ask::Alive {});
                },
                () = self.more.notified() => {
                    followers.add(self.watches.take());
                    // In place of the former one, which is not taken back there.
                    call = match self.ask(followers).await {
                        Ok(call) => call,
                        Err(failure) => return Over::Lost(failure),
                    };
                }
                () = self.released() => break,
                () = self.unwanted(followers) => break,
            }
        }
        if self.keeper() != Keeper::Nobody {
            let ended = timeout(RELEASED, self.end(followers, &mut call)).await;
            if !matches!(ended, Ok(Ok(()))) {
                let why = format!("{}: its keeper there could not be told to end", self.host.name());
                *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            }
        }
        Over::Unwanted
    }

    /// Asks for what is followed; a gamectl that cannot keep it at least shows it.
    async fn ask(&self, followers: &Followers) -> Result<Call, Failure> {
        let ids = followers.ids();
        let keep = Ask::Keep(self.keeping.ask(ids.clone(), self.host.spec()));
        let refusal = match self.host.call(keep).await {
            Err(failure) if failure.kind == FailureKind::Unsupported => failure,
            asked => return asked,
        };
        let call = self.host.call(Ask::Watch { ids }).await?;
        if self.set(Keeper::Nobody) {
            self.not_kept(followers, &refusal.in_one());
        }
        Ok(call)
    }

    async fn end(&self, followers: &Followers, call: &mut Call) -> Result<(), Failure> {
        call.say(Ask::Release {}).await;
        loop {
            match call.next().await?.0 {
                Say::End {} => return Ok(()),
                // The rows may be of what is not followed any more.
                Say::Happened(entry) => self.happened(followers, &entry),
                _ => {}
            }
        }
    }

    fn take(&self, followers: &Followers, say: &Say) {
        match say {
            Say::Rows { rows } => {
                self.tell_found();
                // A host has nothing to say about others.
                for row in rows.iter().filter(|row| followers.has(&row.id)) {
                    self.keeping.awaits(row);
                    followers.tell(row);
                }
            }
            Say::Happened(entry) => self.happened(followers, entry),
            Say::Kept { by: None } => {
                self.tell_found();
                let was_others = self.another().is_some();
                if self.set(Keeper::Ours) && was_others {
                    let text = format!("{}: kept from here from now on", self.host.name());
                    self.keeping.say(self.host.name(), Level::Info, text);
                }
            }
            Say::Kept { by: Some(by) } => {
                self.tell_found();
                let by = crate::text::clean_line(by).into_owned();
                if self.set(Keeper::Another(by.clone())) {
                    let why = format!("{by} is at work there, and restarts only what it lists itself");
                    self.not_kept(followers, &why);
                }
            }
            _ => {}
        }
    }

    fn happened(&self, followers: &Followers, entry: &EntryLine) {
        let is_followed = |id: &str| followers.has(id);
        self.keeping.happened(entry.on(self.host.name(), is_followed));
    }

    /// Returns true if that is news.
    fn set(&self, keeper: Keeper) -> bool {
        let mut known = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *known != keeper;
        *known = keeper;
        is_news
    }

    fn not_kept(&self, followers: &Followers, why: &str) {
        let ids = followers.ids().join(", ");
        let text = format!(
            "{ids} on `{}`: shown, and not restarted from here: {why}",
            self.host.name()
        );
        self.keeping.say(self.host.name(), Level::Warning, text);
    }

    /// Says once that a host is lost, and returns true then.
    fn tell_lost(&self, failure: &Failure) -> bool {
        let name = self.host.name();
        let why = match failure.message.starts_with(name) {
            true => failure.clone().in_one(),
            false => format!("{name}: {}", failure.clone().in_one()),
        };
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.replace(why.clone()).is_some() {
            return false;
        }
        let text = match self.keeper() {
            Keeper::Ours => format!("{why}; {}", self.goes_on()),
            _ => format!("{why}; it is tried again and again"),
        };
        self.keeping.say(self.host.name(), Level::Warning, text);
        true
    }

    fn tell_found(&self) {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).take();
        if lost.is_some() {
            let text = format!("{}: it is reached again", self.host.name());
            self.keeping.say(self.host.name(), Level::Info, text);
        }
    }
}
