//! `hosts`, `owner` and `host`, and the definition of an instance as it travels to
//! its host.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::collector::Collector;
use super::free;
use super::section::{did_you_mean, short};
use crate::inventory::model::host::{DEFAULT_LINGER, Definition, HostSpec, SshAccess, WayIn};
use crate::inventory::model::instance::is_valid_id;
use crate::inventory::report::keys;
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::expand::expand;
use crate::inventory::text::node::{Entry, Mapping, Node, Shape, find};

/// The shape of `hosts`, for a sentence.
const NAMES: &str = "a mapping of names to hosts";

/// The hosts of an inventory.
#[derive(Default)]
pub(super) struct Hosts {
    /// Those by their names; `None` for one that has a problem.
    named: Vec<(String, Option<Arc<HostSpec>>)>,
    /// The host of every instance that names none.
    owner: Option<Arc<HostSpec>>,
}

impl Hosts {
    /// Reads what the top of an inventory says of hosts.
    pub(super) fn read(check: &mut Collector, top: &[Entry]) -> Self {
        let mut hosts = Self::default();
        if let Some(entry) = find(top, "hosts") {
            for entry in check.mapping("`hosts`", NAMES, &entry.value) {
                name(check, entry);
                let host = host(check, entry).map(Arc::new);
                hosts.named.push((entry.key.to_string(), host));
            }
        }
        if let Some(entry) = find(top, "owner") {
            hosts.owner = check
                .word("`owner`", "a user's name", &entry.value)
                .and_then(|owner| user(check, "`owner`", &owner, &entry.value))
                .map(|owner| {
                    Arc::new(HostSpec {
                        name: owner.clone(),
                        way: WayIn::Sudo(owner),
                        gamectl: None,
                        linger: DEFAULT_LINGER,
                    })
                });
            if let Some(owner) = &hosts.owner
                && hosts.named.iter().any(|(name, _)| *name == owner.name)
            {
                check
                    .problem(entry.value.span, format!("there are two hosts `{}`", owner.name))
                    .hint("`owner` makes a host of the user's name; give the one in `hosts` another name");
            }
        }
        hosts
    }

    /// Returns those without a problem.
    pub(super) fn whole(&self) -> Vec<Arc<HostSpec>> {
        let named = self.named.iter().filter_map(|(_, host)| host.as_ref());
        named.chain(&self.owner).cloned().collect()
    }

    /// Returns the host of an instance with this key `host`; `None` for this one.
    pub(super) fn of(&self, check: &mut Collector, named: Option<&Entry>) -> Option<Arc<HostSpec>> {
        let Some(entry) = named else {
            return self.owner.clone();
        };
        let wanted = check.word("`host`", "the name of a host", &entry.value)?;
        let known = self.named.iter().find(|(name, _)| *name == *wanted);
        if known.is_none() {
            let near = nearest(&wanted, self.named.iter().map(|(name, _)| name.as_str()));
            let hint = did_you_mean(
                near,
                "add it to `hosts`, such as `hosts: { box2: { ssh: games@box2 } }`",
            );
            check
                .problem(entry.value.span, format!("there is no host `{}`", short(&wanted)))
                .hint(hint);
        }
        known.and_then(|(_, host)| host.clone())
    }
}

fn name(check: &mut Collector, entry: &Entry) {
    if !is_valid_id(&entry.key) {
        check
            .problem(
                entry.at,
                format!("`{}` cannot be the name of a host", short(&entry.key)),
            )
            .hint("names are lower-case letters, digits, `-` and `_`, the first a letter or digit");
    }
}

fn host(check: &mut Collector, entry: &Entry) -> Option<HostSpec> {
    let before = check.problems();
    if matches!(entry.value.shape, Shape::Scalar(_)) && !entry.value.is_null() {
        let name = short(&entry.key);
        check
            .problem(entry.value.span, format!("the host `{name}` must be a mapping"))
            .hint(format!("write `{name}: {{ ssh: USER@HOST }}`"));
        return None;
    }
    let mut host = check.section(&format!("`{}`", short(&entry.key)), &keys::HOST, &entry.value);
    let destination = host.get("ssh", destination);
    let access = |destination, sudo, host: &mut super::section::Fields| SshAccess {
        destination,
        port: host.number("port").and_then(|port| u16::try_from(port).ok()),
        identity: host.get("identity", identity),
        options: host.get("options", options).unwrap_or_default(),
        sudo,
    };
    let sudo = host.get("sudo", sudo).flatten();
    let way = match (destination, sudo) {
        (Some(destination), sudo) => Some(WayIn::Ssh(access(destination, sudo, &mut host))),
        (None, Some(user)) => {
            for key in ["port", "identity", "options"] {
                if let Some(entry) = host.entry(key) {
                    let message = format!("`{key}` means nothing without `ssh`");
                    host.check.problem(entry.at, message);
                }
            }
            Some(WayIn::Sudo(user))
        }
        (None, None) => None,
    };
    let gamectl = host.get("gamectl", program);
    let linger = host.get("linger", Collector::duration);
    if way.is_none() && host.check.problems() == before {
        host.check
            .problem(entry.at, format!("there is no way to the host `{}`", short(&entry.key)))
            .hint("add `ssh: USER@HOST`, or `sudo: USER` for this machine as another user");
    }
    Some(HostSpec {
        name: entry.key.to_string(),
        way: way?,
        gamectl,
        linger: linger.unwrap_or(DEFAULT_LINGER),
    })
    .filter(|_| check.problems() == before)
}

fn destination(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "a destination of ssh", node)?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || "'\"`$\\;&|<>(){}".contains(c);
    if word.is_empty() || word.starts_with('-') || word.contains(odd) {
        check
            .problem(node.span, "`ssh` is not a destination of ssh")
            .hint("write `USER@HOST`, or an alias of ~/.ssh/config");
        return None;
    }
    Some(word.into_owned())
}

/// Reads a path of this machine; ssh itself expands a `~`.
fn identity(check: &mut Collector, what: &str, node: &Node) -> Option<PathBuf> {
    let text = check.text(what, "a path", node)?;
    if text.to_str().is_some_and(|text| text.starts_with("~/")) {
        return Some(PathBuf::from(text.into_owned()));
    }
    check.path_of(what, &text, node.span)
}

fn options(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<(String, String)>> {
    let mut options = Vec::new();
    for entry in check.mapping(what, "a mapping of ssh's options to values", node) {
        let name = entry.key.as_ref();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            check
                .problem(entry.at, "this is not an option of ssh")
                .hint("ssh_config(5) lists them, such as `ProxyJump`");
            continue;
        }
        if let Some(value) = check.line(&format!("`{name}`"), &entry.value) {
            options.push((name.to_owned(), value));
        }
    }
    options.sort();
    Some(options)
}

/// Reads `sudo`: `true` is root, `false` nobody.
#[expect(clippy::option_option, reason = "one is for what is wrong")]
fn sudo(check: &mut Collector, what: &str, node: &Node) -> Option<Option<String>> {
    let word = check.word(what, "a user's name, or true", node)?;
    match word.as_ref() {
        "true" => Some(Some("root".to_owned())),
        "false" => Some(None),
        name => user(check, what, name, node).map(Some),
    }
}

fn user(check: &mut Collector, what: &str, name: &str, node: &Node) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.$@\\".contains(c);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(is_plain) {
        check.problem(node.span, format!("{what} is not a user's name"));
        return None;
    }
    Some(name.to_owned())
}

fn program(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let path = check.line(what, node)?;
    if !path.starts_with('/') {
        check
            .problem(node.span, "`gamectl` must be an absolute path of that host")
            .hint("leave it out where gamectl is on PATH there");
        return None;
    }
    Some(path)
}

/// Returns settings as a host reads them: those of an instance, or the defaults.
/// What could not be expanded is a problem that was noted elsewhere.
pub(super) fn definition(check: &mut Collector, settings: &[Entry]) -> Definition {
    let kept = settings
        .iter()
        .filter(|entry| !matches!(&*entry.key, "host" | "needs" | "notify" | "schedule"));
    let mut object = Map::new();
    for entry in kept {
        object.insert(entry.key.to_string(), value(check, &entry.value));
    }
    Definition::new(&Value::Object(object).to_string())
}

fn value(check: &mut Collector, node: &Node) -> Value {
    // Only a free mapping tells a number from its text.
    if let Some(literal) = free::literal(node) {
        return literal;
    }
    match &node.shape {
        Shape::Scalar(scalar) => match expand(&scalar.text, check.env()) {
            // The host expands nothing again.
            Ok(text) => match text.to_str() {
                Some(text) => Value::String(text.replace('$', "$$")),
                None => {
                    check.problem(node.span, "what travels to another host must be UTF-8");
                    Value::Null
                }
            },
            Err(_) => Value::Null,
        },
        Shape::List(items) => items.iter().map(|item| value(check, item)).collect(),
        Shape::Map(Mapping { entries, .. }) => {
            let entries = entries.iter();
            entries
                .map(|entry| (entry.key.to_string(), value(check, &entry.value)))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::inventory::{Inventory, Problems, parse};

    fn read(text: &str) -> Result<Inventory, Problems> {
        let env = |name: &str| match name {
            "SECRET" => Some("a$b\"c\\nd".into()),
            _ => None,
        };
        parse(text.as_bytes(), "x.yaml", "/srv".as_ref(), &env)
    }

    #[test]
    fn mistakes_have_their_places() {
        let box2 = "hosts: {box2: {ssh: games@box2}}\n";
        for (text, wanted) in [
            (
                "hosts: {box2: {ssh: b}}\ninstances: {a: {host: box3}}",
                "2:23 there is no host `box3` / did you mean `box2`?",
            ),
            (
                "instances: {a: {host: box2}}",
                "1:23 there is no host `box2` / add it to `hosts`",
            ),
            (
                "hosts: {box2: {port: 22}}\ninstances: {}",
                "1:9 there is no way to the host `box2` / add `ssh: USER@HOST`",
            ),
            (
                "hosts: {box2: games@box2}\ninstances: {}",
                "1:15 the host `box2` must be a mapping / write `box2: { ssh: USER@HOST }`",
            ),
            (
                "hosts: {box2: {sudo: false}}\ninstances: {}",
                "1:9 there is no way to the host `box2`",
            ),
            (
                "hosts:\n  b: {ssh: b}\n  b: {ssh: c}\ninstances: {}",
                "3:3 the key `b` is given twice",
            ),
            (
                "hosts: {games: {ssh: b}}\nowner: games\ninstances: {}",
                "2:8 there are two hosts `games`",
            ),
            (
                "hosts: {Box: {ssh: b}}\ninstances: {}",
                "1:9 `Box` cannot be the name of a host",
            ),
            (
                "hosts: {b: {ssh: -oProxyCommand=x}}\ninstances: {}",
                "1:18 `ssh` is not a destination of ssh",
            ),
            (
                "hosts: {b: {ssh: 'a b'}}\ninstances: {}",
                "1:19 `ssh` is not a destination of ssh",
            ),
            (
                "hosts: {b: {ssh: b, gamectl: bin/gamectl}}\ninstances: {}",
                "1:30 `gamectl` must be an absolute path",
            ),
            (
                "hosts: {b: {sudo: g, port: 22}}\ninstances: {}",
                "1:22 `port` means nothing without `ssh`",
            ),
            (
                "hosts: {b: {sudo: '-u root'}}\ninstances: {}",
                "1:20 `sudo` is not a user's name",
            ),
            (
                "hosts: {b: {ssh: b, options: {'a b': c}}}\ninstances: {}",
                "1:32 this is not an option of ssh",
            ),
            (
                "hosts: {b: {ssh: b, zone: eu}}\ninstances: {}",
                "1:21 unknown key `zone` in a host of `hosts`",
            ),
            ("hosts: {b: {ssh: b, linger: soon}}\ninstances: {}", "1:29 `linger`"),
            ("owner: 'a b'\ninstances: {}", "1:9 `owner` is not a user's name"),
            (
                &format!("{box2}instances: {{a: {{host: box2, process: {{executable: bin/game}}}}}}"),
                "2:51 `executable` is relative, and the instance is on another host / write the whole path",
            ),
            (
                &format!("{box2}instances: {{a: {{host: box2, process: {{executable: /g, cwd: .}}}}}}"),
                "2:60 `cwd` is relative, and the instance is on another host",
            ),
            (
                &format!("{box2}defaults: {{host: box2}}\ninstances: {{a: {{docker_compose: {{file: c.yaml}}}}}}"),
                "3:40 `file` is relative, and the instance is on another host",
            ),
            (
                "owner: games\ninstances: {a: {process: {executable: /g, env_file: x}}}",
                "2:53 `env_file` is relative, and the instance is on another host",
            ),
            (
                &format!("{box2}instances: {{a: {{host: box2, on_event: [{{command: [bin/tell, /x]}}]}}}}"),
                "2:51 `command` is relative, and the instance is on another host / write the whole path",
            ),
            (
                &format!("{box2}instances: {{a: {{host: box2, on_event: [{{command: ['~/tell']}}]}}}}"),
                "2:52 `command` is relative, and the instance is on another host",
            ),
            (
                &format!("{box2}instances: {{a: {{host: box2, ready: {{exec: [./probe]}}}}}}"),
                "2:44 `exec` is relative, and the instance is on another host",
            ),
        ] {
            let problem = read(text).unwrap_err().list.swap_remove(0);
            let place = format!("{}:{}", problem.line.unwrap(), problem.column.unwrap());
            let said = format!("{place} {} / {}", problem.message, problem.hint.unwrap_or_default());
            assert!(said.starts_with(wanted), "{said}\n{text}");
        }
    }

    #[test]
    fn a_bare_name_is_looked_for_there() {
        let text = "hosts: {box2: {ssh: b}}\ninstances: {a: {host: box2, on_event: [{command: [tell, a/b]}], \
                    ready: {exec: [probe, a/b]}}}";
        assert!(read(text).is_ok());
        let here = "instances: {a: {on_event: [{command: [bin/tell]}], ready: {exec: [bin/probe]}}}";
        assert!(read(here).is_ok());
    }

    #[test]
    fn a_definition_means_the_same_there() {
        let text = r#"
hosts: {box2: {ssh: b, sudo: games}}
defaults: {host: box2, tags: [eu], ready: {timeout: 9m}}
instances:
  a:
    game: rust
    process: {executable: /g, args: ["$HOME", "${SECRET}", "$${PATH}"], env: {A: "${SECRET}"}, cwd: /srv}
    webrcon: {password: "${SECRET}"}
    ready: {log: 'x$'}
    autostart: false
"#;
        let here = crate::inventory::Instance::clone(&read(text).unwrap().instances[0]);
        let hosted = here.hosted.clone().unwrap();
        assert_eq!(hosted.host.name, "box2");
        let shown = format!("{here:?}");
        assert!(!shown.contains("c\\nd"), "{shown}");
        let sent = crate::inventory::definitions([("a", &*hosted)]);
        let there = crate::inventory::parse_definitions(sent.as_bytes(), "/srv".as_ref());
        let (there, mistakes) = there.unwrap();
        assert!(mistakes.is_none());
        let mut here = here;
        here.hosted = None;
        assert_eq!(there.instances, [here.into()]);
    }

    #[test]
    fn an_owner_needs_no_host() {
        let text = "hosts: {far: {ssh: b}}\nowner: games\ninstances: {a: {}, b: {host: far}}";
        let hosts = |user: &str| -> Vec<Option<String>> {
            let seen = read(text).unwrap().seen_by(user);
            seen.instances.iter().map(|one| one.host().map(str::to_owned)).collect()
        };
        let far = || Some("far".to_owned());
        assert_eq!(hosts("games"), [None, far()]);
        assert_eq!(hosts("root"), [Some("games".to_owned()), far()]);
    }
}
