//! The progress of a verb, from its events to the screen.

use std::time::Instant;

use tokio::sync::mpsc;

use crate::event::VerbEvent;
use crate::ui::Progress;

/// Shows the events of a verb until there are no more.
pub(super) async fn show(mut progress: Progress, mut events: mpsc::UnboundedReceiver<VerbEvent>) {
    let mut ticks = tokio::time::interval(crate::ui::TICK);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => progress.event(&event, Instant::now()),
                None => break,
            },
            _ = ticks.tick(), if progress.is_drawn() => progress.tick(Instant::now()),
        }
    }
    progress.finish();
}
