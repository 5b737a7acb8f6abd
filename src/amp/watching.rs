//! The watch on an instance: AMP tells of no change, so its list is looked at each second,
//! once for all instances.

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::game::AmpGame;
use crate::supervisor::{LOOK_EVERY, Observation};

/// Looks again and again, until there are no receivers.
pub(super) async fn watch(game: &AmpGame, seen: &watch::Sender<Option<Observation>>) {
    let mut next = Instant::now();
    while !seen.is_closed() {
        let (begun, listing) = game.desk().listing(next).await;
        let observation = game.observe(listing).await;
        seen.send_replace(Some(observation));
        next = begun + LOOK_EVERY;
        tokio::select! {
            () = sleep_until(next) => {}
            () = seen.closed() => return,
        }
    }
}
