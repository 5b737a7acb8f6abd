//! A line sent to a game that runs, by somebody who wants to read the reply.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{AskError, Question, ask};
use crate::failure::Failure;
use crate::inventory::{ChannelKind, Remote};

/// A game that was told to quit is watched for this long.
const QUITTING: Duration = Duration::from_secs(3);

/// The interval between the looks whether it has quit.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Sends a line, and returns its reply. Games that quit close the connection without a
/// reply; where that happens, `goes_on` is asked for some seconds whether the game is
/// still alive, and should itself return within the limit.
///
/// # Errors
/// When nothing answers, the login is refused, or the game goes on after it has closed
/// the connection without a reply.
///
/// # Cancel safety
/// The line may have been sent.
pub async fn line<F: Future<Output = bool>>(
    remote: &Remote,
    text: &str,
    until: Instant,
    goes_on: impl Fn() -> F,
) -> Result<String, Failure> {
    let question = Question {
        line: text.to_owned(),
        expect: None,
        limit: until.saturating_duration_since(Instant::now()),
    };
    let reply = ask(remote, &question).await.map_err(AskError::failure)?;
    if reply.is_closed_only() && still_goes_on(until, goes_on).await {
        let message = format!(
            "{} {}: closed without a reply, the game goes on",
            remote.kind, remote.address
        );
        return Err(Failure::failed(message).hint(match remote.kind {
            // This is all that such a server says of a wrong password.
            ChannelKind::Webrcon => format!("the password of `{}` may be wrong", remote.kind),
            kind if kind.is_datagrams() => {
                "it closed its port for a moment: see in its log whether the line was carried out".to_owned()
            }
            _ => "the line may not have been carried out: it may be too long for this game, or one that it fails at"
                .to_owned(),
        }));
    }
    let mut text = reply.text;
    if reply.cut {
        text.push_str("\n[the reply was longer, and is cut here]");
    }
    Ok(text)
}

/// Returns true if the game is alive after a time in which most games have quit.
async fn still_goes_on<F: Future<Output = bool>>(until: Instant, goes_on: impl Fn() -> F) -> bool {
    let until = until.min(Instant::now() + QUITTING);
    loop {
        if !goes_on().await {
            return false;
        }
        if Instant::now() >= until {
            return true;
        }
        sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_game_that_quits_late_has_quit() {
        let looks = Cell::new(0);
        let quits_at_the_fourth = async || {
            looks.set(looks.get() + 1);
            looks.get() < 4
        };
        assert!(!still_goes_on(Instant::now() + QUITTING * 9, quits_at_the_fourth).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_game_that_goes_on_is_watched_for_a_time() {
        let begun = Instant::now();
        assert!(still_goes_on(begun + QUITTING * 9, async || true).await);
        assert_eq!(begun.elapsed(), QUITTING);
        assert!(still_goes_on(Instant::now(), async || true).await);
    }
}
