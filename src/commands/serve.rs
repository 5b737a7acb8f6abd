//! `gamectl serve`, which another gamectl calls, and no person.

use super::context::runtime;
use super::streams::screen;
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, serve};
use crate::ui::Options;

/// The verb as the first word.
const HIDDEN_VERB: &str = "serve";

/// Returns the exit code when this process was started to serve another gamectl.
pub(super) fn answer() -> Option<u8> {
    let mut words = std::env::args_os().skip(1);
    (words.next()? == HIDDEN_VERB).then(|| run(words.next().is_some()))
}

fn run(has_more_words: bool) -> u8 {
    let served = match has_more_words {
        true => Err(Failure::new(FailureKind::Usage, "`serve` takes no arguments")),
        false => match runtime() {
            Ok(runtime) => runtime.block_on(serve::over_standard_streams()),
            Err(Error::Failure(failure)) => Err(failure),
            Err(Error::Problems(problems)) => Err(Failure::failed(problems.summary())),
        },
    };
    let Err(failure) = served else { return 0 };
    let screen = screen(Options::default());
    screen.failure(&failure);
    screen.finish();
    failure.kind.exit_code()
}
