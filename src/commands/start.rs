//! `gamectl start`.

use super::context::{Context, Ended};
use super::order;
use crate::cli::Start;
use crate::event::Verb;
use crate::fleet;
use crate::instancecmd::Order;

pub(super) async fn run(context: &Context<'_>, start: &Start) -> Result<u8, Ended> {
    let order = Order {
        verb: Verb::Start,
        no_wait: start.no_wait,
        timeout: start.timeout,
        now: false,
        lock_wait: context.common.lock_wait,
        keeps_intent: false,
    };
    order::carry_out(context, &order, &start.selection, start.dry_run).await
}

/// What was begun early; what of it has not been needed is undone.
pub(super) struct Foreseen;

impl Drop for Foreseen {
    fn drop(&mut self) {
        fleet::forget_foreseen();
    }
}

/// Begins what takes time, when it is plain what is meant.
pub(super) fn foresee(start: &Start) -> Option<Foreseen> {
    let ([id], false, false) = (start.selection.selectors.as_slice(), start.selection.all, start.dry_run) else {
        return None;
    };
    fleet::foresee_start(id);
    Some(Foreseen)
}
