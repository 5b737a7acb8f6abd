//! The `amp` section.

use super::channels;
use super::collector::Collector;
use super::http::{self, user};
use super::process;
use super::section::Fields;
use crate::inventory::model::address::HostPort;
use crate::inventory::model::amp::{AmpAccess, AmpLayer, AmpPanel, AmpSpec};
use crate::inventory::model::channels::{Password, Secret};
use crate::inventory::model::http::HttpCheck;
use crate::inventory::model::instance::Plane;
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node};

/// The longest name of an instance, in characters.
const NAME_MAX: usize = 100;

/// Reads the section. All of it is checked, even if something is missing.
pub(crate) fn read(check: &mut Collector, id: &str, section: &Entry) -> Plane {
    let mut amp = check.section("`amp`", &keys::AMP, &section.value);
    if amp.choice("manager") == Some(AmpManager::Ampinstmgr) {
        return by_manager(&mut amp, id, section);
    }
    for (key, hint) in [
        (
            "url",
            "that of its controller, such as `url: http://127.0.0.1:8080`".to_owned(),
        ),
        ("instance", format!("add `instance: {id}`, with its name in AMP")),
        ("user", "a user of AMP, made for gamectl".to_owned()),
        (
            "password",
            "such as `password: { file: /etc/gamectl/amp.pw }`".to_owned(),
        ),
    ] {
        let message = format!("`amp` has no `{key}`");
        amp.require(key, section.at, &message, &hint);
    }
    let instance = amp.get("instance", name).unwrap_or_else(|| id.to_owned());
    let layer = amp.choice("layer").unwrap_or_default();
    let access = AmpAccess::Api(panel(&mut amp));
    Plane::Amp(Box::new(AmpSpec {
        instance,
        access,
        layer,
    }))
}

/// The values of `manager`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum AmpManager {
    Api,
    Ampinstmgr,
}

/// The user of the host that AMP itself makes.
const AMP_USER: &str = "amp";

/// Reads the rest of a section of an instance that `ampinstmgr` manages.
fn by_manager(amp: &mut Fields, id: &str, section: &Entry) -> Plane {
    let hint = format!("add `instance: {id}`, with its name in AMP");
    amp.require("instance", section.at, "`amp` has no `instance`", &hint);
    for key in ["url", "password", "ca", "layer"] {
        if let Some(entry) = amp.entry(key) {
            let message = format!("`{key}` means nothing with `manager: ampinstmgr`");
            amp.check.problem(entry.at, message);
        }
    }
    let instance = amp.get("instance", plain_name).unwrap_or_else(|| id.to_owned());
    let user = amp.get("user", process::user);
    Plane::Amp(Box::new(AmpSpec {
        instance,
        access: AmpAccess::Manager(user.unwrap_or_else(|| AMP_USER.to_owned())),
        layer: AmpLayer::Instance,
    }))
}

/// Reads a name that becomes an argument.
fn plain_name(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let name = name(check, what, node)?;
    if name.starts_with('-') {
        check.problem(
            node.span,
            format!("{what} must not begin with `-`: that would be an option"),
        );
        return None;
    }
    Some(name)
}

fn panel(amp: &mut Fields) -> AmpPanel {
    let url = amp.get("url", url);
    let user = amp.get("user", user).unwrap_or_default();
    let password = amp.get("password", channels::password);
    let ca = amp.get("ca", Collector::path);
    let (address, base, mut tls) = match url {
        Some(url) => (url.address, url.path.trim_end_matches('/').to_owned(), url.tls),
        // It is wrong, or missing, and that was noted.
        None => (
            HostPort {
                host: String::new(),
                port: 0,
            },
            String::new(),
            None,
        ),
    };
    if let (Some(ca), Some(tls)) = (&ca, &mut tls) {
        tls.ca = Some(ca.clone());
    } else if let Some(entry) = amp.entry("ca").filter(|_| ca.is_some() && !address.host.is_empty()) {
        let message = "`ca` means nothing where the URL does not begin with `https:`";
        amp.check.problem(entry.at, message);
    }
    AmpPanel {
        address,
        base,
        tls,
        user,
        password: password.unwrap_or_else(|| Password::Given(Secret::new(String::new()))),
    }
}

fn url(check: &mut Collector, what: &str, node: &Node) -> Option<HttpCheck> {
    let url = http::url(check, what, node)?;
    if url.access.login.is_some() {
        let message = "the login does not stand in the `url` here";
        check.problem(node.span, message).hint("give `user` and `password`");
        return None;
    }
    if url.path.contains('?') {
        check.problem(node.span, "the URL of a panel has no query");
        return None;
    }
    Some(url)
}

fn name(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let name = check.word(what, "the name of an instance in AMP", node)?;
    let is_name = !name.is_empty() && name.chars().count() <= NAME_MAX && !name.contains(char::is_control);
    if !is_name {
        let message = format!("{what} must be a single line of at most {NAME_MAX} characters, and not empty");
        check.problem(node.span, message);
        return None;
    }
    Some(name.into_owned())
}

#[cfg(test)]
mod tests {
    use crate::inventory::model::amp::{AmpAccess, AmpLayer};
    use crate::inventory::model::instance::Plane;
    use crate::inventory::parse;

    const LOGIN: &str = "user: u, password: SECRET";

    /// Returns the URL, the name and the layer, or what is wrong first.
    fn read(section: &str) -> Result<(String, String, AmpLayer), String> {
        let text = format!("instances: {{a: {{amp: {section}}}}}");
        match parse(text.as_bytes(), "", "/i".as_ref(), &|_| None) {
            Ok(inventory) => match &inventory.instances[0].plane {
                Plane::Amp(spec) => {
                    let place = match &spec.access {
                        AmpAccess::Api(panel) => panel.url(),
                        AmpAccess::Manager(user) => user.clone(),
                    };
                    Ok((place, spec.instance.clone(), spec.layer))
                }
                other => panic!("{other:?}"),
            },
            Err(problems) => {
                assert!(!problems.to_string().contains("SECRET"), "{problems}");
                let messages = problems.list.iter().map(|problem| problem.message.as_str());
                Err(messages.collect::<Vec<_>>().join("; "))
            }
        }
    }

    #[test]
    fn panels_and_instances() {
        for (section, url, layer) in [
            ("url: 'http://10.0.0.2'", "http://10.0.0.2:80", AmpLayer::Application),
            ("url: 'http://[::1]:8080/'", "http://[::1]:8080", AmpLayer::Application),
            (
                "url: 'https://a/amp/', ca: /c.pem, layer: instance",
                "https://a:443/amp",
                AmpLayer::Instance,
            ),
        ] {
            let read = read(&format!("{{ {section}, instance: 'Ark 01', {LOGIN} }}"));
            assert_eq!(read, Ok((url.to_owned(), "Ark 01".to_owned(), layer)), "{section}");
        }
    }

    #[test]
    fn instances_of_the_manager_program() {
        let whole = AmpLayer::Instance;
        for (section, wanted) in [
            (
                "manager: ampinstmgr, instance: Ark01",
                Ok(("amp".to_owned(), "Ark01".to_owned(), whole)),
            ),
            (
                "manager: ampinstmgr, instance: Ark01, user: ampuser",
                Ok(("ampuser".to_owned(), "Ark01".to_owned(), whole)),
            ),
            ("manager: ampinstmgr", Err("`amp` has no `instance`")),
            (
                "manager: ampinstmgr, instance: '-l'",
                Err("`instance` must not begin with `-`: that would be an option"),
            ),
            (
                "manager: ampinstmgr, instance: a, password: SECRET",
                Err("`password` means nothing with `manager: ampinstmgr`"),
            ),
            (
                "manager: ampinstmgr, instance: a, layer: application",
                Err("`layer` means nothing with `manager: ampinstmgr`"),
            ),
            (
                "manager: panel, instance: a",
                Err("`manager` must be `api` or `ampinstmgr`"),
            ),
        ] {
            match (read(&format!("{{ {section} }}")), wanted) {
                (Ok(read), Ok(wanted)) => assert_eq!(read, wanted, "{section}"),
                (Err(problems), Err(wanted)) => assert!(problems.contains(wanted), "{section}: {problems}"),
                (read, _) => panic!("{section}: {read:?}"),
            }
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let url = "url: 'http://a'";
        for (section, wanted) in [
            (String::new(), "`amp` has no `url`"),
            (format!("{url}, {LOGIN}"), "`amp` has no `instance`"),
            (format!("{url}, instance: x, password: SECRET"), "`amp` has no `user`"),
            (format!("{url}, instance: x, user: u"), "`amp` has no `password`"),
            (format!("url: a, instance: x, {LOGIN}"), "`url` must be a URL"),
            (
                format!("url: 'http://u:SECRET@a', instance: x, {LOGIN}"),
                "the login does not stand in the `url` here",
            ),
            (
                format!("url: 'http://a/?x', instance: x, {LOGIN}"),
                "the URL of a panel has no query",
            ),
            (
                format!("{url}, instance: \"a\\nb\", {LOGIN}"),
                "`instance` must be a single line of at most 100 characters, and not empty",
            ),
            (
                format!("{url}, instance: x, ca: /c, {LOGIN}"),
                "`ca` means nothing where the URL does not begin with `https:`",
            ),
            (
                format!("{url}, instance: x, layer: game, {LOGIN}"),
                "`layer` must be `application` or `instance`",
            ),
        ] {
            let problems = read(&format!("{{ {section} }}")).unwrap_err();
            assert!(problems.contains(wanted), "{section}: {problems}");
        }
    }
}
