//! From a scalar to a value: expanded, parsed, and complained about.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt::Display;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::expand::{Variables, expand};
use super::model::HostPort;
use super::nearest::nearest;
use super::reader::{Complaint, Place, Scalar};

/// No wait is longer than this.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Turns scalars into values, and collects what is wrong with them.
pub(super) struct Values<'a> {
    variables: Variables<'a>,
    complaints: RefCell<Vec<Complaint>>,
}

impl<'a> Values<'a> {
    pub(super) fn new(variables: Variables<'a>) -> Self {
        Self {
            variables,
            complaints: RefCell::default(),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        (self.variables)(name)
    }

    pub(super) fn into_complaints(self) -> Vec<Complaint> {
        self.complaints.into_inner()
    }

    pub(super) fn complain(&self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.complaints.borrow_mut().push(Complaint {
            place,
            message: message.into(),
            hint: Some(hint.into()).filter(|hint| !hint.is_empty()),
            related: None,
        });
    }

    /// Text, with variables expanded. What cannot be an argument or part of
    /// the environment is an error.
    pub(super) fn text(&self, scalar: &Scalar) -> Option<OsString> {
        match expand(&scalar.text, self.variables) {
            Ok(text) if text.as_encoded_bytes().contains(&0) => {
                self.complain(scalar.place, "a NUL character cannot stand here", "");
                None
            }
            Ok(text) => Some(text),
            Err(name) => {
                let message = format!("the environment variable {name} is not set");
                let hint = format!("set it, or give a default with ${{{name}:-DEFAULT}}; $$ is a dollar");
                self.complain(scalar.place, message, hint);
                None
            }
        }
    }

    /// Text that is read by us.
    pub(super) fn string(&self, scalar: &Scalar) -> Option<String> {
        let text = self.text(scalar)?.into_string();
        if text.is_err() {
            self.complain(scalar.place, "what a variable puts here is not UTF-8", "");
        }
        text.ok()
    }

    /// A value that a parser makes of text.
    fn parsed<T, E: Display>(
        &self,
        scalar: &Scalar,
        parse: impl FnOnce(&str) -> Result<T, E>,
        hint: &str,
    ) -> Option<T> {
        let text = self.string(scalar)?;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.complain(scalar.place, error.to_string(), hint);
                None
            }
        }
    }

    pub(super) fn boolean(&self, scalar: &Scalar) -> Option<bool> {
        let parse = |text: &str| match text {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            _ => Err("this must be true or false"),
        };
        self.parsed(scalar, parse, "")
    }

    pub(super) fn duration(&self, scalar: &Scalar) -> Option<Duration> {
        self.parsed(scalar, parse_duration, "durations are like 500ms, 30s, 5m, 2h")
    }

    pub(super) fn size(&self, scalar: &Scalar) -> Option<u64> {
        self.parsed(scalar, parse_size, "sizes are like 50MiB or 1GiB; at least 4KiB")
    }

    pub(super) fn count(&self, scalar: &Scalar, least: u32, most: u32) -> Option<u32> {
        let wrong = || format!("this must be a number from {least} to {most}");
        let parse = |text: &str| {
            text.parse()
                .ok()
                .filter(|n| (least..=most).contains(n))
                .ok_or_else(wrong)
        };
        self.parsed(scalar, parse, "")
    }

    pub(super) fn signal(&self, scalar: &Scalar) -> Option<Signal> {
        let text = self.string(scalar)?;
        let parsed = parse_signal(&text);
        if parsed.is_none() {
            let names = Signal::iterator().map(|signal| signal.as_str().trim_start_matches("SIG"));
            let upper = text.to_uppercase();
            let hint = match nearest(upper.trim_start_matches("SIG"), names) {
                _ if text.trim().parse::<i32>().is_ok() => "signals are given by name, such as INT or TERM".to_owned(),
                Some(near) => format!("did you mean `{near}`?"),
                None => "names are like INT, TERM, HUP, USR1".to_owned(),
            };
            let message = format!("there is no signal `{text}`");
            self.complain(scalar.place, message, hint);
        }
        parsed
    }

    pub(super) fn host_port(&self, scalar: &Scalar) -> Option<HostPort> {
        let hint = "addresses are like 127.0.0.1:28015, game.lan:28015 or [::1]:28015";
        self.parsed(scalar, parse_host_port, hint)
    }

    /// A regular expression, which is only looked at here: it is made ready
    /// when it is needed.
    pub(super) fn regex(&self, scalar: &Scalar) -> Option<String> {
        let text = self.string(scalar)?;
        // The parser of the same crate, without its costly compilation.
        let mut parser = regex_syntax::ParserBuilder::new().utf8(false).build();
        match parser.parse(&text) {
            Ok(_) => Some(text),
            Err(error) => {
                let message = error.to_string();
                let last = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let hint = "a backslash before it makes a special character an ordinary one";
                self.complain(scalar.place, format!("this is not a regular expression: {last}"), hint);
                None
            }
        }
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    match humantime::parse_duration(text) {
        Ok(duration) if duration > LONGEST => Err("this is longer than a year".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) if text.parse::<f64>().is_ok() => Err(format!("a unit is missing: {text}s, {text}m or {text}h?")),
        Err(_) => Err("this is not a duration".to_owned()),
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 4096;
    let size = text
        .parse::<bytesize::ByteSize>()
        .map_err(|_| "this is not a size".to_owned())?;
    if size.as_u64() < LEAST {
        return Err("this size is too small".to_owned());
    }
    Ok(size.as_u64())
}

fn parse_signal(text: &str) -> Option<Signal> {
    let upper = text.trim().to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    Signal::iterator().find(|signal| signal.as_str().trim_start_matches("SIG") == name)
}

fn parse_host_port(text: &str) -> Result<HostPort, String> {
    let wrong = || "this is not HOST:PORT".to_owned();
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").ok_or_else(wrong)?,
        None => text.rsplit_once(':').ok_or_else(wrong)?,
    };
    let bracketed = text.starts_with('[');
    if host.is_empty() || (host.contains(':') && !bracketed) || host.contains(char::is_whitespace) {
        return Err(wrong());
    }
    if bracketed && host.parse::<std::net::Ipv6Addr>().is_err() {
        return Err("what stands in brackets must be an IPv6 address".to_owned());
    }
    let port = port.parse().ok().filter(|port| *port > 0);
    Ok(HostPort {
        host: host.to_owned(),
        port: port.ok_or_else(|| "a port is a number from 1 to 65535".to_owned())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, wanted) in [
            ("500ms", Ok(500)),
            ("30s", Ok(30_000)),
            ("1h30m", Ok(5_400_000)),
            ("0", Ok(0)),
            ("30", Err("a unit is missing: 30s, 30m or 30h?")),
            ("soon", Err("this is not a duration")),
            ("", Err("this is not a duration")),
            ("-5s", Err("this is not a duration")),
            ("400days", Err("this is longer than a year")),
        ] {
            let parsed = parse_duration(text).map(|duration| duration.as_millis());
            assert_eq!(parsed, wanted.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("50MiB"), Ok(50 << 20));
        assert_eq!(parse_size("10 MB"), Ok(10_000_000));
        assert_eq!(parse_size("8192"), Ok(8192));
        assert!(parse_size("100").is_err() && parse_size("big").is_err() && parse_size("-5").is_err());
    }

    #[test]
    fn signals() {
        assert_eq!(parse_signal("INT"), Some(Signal::SIGINT));
        assert_eq!(parse_signal("sigterm"), Some(Signal::SIGTERM));
        assert_eq!(parse_signal("9"), None);
        assert_eq!(parse_signal("KIL"), None);
    }

    #[test]
    fn addresses() {
        for (text, wanted) in [
            ("127.0.0.1:28015", "127.0.0.1:28015"),
            ("game.lan:1", "game.lan:1"),
            ("[::1]:80", "[::1]:80"),
            ("::1:80", "this is not HOST:PORT"),
            ("[x]:80", "what stands in brackets must be an IPv6 address"),
            ("host", "this is not HOST:PORT"),
            (":80", "this is not HOST:PORT"),
            ("host:0", "a port is a number from 1 to 65535"),
            ("host:70000", "a port is a number from 1 to 65535"),
        ] {
            let shown = match parse_host_port(text) {
                Ok(address) => address.to_string(),
                Err(error) => error,
            };
            assert_eq!(shown, wanted, "{text}");
        }
    }
}
