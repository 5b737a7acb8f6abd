//! The reasons why the certificate of a server is not trusted, in words, and what to do.

use tokio_rustls::rustls::{CertificateError, OtherError};

use crate::failure::Failure;

/// The most characters of a reason, in which a certificate may have many names.
const WHY_MAX: usize = 300;

const NAME_IT: &str = "name the server's own certificate, or that of its issuer, as `ca`";

const DATES: &str = "have the server make a new one, set the clock, or name the server's own certificate as `ca`: \
     then its dates do not count";

const OTHER_NAME: &str = "write a name of the certificate in the URL, or name the server's own certificate as `ca`: \
     then its name does not count";

/// The command that makes a certificate of a server with OpenSSL.
const MAKE_ONE: &str = "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=game \
     -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out cert.pem";

/// Returns the failure for a certificate that is not trusted.
pub(super) fn untrusted(why: &CertificateError) -> Failure {
    use CertificateError as Why;
    let (why, hint) = match why {
        Why::UnknownIssuer => ("nobody who is trusted has issued it".to_owned(), NAME_IT.to_owned()),
        Why::Expired | Why::ExpiredContext { .. } => (
            "it has expired, or the clock of this host is wrong".to_owned(),
            DATES.to_owned(),
        ),
        Why::NotValidYet | Why::NotValidYetContext { .. } => (
            "its time has not begun, or the clock of this host is wrong".to_owned(),
            DATES.to_owned(),
        ),
        Why::NotValidForNameContext { expected, presented } => {
            (names(presented, &expected.to_str()), OTHER_NAME.to_owned())
        }
        Why::NotValidForName => ("it is for another name".to_owned(), OTHER_NAME.to_owned()),
        Why::InvalidPurpose | Why::InvalidPurposeContext { .. } => (
            "it is not for a server: its purpose is another".to_owned(),
            NAME_IT.to_owned(),
        ),
        Why::BadSignature => (
            "its signature is wrong, or its key too short".to_owned(),
            made_anew("with a key of 2048 bits or more"),
        ),
        Why::Revoked => ("its issuer has revoked it".to_owned(), NAME_IT.to_owned()),
        Why::BadEncoding => ("it is damaged".to_owned(), made_anew("in X.509 version 3")),
        Why::Other(other) if is(other, "CaUsedAsEndEntity") => (
            "it is that of an issuer (CA:TRUE), as `openssl req -x509` makes it, and not of a server".to_owned(),
            format!(
                "name that certificate as `ca`: then it is trusted as it is; or {}",
                made_anew("of a server, and name that")
            ),
        ),
        Why::Other(other) if is(other, "UnsupportedCertVersion") => (
            "it is of an old form, X.509 version 1".to_owned(),
            made_anew("of version 3, and name that as `ca`"),
        ),
        why => (why.to_string(), NAME_IT.to_owned()),
    };
    let why: String = why.chars().filter(|c| !c.is_control()).take(WHY_MAX).collect();
    Failure::failed(format!("its certificate is not trusted: {why}")).hint(hint)
}

fn made_anew(how: &str) -> String {
    format!("make one {how}: `{MAKE_ONE}`")
}

/// Returns true for this error of the library that judges certificates, which tells of it
/// by its name only.
fn is(other: &OtherError, name: &str) -> bool {
    other.to_string().contains(name)
}

/// Tells the names in a certificate, which come as `DnsName("a")`, beside the one that was
/// expected.
fn names(presented: &[String], expected: &str) -> String {
    let plain = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
        inner.unwrap_or(name).trim_matches('"').to_owned()
    };
    match presented {
        [] => format!("no name is in it, and so not {expected}"),
        names => {
            let names: Vec<String> = names.iter().map(plain).collect();
            format!("it is for {}, and not for {expected}", names.join(" and "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Debug)]
    struct Other(&'static str);

    impl std::fmt::Display for Other {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Other {}

    #[test]
    fn reasons_are_told_in_words_with_what_to_do() {
        use CertificateError as Why;
        let other = |name| Why::Other(OtherError(Arc::new(Other(name))));
        let named = |presented: &[&str]| Why::NotValidForNameContext {
            expected: "127.0.0.1".try_into().unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        };
        for (why, told, advice) in [
            (Why::Expired, "it has expired", "as `ca`"),
            (Why::NotValidYet, "its time has not begun", "set the clock"),
            (Why::UnknownIssuer, "nobody who is trusted", "as `ca`"),
            (Why::BadSignature, "or its key too short", "2048 bits"),
            (Why::InvalidPurpose, "it is not for a server", "as `ca`"),
            (other("CaUsedAsEndEntity"), "(CA:TRUE)", "CA:FALSE"),
            (other("UnsupportedCertVersion"), "version 1", "of version 3"),
            (
                named(&[]),
                "no name is in it, and so not 127.0.0.1",
                "its name does not count",
            ),
            (
                named(&["DnsName(\"a.example\")", "IpAddress(10.0.0.1)"]),
                "it is for a.example and 10.0.0.1, and not for 127.0.0.1",
                "write a name of the certificate",
            ),
        ] {
            let failure = untrusted(&why);
            assert!(failure.message.contains(told), "{failure}");
            let hint = failure.hint.as_deref().unwrap_or_default();
            assert!(hint.contains(advice), "{why:?}: {hint}");
        }
    }
}
