//! A deed that a key asks for, carried out as the verb that is typed.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::deed_news::DeedNews;
use super::opener::{OpenHost, Opener};
use crate::event::{Level, LogEntry, Verb, VerbResult};
use crate::host::{CourtesyAsk, Error, Host, NeedsRule, Scope, Targets, VerbRequest, WhenEmpty};
use crate::pane::PaneDeed;

/// The way of one deed to its end.
pub(super) struct PaneCarrier {
    pub(super) opener: Opener,
    pub(super) lock_wait: Option<Duration>,
    pub(super) news: mpsc::UnboundedSender<DeedNews>,
    /// True once countdowns are to be given up.
    pub(super) gives_up: watch::Receiver<bool>,
}

#[derive(PartialEq, Eq)]
enum CarriedOut {
    Over,
    /// Left as far as it is.
    Left,
}

impl PaneCarrier {
    pub(super) async fn run(mut self, id: String, deed: PaneDeed) {
        match self.carry_out(&id, deed).await {
            Ok(CarriedOut::Over) => {}
            Ok(CarriedOut::Left) => return,
            Err(error) => {
                let why = match error {
                    Error::Failure(failure) => failure.in_one(),
                    Error::Problems(problems) => problems.summary(),
                };
                self.say(Level::Error, &id, format!("{}: {why}", deed.in_words()));
            }
        }
        let _ = self.news.send(DeedNews::Over(id, deed));
    }

    fn say(&self, level: Level, id: &str, text: String) {
        let _ = self.news.send(DeedNews::Said(LogEntry::now(level, Some(id), text)));
    }

    async fn carry_out(&mut self, id: &str, deed: PaneDeed) -> Result<CarriedOut, Error> {
        let scope = [id.to_owned()];
        // As where the verb is typed: a mistake elsewhere keeps nobody from stopping or seeing it.
        let (verb, way): (Verb, OpenHost) = match deed {
            PaneDeed::Start => (Verb::Start, Host::open),
            PaneDeed::Stop => (Verb::Stop, Host::open_whole),
            PaneDeed::Restart | PaneDeed::GentleRestart => (Verb::Restart, Host::open),
            PaneDeed::SkipNext => {
                let host = self.opener.open_here(Host::open_whole, &scope).await?;
                let (firing, was_skipped) = host.skip_next(id)?;
                let already = if was_skipped { "already " } else { "" };
                let text = format!("{} at {} is {already}to be skipped", firing.does, firing.here);
                self.say(Level::Info, id, text);
                return Ok(CarriedOut::Over);
            }
            PaneDeed::CancelCountdown => {
                let host = self.opener.open_here(Host::open_whole, &scope).await?;
                let (_, countdown) = host.cancel_countdown(id)?;
                self.say(
                    Level::Info,
                    id,
                    match countdown {
                        Some(countdown) => format!("cancelled: {countdown}"),
                        None => "no countdown is under way".to_owned(),
                    },
                );
                return Ok(CarriedOut::Over);
            }
        };
        let host = self.opener.open_here(way, &scope).await?;
        let request = VerbRequest {
            lock_wait: self.lock_wait,
            ..VerbRequest::new(verb)
        };
        let mut targets = host.targets(verb, Scope::Matching(&scope), NeedsRule::Keep).await?;
        if deed == PaneDeed::GentleRestart {
            let ask = gentle(targets.count_players());
            targets = targets.courteous(&host, &ask);
        }
        let (events, mut told) = mpsc::unbounded_channel();
        let pass_on = async {
            while let Some(event) = told.recv().await {
                let _ = self.news.send(DeedNews::Event(verb, event));
            }
        };
        let work = async {
            let (_, ()): (Vec<VerbResult>, ()) = tokio::join!(targets.dispatch(&request, events), pass_on);
        };
        tokio::select! {
            () = work => Ok(CarriedOut::Over),
            () = given_up(&targets, &mut self.gives_up) => Ok(CarriedOut::Left),
        }
    }
}

/// Returns the courtesy of a restart that ends no game in which somebody plays without a
/// warning: `restart --warn --when-empty`, or `--warn` alone where nobody can count.
fn gentle(counts_players: bool) -> CourtesyAsk {
    CourtesyAsk {
        warns: true,
        when_empty: counts_players.then(WhenEmpty::default),
        ..CourtesyAsk::default()
    }
}

/// Waits until countdowns are given up, and then until this one is past its own.
async fn given_up(targets: &Targets, gives_up: &mut watch::Receiver<bool>) {
    if gives_up.wait_for(|gives_up| *gives_up).await.is_err() {
        // Who would say so is gone, and this is dropped next.
        return std::future::pending().await;
    }
    if targets.cancel_countdowns() {
        targets.countdowns_over().await;
    }
}
