//! The targets of `notify`, as far as they can be judged without a message.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::secrets::{self, Access};
use crate::finding::Finding;
use crate::inventory::{Instance, Password, parse_url};
use crate::invocation::command;

const ABOUT: &str = "notify";

/// Judges the files of all targets, each once. `first_line` reads that of a file.
pub(super) fn judge(
    instances: &[Arc<Instance>],
    look: &dyn Fn(&Path) -> Option<Access>,
    first_line: &dyn Fn(&Path) -> Option<String>,
) -> Vec<Finding> {
    let targets = || {
        instances
            .iter()
            .flat_map(|one| &one.notify)
            .map(|notify| &notify.target)
    };
    let mut secret = BTreeSet::new();
    let mut urls = BTreeSet::new();
    for target in targets() {
        for password in target.passwords() {
            if let Password::File(path) = password {
                secret.insert(path.as_path());
                urls.extend((password == target.url()).then_some(path.as_path()));
            }
        }
    }
    let mut found: Vec<Finding> = Vec::new();
    for path in secret {
        let Some(access) = look(path) else { continue };
        let is_read = access.mode.is_ok();
        found.push(secrets::judge(&access));
        if is_read
            && urls.contains(path)
            && let Some(Err(hint)) = first_line(path).as_deref().map(parse_url)
        {
            let message = format!("the first line of {} is not a URL", path.display());
            found.push(Finding::error(ABOUT, message).hint(hint));
        }
    }
    let certificates: BTreeSet<&Path> = targets().filter_map(|target| target.ca()).map(AsRef::as_ref).collect();
    let accesses = certificates.into_iter().filter_map(look);
    found.extend(
        accesses
            .filter(|access| access.mode.is_err())
            .map(|access| secrets::judge(&access)),
    );
    let told = instances.iter().filter(|one| !one.notify.is_empty());
    if let Some(one) = told.clone().next() {
        let message = format!("{} of {} instances tell somebody", told.count(), instances.len());
        let hint = format!("{} sends a test", command(format_args!("notify {}", one.id)));
        found.push(Finding::ok(ABOUT, message).hint(hint));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    /// Returns the findings about targets whose file has this line and this mode.
    fn found(notify: &str, mode: &Result<u32, String>, line: &str) -> Vec<(Severity, String)> {
        let text = format!(
            "defaults: {{notify: {notify}}}\ninstances: {{a: {{process: {{executable: /x}}}}, b: {{process: {{executable: /x}}}}}}"
        );
        let parsed = crate::inventory::parse(text.as_bytes(), "", "/".as_ref(), &|_| None).unwrap();
        let look = |path: &Path| {
            let (path, mode) = (path.to_owned(), mode.clone());
            Some(Access { path, mode })
        };
        let found = judge(&parsed.instances, &look, &|_| Some(line.to_owned()));
        found.into_iter().map(|one| (one.level, one.message)).collect()
    }

    #[test]
    fn files_are_judged_once_and_what_is_in_them_is_not_shown() {
        let discord = "[{discord: {url: {file: /d.url}}}]";
        let good = found(discord, &Ok(0o600), "https://discord.com/api/webhooks/1/geheim");
        assert_eq!(good.len(), 2, "{good:?}");
        assert!(
            good.iter()
                .all(|(level, text)| *level == Severity::Ok && !text.contains("geheim"))
        );
        let bad = found(discord, &Ok(0o600), "geheim");
        assert_eq!(
            bad[1],
            (Severity::Error, "the first line of /d.url is not a URL".to_owned())
        );
        let unread = found(discord, &Err("gone".to_owned()), "geheim");
        assert_eq!((unread.len(), unread[0].0), (2, Severity::Error));
        // A token is no URL, and everybody may read a certificate.
        let ntfy = "[{ntfy: {topic: x, token: {file: /t}, ca: /c}}]";
        assert_eq!(found(ntfy, &Ok(0o644), "tk_x")[0].0, Severity::Warning);
        assert_eq!(found(ntfy, &Ok(0o644), "tk_x").len(), 2);
        assert_eq!(found("[]", &Ok(0o600), ""), []);
    }
}
