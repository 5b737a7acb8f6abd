//! From what was written to what is meant: each section by itself. What was
//! not given stays open, for `defaults` to fill.

use std::time::Duration;

use super::model::{GiveUp, Probe, RestartWhen, StopAction, StopStep};
use super::nearest::nearest;
use super::raw;
use super::reader::{Place, Scalar};
use super::value::Values;

/// What an instance or `defaults` says, checked.
#[derive(Debug, Default)]
pub(super) struct Common {
    pub(super) tags: Option<Vec<String>>,
    pub(super) autostart: Option<bool>,
    pub(super) probes: Option<Vec<Probe>>,
    pub(super) ready_timeout: Option<Duration>,
    pub(super) stop: Option<Vec<StopStep>>,
    pub(super) restart: Restart,
}

/// What is said of restarts, checked.
#[derive(Debug, Default)]
pub(super) struct Restart {
    pub(super) policy: Option<RestartWhen>,
    pub(super) delay: Option<Duration>,
    pub(super) max_delay: Option<(Duration, Place)>,
    pub(super) reset_after: Option<Duration>,
    pub(super) success_exit_codes: Option<Vec<i32>>,
    pub(super) times: Option<u32>,
    pub(super) within: Option<Duration>,
    pub(super) give_up: Option<Place>,
}

/// Checks what `defaults` and an instance have in common.
pub(super) fn common(values: &Values<'_>, raw: &raw::Common) -> Common {
    let (probes, ready_timeout) = raw
        .ready
        .as_ref()
        .map_or((None, None), |ready| self::ready(values, ready));
    Common {
        tags: raw.tags.as_ref().map(|tags| self::tags(values, tags)),
        autostart: raw.autostart.as_ref().and_then(|flag| values.boolean(flag)),
        probes,
        ready_timeout,
        stop: raw
            .stop
            .as_ref()
            .map(|steps| steps.iter().filter_map(|step| self::step(values, step)).collect()),
        restart: raw
            .restart
            .as_ref()
            .map(|restart| self::restart(values, restart))
            .unwrap_or_default(),
    }
}

fn tags(values: &Values<'_>, tags: &[Scalar]) -> Vec<String> {
    let tag = |scalar: &Scalar| {
        let text = values.string(scalar)?;
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            values.complain(scalar.place, "a tag is one word", "as in `tags: [pvp, eu]`");
            return None;
        }
        Some(text)
    };
    tags.iter().filter_map(tag).collect()
}

fn ready(values: &Values<'_>, raw: &raw::Ready) -> (Option<Vec<Probe>>, Option<Duration>) {
    let mut probes = Vec::new();
    let given = raw.log.is_some() || raw.tcp.is_some() || raw.exec.is_some() || raw.alive_for.is_some();
    probes.extend(raw.log.as_ref().and_then(|log| values.regex(log)).map(Probe::Log));
    probes.extend(raw.tcp.as_ref().and_then(|tcp| values.host_port(tcp)).map(Probe::Tcp));
    if let Some((place, argv)) = &raw.exec {
        if argv.is_empty() {
            values.complain(
                *place,
                "the command is missing",
                "as in `exec: [/usr/bin/test, -e, /srv/up]`",
            );
        }
        let argv: Vec<String> = argv.iter().filter_map(|word| values.string(word)).collect();
        probes.push(Probe::Exec(argv));
    }
    probes.extend(
        raw.alive_for
            .as_ref()
            .and_then(|span| values.duration(span))
            .map(Probe::AliveFor),
    );
    let timeout = raw.timeout.as_ref().and_then(|timeout| values.duration(timeout));
    (given.then_some(probes), timeout)
}

fn step(values: &Values<'_>, raw: &raw::Step) -> Option<StopStep> {
    let wait = raw
        .wait
        .as_ref()
        .map_or(Some(super::model::DEFAULT_STEP_WAIT), |wait| values.duration(wait));
    let action = match (&raw.stdin, &raw.signal) {
        (Some(text), None) => console_line(values, text),
        (None, Some(signal)) => values.signal(signal).map(StopAction::Signal),
        (None, None) => {
            let hint = "give `stdin: TEXT` or `signal: NAME`";
            values.complain(raw.place, "this step does nothing", hint);
            None
        }
        (Some(_), Some(signal)) => {
            values.complain(signal.place, "one step does one thing", "make two steps of it");
            None
        }
    };
    Some(StopStep {
        action: action?,
        wait: wait?,
    })
}

/// What fits into a pipe whole or not at all. See `pipe(7)`.
const LINE_MAX: usize = 4095;

fn console_line(values: &Values<'_>, scalar: &Scalar) -> Option<StopAction> {
    let text = values.string(scalar)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    if text.contains(['\n', '\r']) {
        values.complain(scalar.place, "this is more than one line", "make a step of each line");
        return None;
    }
    if text.len() > LINE_MAX {
        values.complain(scalar.place, format!("this is longer than {LINE_MAX} bytes"), "");
        return None;
    }
    Some(StopAction::Stdin(text.to_owned()))
}

const POLICIES: [(&str, RestartWhen); 3] = [
    ("always", RestartWhen::Always),
    ("on-failure", RestartWhen::OnFailure),
    ("never", RestartWhen::Never),
];

fn policy(values: &Values<'_>, scalar: &Scalar) -> Option<RestartWhen> {
    let text = values.string(scalar)?;
    let found = POLICIES.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let names = POLICIES.iter().map(|(name, _)| *name);
        let hint = match nearest(&text, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "one of always, on-failure, never".to_owned(),
        };
        values.complain(scalar.place, format!("there is no policy `{text}`"), hint);
    }
    found.map(|(_, policy)| *policy)
}

fn restart(values: &Values<'_>, raw: &raw::Restart) -> Restart {
    let duration = |scalar: &Option<Scalar>| scalar.as_ref().and_then(|scalar| values.duration(scalar));
    let code = |scalar: &Scalar| values.count(scalar, 0, 255).and_then(|code| i32::try_from(code).ok());
    let give_up = raw.give_up.as_ref();
    let place = |scalar: &Option<Scalar>| scalar.as_ref().map(|scalar| scalar.place);
    Restart {
        policy: raw.policy.as_ref().and_then(|scalar| policy(values, scalar)),
        delay: duration(&raw.delay),
        max_delay: duration(&raw.max_delay).zip(place(&raw.max_delay)),
        reset_after: duration(&raw.reset_after),
        success_exit_codes: raw
            .success_exit_codes
            .as_ref()
            .map(|codes| codes.iter().filter_map(code).collect()),
        times: give_up
            .and_then(|give_up| give_up.times.as_ref())
            .and_then(|times| values.count(times, 1, 1_000_000)),
        within: give_up.and_then(|give_up| duration(&give_up.within)),
        give_up: give_up.and_then(|give_up| place(&give_up.times).or(place(&give_up.within))),
    }
}

impl Restart {
    /// The window of giving up, when both of its halves are given.
    pub(super) fn window(&self) -> Option<GiveUp> {
        Some(GiveUp {
            times: self.times?,
            within: self.within?,
        })
    }
}
