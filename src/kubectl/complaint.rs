//! The complaints of kubectl, which ends with 1 whatever is wrong.

/// A complaint, with the words of kubectl where they say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Complaint {
    /// The object is not there.
    NoObject,
    NoNamespace,
    /// The server has no such kind.
    NoKind(String),
    Forbidden(String),
    Unauthorized,
    NoContext,
    NoConfig(String),
    Unreachable(String),
    /// The server is there, and did not answer in time.
    Slow(String),
    /// The certificate does not fit.
    Certificate(String),
    /// The program that logs in has failed.
    Login(String),
    /// Somebody else has changed the object meanwhile.
    Conflict,
    /// The server does not let an object be like that.
    Invalid(String),
    /// A container cannot be entered.
    NotRunning(String),
    Other(String),
}

impl Complaint {
    /// Reads what kubectl has printed on its standard error.
    pub(super) fn of(said: &str) -> Self {
        let line = last(said);
        let words = || line.clone();
        let lower = line.to_ascii_lowercase();
        let has = |part: &str| lower.contains(part);
        if has("(notfound)") || has("\" not found") {
            return match has("namespaces \"") {
                true => Self::NoNamespace,
                false => Self::NoObject,
            };
        }
        if has("doesn't have a resource type")
            || has("no matches for kind")
            || has("could not find the requested resource")
        {
            let word = line.split('"').nth(1).unwrap_or_default();
            return Self::NoKind(word.to_owned());
        }
        if has("(forbidden)") || has(" is forbidden") {
            return Self::Forbidden(without_prefix(&line));
        }
        if has("must be logged in") || has("(unauthorized)") || has("provided credentials") {
            return Self::Unauthorized;
        }
        if has("context was not found") || has("does not exist") && has("context") {
            return Self::NoContext;
        }
        if has("getting credentials") || has("exec plugin") || has("no auth provider found") {
            return Self::Login(words());
        }
        if has("x509") || has("certificate") || has("tls: ") {
            return Self::Certificate(words());
        }
        if has("(conflict)") || has("the object has been modified") || has("testing value") {
            return Self::Conflict;
        }
        if has("(invalid)") || has("is invalid") || has("(badrequest)") || has("unable to decode patch") {
            return Self::Invalid(without_prefix(&line));
        }
        if has("container not found") || has("cannot exec") || has("does not have a host") || has("current phase is") {
            return Self::NotRunning(words());
        }
        if has("was refused") || has("no such host") || has("unable to connect") || has("no route to host") {
            return Self::Unreachable(words());
        }
        if has("timed out") || has("timeout") || has("deadline exceeded") || has("etcdserver") {
            return Self::Slow(words());
        }
        if has("no such file")
            || has("error loading config")
            || has("invalid configuration")
            || has("permission denied")
        {
            return Self::NoConfig(words());
        }
        Self::Other(words())
    }

    /// Reads which kinds may not be listed, as kubectl says it beside those that may;
    /// `None` if something else is wrong.
    pub(super) fn forbidden(said: &str) -> Option<Vec<String>> {
        let mut kinds = Vec::new();
        for line in errors(said) {
            match Self::of(&line) {
                Self::Forbidden(words) => kinds.push(words),
                _ => return None,
            }
        }
        (!kinds.is_empty()).then_some(kinds)
    }
}

/// Returns the lines that are no log of kubectl's own libraries, and no warning.
fn errors(said: &str) -> Vec<String> {
    let is_log = |line: &str| {
        let mut bytes = line.bytes();
        matches!(bytes.next(), Some(b'E' | b'W' | b'I')) && bytes.take(4).filter(u8::is_ascii_digit).count() == 4
    };
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.filter(|line| !is_log(line) && !line.starts_with("Warning:"));
    lines.map(str::to_owned).collect()
}

fn last(said: &str) -> String {
    match errors(said).pop() {
        Some(line) => line,
        None => said
            .trim()
            .lines()
            .last()
            .unwrap_or("it said nothing")
            .trim()
            .to_owned(),
    }
}

/// Returns the words behind `Error from server (Forbidden): `.
fn without_prefix(line: &str) -> String {
    let line = line
        .split_once("): ")
        .filter(|(head, _)| head.starts_with("Error"))
        .map_or(line, |(_, rest)| rest);
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of kubectl 1.20 to 1.33.
    #[test]
    fn each_complaint_has_its_kind() {
        let forbidden = "deployments.apps is forbidden: User \"viewer\" cannot list resource \"deployments\" in API group \
                         \"apps\" in the namespace \"game\"";
        let refused =
            "The connection to the server 127.0.0.1:16443 was refused - did you specify the right host or port?";
        let certificate = "Unable to connect to the server: x509: certificate signed by unknown authority";
        let plugin = "Unable to connect to the server: getting credentials: exec: executable aws not found";
        for (said, wanted) in [
            (
                "Error from server (NotFound): deployments.apps \"nosuch\" not found",
                Complaint::NoObject,
            ),
            (
                "error: no objects passed to scale deployments.apps \"nosuch\" not found",
                Complaint::NoObject,
            ),
            (
                "Error from server (NotFound): namespaces \"nosuch\" not found",
                Complaint::NoNamespace,
            ),
            (
                "error: the server doesn't have a resource type \"fleets\"",
                Complaint::NoKind("fleets".to_owned()),
            ),
            (
                &format!("Error from server (Forbidden): {forbidden}"),
                Complaint::Forbidden(forbidden.to_owned()),
            ),
            (
                "error: You must be logged in to the server (Unauthorized)",
                Complaint::Unauthorized,
            ),
            (
                "Error in configuration: context was not found for specified context: nosuch",
                Complaint::NoContext,
            ),
            ("error: context \"nosuch\" does not exist", Complaint::NoContext),
            (
                "error: stat /nonexistent: no such file or directory",
                Complaint::NoConfig("error: stat /nonexistent: no such file or directory".to_owned()),
            ),
            (refused, Complaint::Unreachable(refused.to_owned())),
            (
                &format!("E1130 05:00:00.000000    1234 memcache.go:265] couldn't get current server API\n{refused}\n"),
                Complaint::Unreachable(refused.to_owned()),
            ),
            (certificate, Complaint::Certificate(certificate.to_owned())),
            (plugin, Complaint::Login(plugin.to_owned())),
            (
                "Error from server (Conflict): Operation cannot be fulfilled on deployments.apps \"a\": the object has \
                 been modified; please apply your changes to the latest version and try again",
                Complaint::Conflict,
            ),
            (
                "error: timed out waiting for the condition",
                Complaint::Slow("error: timed out waiting for the condition".to_owned()),
            ),
            (
                "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded)",
                Complaint::Unreachable(
                    "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded)".to_owned(),
                ),
            ),
            ("something new", Complaint::Other("something new".to_owned())),
            ("", Complaint::Other("it said nothing".to_owned())),
        ] {
            assert_eq!(Complaint::of(said), wanted, "{said}");
        }
    }

    #[test]
    fn what_may_not_be_listed_is_told_from_what_fails() {
        let pods = "Error from server (Forbidden): pods is forbidden: User \"viewer\" cannot list";
        let two = format!("{pods}\nError from server (Forbidden): deployments.apps is forbidden: User");
        assert_eq!(Complaint::forbidden(&two).unwrap().len(), 2);
        assert_eq!(
            Complaint::forbidden(&format!("{pods}\nUnable to connect to the server: EOF")),
            None
        );
        assert_eq!(Complaint::forbidden(""), None);
    }
}
