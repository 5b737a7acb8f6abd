//! The check of a host: the way to it, and what is true there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::call::Call;
use super::clock_sight::{ClockSight, ClockVerdict};
use super::connection::Connection;
use super::way;
use super::wire::{Ask, FEATURES, Greeting, Say};
use super::words;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::{HostSpec, WayIn};
use crate::invocation::command;
use crate::program::ProgramCall;
use crate::sys::clock::wall_ms;
use crate::text::clean_line;

/// The longest wait for an answer to a question.
const ANSWER: Duration = Duration::from_secs(5);

/// The longest time that a login takes which only shows its method.
const LOGIN: Duration = Duration::from_secs(10);

/// The number of questions of which the fastest shows the clock.
const CLOCK_ASKS: usize = 3;

/// Checks a host, and changes nothing there. Takes the connect limit and twenty seconds
/// at most.
pub async fn check_host(host: &HostSpec) -> Vec<Finding> {
    let begun = Instant::now();
    let connection = match Connection::open(host).await {
        Ok(connection) => Arc::new(connection),
        Err(failure) => return vec![fault("way", &host.name, failure)],
    };
    let took = begun.elapsed().as_millis();
    let by = words::way(host);
    let mut findings = vec![Finding::ok("way", format!("reached by {by}, in {took} ms"))];
    let (login, told) = tokio::join!(login(host), told(host, &connection));
    findings.extend(login);
    findings.push(version(&host.name, connection.greeting()));
    findings.extend(told);
    findings.into_iter().map(|finding| finding.on(&host.name)).collect()
}

/// Returns a failure of a host as a finding.
pub(super) fn fault(about: &'static str, host: &str, failure: Failure) -> Finding {
    let start = format!("{host}: ");
    let message = failure.message.strip_prefix(&start).unwrap_or(&failure.message);
    let message = message.to_owned();
    Finding::of_failure(about, Failure { message, ..failure }).on(host)
}

fn version(host: &str, greeting: &Greeting) -> Finding {
    let (here, there) = (env!("CARGO_PKG_VERSION"), clean_line(&greeting.version));
    let lacks: Vec<&str> = FEATURES
        .into_iter()
        .filter(|feature| greeting.check_feature(host, feature).is_err())
        .collect();
    if lacks.is_empty() {
        return Finding::ok("gamectl", format!("{there} there, {here} here: understood"));
    }
    let lacks = lacks.join(", ");
    Finding::warning(
        "gamectl",
        format!("{there} there, {here} here: that one cannot do all that this one asks ({lacks})"),
    )
    .hint(format!(
        "bring it up to date: {}",
        command(format_args!("host install {host}"))
    ))
}

/// Asks the gamectl there for its clock, and for what a logout ends.
async fn told(host: &HostSpec, connection: &Arc<Connection>) -> Vec<Finding> {
    // What an old one cannot tell was said with its version.
    if connection.greeting().check_feature(&host.name, "host").is_err() {
        return Vec::new();
    }
    match ask_all(host, connection).await {
        Ok(findings) => findings,
        Err(failure) => {
            let hint = format!("{} shows whether it answers at all", words::by_hand(host));
            vec![fault("way", &host.name, failure.hint(hint))]
        }
    }
}

async fn ask_all(host: &HostSpec, connection: &Arc<Connection>) -> Result<Vec<Finding>, Failure> {
    let mut fastest: Option<ClockSight> = None;
    for _ in 0..CLOCK_ASKS {
        let (asked_ms, asked) = (wall_ms(), Instant::now());
        let Say::Clock { at_ms } = ask(connection, Ask::Clock {}).await? else {
            return Err(Failure::unknown("it answers something else"));
        };
        let sight = ClockSight {
            asked_ms,
            round_trip: asked.elapsed(),
            there_ms: at_ms,
        };
        fastest = Some(match fastest {
            Some(known) if known.round_trip <= sight.round_trip => known,
            _ => sight,
        });
    }
    let mut findings = fastest.as_ref().map_or_else(Vec::new, seen);
    let Say::Findings { findings: there } = ask(connection, Ask::Logout {}).await? else {
        return Err(Failure::unknown("it answers something else"));
    };
    findings.extend(there.into_iter().map(|finding| finding.on(&host.name)));
    Ok(findings)
}

async fn ask(connection: &Arc<Connection>, ask: Ask) -> Result<Say, Failure> {
    let answered = async { Call::begin(connection, ask).await?.next().await };
    match timeout(ANSWER, answered).await {
        Ok(answered) => answered.map(|(say, _)| say),
        Err(_) => Err(Failure::unknown(format!(
            "it did not answer within {} seconds",
            ANSWER.as_secs()
        ))),
    }
}

/// Returns the time of a trip, and the verdict on the clock that was seen by it.
fn seen(sight: &ClockSight) -> Vec<Finding> {
    let took = sight.round_trip;
    let trip = format!("{}.{} ms", took.as_millis(), took.as_micros() % 1000 / 100);
    let verdict = sight.verdict();
    let message = format!("it {verdict}");
    let clock = match verdict {
        ClockVerdict::Agrees(_) => Finding::ok("clock", message),
        ClockVerdict::Ahead(_) | ClockVerdict::Behind(_) => Finding::warning("clock", message).hint(ClockVerdict::MEND),
    };
    vec![Finding::ok("round trip", trip), clock]
}

/// Returns the method by which `ssh` logs in, where it tells.
async fn login(host: &HostSpec) -> Option<Finding> {
    let WayIn::Ssh(access) = &host.way else {
        return None;
    };
    let ended = ProgramCall::new(way::login(access)).output(LOGIN).await.ok()?;
    method(&ended.complaint).map(|method| Finding::ok("login", method))
}

/// Reads from the words of `ssh -v` how it logged in, and with which key.
fn method(said: &str) -> Option<String> {
    let mut lines = said.lines().map(str::trim);
    let method = lines.clone().find_map(|line| {
        let (_, method) = line.strip_prefix("Authenticated to ")?.split_once(" using \"")?;
        method.split_once('"').map(|(method, _)| method)
    })?;
    let key = lines.find_map(|line| line.strip_prefix("debug1: Server accepts key: "));
    let key = key.and_then(|key| key.split(' ').next());
    let text = match key.filter(|_| method == "publickey") {
        Some(key) => format!("{method}, with {key}"),
        None => method.to_owned(),
    };
    Some(clean_line(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn the_method_of_a_login() {
        for (said, wanted) in [
            (
                "debug1: Server accepts key: /k/login ED25519 SHA256:x explicit\r\n\
                 Authenticated to 127.0.0.1 ([127.0.0.1]:22) using \"publickey\".\r\n",
                Some("publickey, with /k/login"),
            ),
            (
                "Authenticated to box2 (via proxy) using \"gssapi-with-mic\".",
                Some("gssapi-with-mic"),
            ),
            ("box2: Permission denied (publickey).", None),
            ("Authenticated to", None),
            ("", None),
        ] {
            assert_eq!(method(said).as_deref(), wanted, "{said}");
        }
    }

    #[test]
    fn an_old_gamectl_is_named_with_what_it_lacks() {
        let old = Greeting {
            version: "0.1.0".to_owned(),
            protocol: 1,
            features: ["look", "verb", "send", "logs"].map(str::to_owned).to_vec(),
            now_ms: None,
            account: None,
        };
        let finding = version("box2", &old);
        assert_eq!(finding.level, Severity::Warning);
        assert!(
            finding.message.contains("0.1.0 there")
                && finding
                    .message
                    .ends_with("console, host, keep, players, log_times, unless_stopped)")
        );
        assert_eq!(version("box2", &Greeting::serving(None)).level, Severity::Ok);
    }
}
