//! The `kubectl` section.

use serde_json::{Value, json};

use super::collector::Collector;
use super::free;
use super::section::Fields;
use crate::inventory::model::instance::Plane;
use crate::inventory::model::kubectl::{
    KubectlObject, KubectlPlace, KubectlSpec, PatchedResource, UpRule, WorkloadKind,
};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node};

/// The longest name of an object.
const NAME_MAX: usize = 253;

/// Kinds that have no pods, or are not told to have any.
const NO_GAMES: [(&str, &str); 6] = [
    ("pod", "give what makes it, such as `deployment/NAME`"),
    ("pods", "give what makes it, such as `deployment/NAME`"),
    ("job", "a job runs once; give its `cronjob/NAME`"),
    ("daemonset", "it has a pod on each node, and cannot be scaled"),
    ("ds", "it has a pod on each node, and cannot be scaled"),
    ("service", "give what its pods are made by, such as `deployment/NAME`"),
];

/// Reads the section. All of it is checked, even if it names nothing.
pub(crate) fn read(check: &mut Collector, _: &str, section: &Entry) -> Plane {
    let mut fields = check.section("`kubectl`", &keys::KUBECTL, &section.value);
    let place = place(&mut fields, section);
    let workload = fields.get("workload", target);
    let resource = fields.get("resource", target);
    let replicas = fields.number("replicas");
    let (start, stop) = (fields.get("start", free::read), fields.get("stop", free::read));
    let up = fields.entry("up").is_some().then(|| up(&mut fields)).flatten();
    let pods = fields.get("pods", selector);
    one_of(&mut fields, section);
    let (object, name) = match (workload, resource) {
        (_, Some((kind, name))) if fields.entry("workload").is_none() => {
            let resource = PatchedResource {
                kind,
                start: start.unwrap_or_else(|| json!({})),
                stop: stop.unwrap_or_else(|| json!({})),
                up,
                pods: pods.unwrap_or_default(),
            };
            of_resource(&mut fields, section, &resource);
            (KubectlObject::Resource(Box::new(resource)), name)
        }
        (workload, _) => {
            let (kind, name) = workload.unwrap_or_default();
            let kind = WorkloadKind::of_word(&kind);
            of_workload(&mut fields, &kind);
            (KubectlObject::Workload { kind, replicas, pods }, name)
        }
    };
    Plane::Kubectl(Box::new(KubectlSpec {
        place,
        object,
        name,
        container: fields.get("container", label),
        send: fields.get("send", Collector::words).unwrap_or_default(),
    }))
}

fn place(fields: &mut Fields, section: &Entry) -> KubectlPlace {
    let why = "one is given with every call, so that no other cluster is ever met";
    let message = "`kubectl` names no context";
    let hint = format!("add `context: NAME`, as `kubectl config get-contexts` shows it: {why}");
    fields.require("context", section.at, message, &hint);
    let message = "`kubectl` names no namespace";
    fields.require("namespace", section.at, message, "add `namespace: NAME`");
    KubectlPlace {
        context: fields.get("context", context).unwrap_or_default(),
        namespace: fields.get("namespace", label).unwrap_or_default(),
        kubeconfig: fields.get("kubeconfig", Collector::path),
    }
}

fn one_of(fields: &mut Fields, section: &Entry) {
    match (fields.entry("workload"), fields.entry("resource")) {
        (Some(workload), Some(resource)) => {
            fields
                .check
                .problem(resource.at, "there are both `workload` and `resource`")
                .hint("a workload is scaled, a resource is patched")
                .related(workload.at, "the other one");
        }
        (None, None) => {
            fields
                .check
                .problem(section.at, "`kubectl` names neither a workload nor a resource")
                .hint("add `workload: deployment/NAME`, or `statefulset/NAME`");
        }
        _ => {}
    }
}

fn of_workload(fields: &mut Fields, kind: &WorkloadKind) {
    for key in ["start", "stop", "up"] {
        if let Some(entry) = fields.entry(key) {
            let message = format!("a workload is scaled, and has no `{key}`");
            fields
                .check
                .problem(entry.at, message)
                .hint("name it by `resource` to have it patched");
        }
    }
    if let (WorkloadKind::CronJob, Some(entry)) = (kind, fields.entry("replicas")) {
        let message = "a cronjob is suspended, and has no `replicas`";
        fields.check.problem(entry.at, message);
    }
}

fn of_resource(fields: &mut Fields, section: &Entry, resource: &PatchedResource) {
    let at = fields.entry("resource").map_or(section.at, |entry| entry.at);
    for (key, hint) in [
        (
            "start",
            "add the merge patch that starts it: `start: { spec: { stop: false } }`",
        ),
        (
            "stop",
            "add the merge patch that stops it: `stop: { spec: { stop: true } }`",
        ),
        (
            "pods",
            "add the selector of its pods, `pods: app=NAME`: it is stopped when none is left",
        ),
    ] {
        fields.require(key, at, &format!("a resource needs `{key}`"), hint);
    }
    if let Some(entry) = fields.entry("replicas") {
        fields
            .check
            .problem(entry.at, "a resource is patched, and has no `replicas`");
    }
    if let Some(entry) = fields.entry("stop")
        && resource.start == resource.stop
        && resource.stop != Value::Object(serde_json::Map::new())
    {
        fields.check.problem(entry.at, "`start` and `stop` are the same");
    }
}

fn up(fields: &mut Fields) -> Option<UpRule> {
    let at = fields.entry("up")?.at;
    let mut fields = fields.section("up", &keys::UP);
    for key in ["path", "values"] {
        fields.require(
            key,
            at,
            &format!("`up` needs `{key}`"),
            "such as `{ path: .status.phase, values: [Running] }`",
        );
    }
    let path = fields.get("path", path);
    let values = fields.get("values", Collector::words);
    Some(UpRule {
        path: path?,
        values: values?,
    })
}

/// Reads `.status.phase`.
pub(super) fn path(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<String>> {
    let word = check.word(what, "a path such as `.status.phase`", node)?;
    let names: Vec<String> = word.trim_start_matches('.').split('.').map(str::to_owned).collect();
    let is_name = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    if !names.iter().all(is_name) {
        let message = format!("{what} is not the path of a field");
        check
            .problem(node.span, message)
            .hint("names with dots between them, such as `.status.phase`");
        return None;
    }
    Some(names)
}

/// Reads `KIND/NAME`.
fn target(check: &mut Collector, what: &str, node: &Node) -> Option<(String, String)> {
    let word = check.word(what, "`KIND/NAME`", node)?;
    let is_kind = |kind: &str| {
        let is_inside = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        kind.bytes().all(is_inside) && kind.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
    };
    let Some((kind, name)) = word
        .split_once('/')
        .filter(|(kind, name)| is_kind(kind) && is_name(name))
    else {
        let message = format!("{what} is not `KIND/NAME`");
        check.problem(node.span, message).hint("such as `deployment/lobby`");
        return None;
    };
    if let Some((_, hint)) = NO_GAMES.iter().find(|(other, _)| kind.eq_ignore_ascii_case(other)) {
        let message = format!("a {kind} cannot be started and stopped");
        check.problem(node.span, message).hint(*hint);
        return None;
    }
    Some((kind.to_owned(), name.to_owned()))
}

fn is_name(name: &str) -> bool {
    let is_alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().last()];
    name.len() <= NAME_MAX
        && ends.into_iter().all(|b| b.is_some_and(is_alnum))
        && name.bytes().all(|b| is_alnum(b) || b == b'-' || b == b'.')
}

fn label(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "a name", node)?;
    if !is_name(&word) || word.contains('.') {
        let message = format!("{what} is not a name that Kubernetes takes");
        check
            .problem(node.span, message)
            .hint("lower-case letters, digits and `-`");
        return None;
    }
    Some(word.into_owned())
}

fn context(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "the name of a context", node)?;
    if word.is_empty() || word.contains(char::is_control) {
        check.problem(node.span, format!("{what} is not the name of a context"));
        return None;
    }
    Some(word.into_owned())
}

fn selector(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "a selector such as `app=lobby`", node)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=!,() ".contains(c);
    let mut parts = word.split(',');
    let is_part =
        |part: &str| !part.trim().is_empty() && (part.contains(['=', '(', ')']) || !part.trim().contains(' '));
    if !word.chars().all(is_plain) || !parts.all(is_part) {
        check
            .problem(node.span, format!("{what} is not a selector"))
            .hint("labels as kubectl takes them: `app=lobby,tier!=db`");
        return None;
    }
    Some(word.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::parse;

    fn read(entry: &str) -> Result<KubectlSpec, String> {
        let text = format!("instances: {{a: {{{entry}}}}}");
        match parse(text.as_bytes(), "", "/i".as_ref(), &|_| None) {
            Ok(inventory) => match inventory.instances.first().map(|one| one.plane.clone()) {
                Some(Plane::Kubectl(spec)) => Ok(*spec),
                other => panic!("{other:?}"),
            },
            Err(mut problems) => Err(problems.list.swap_remove(0).message),
        }
    }

    fn section(more: &str) -> Result<KubectlSpec, String> {
        read(&format!("kubectl: {{context: prod, namespace: games, {more}}}"))
    }

    #[test]
    fn workloads_by_kind_and_name() {
        let kind = |word: &str| match section(&format!("workload: {word}/x")).unwrap().object {
            KubectlObject::Workload { kind, .. } => kind,
            KubectlObject::Resource(_) => panic!("it is no resource"),
        };
        assert_eq!(kind("deployment"), WorkloadKind::Deployment);
        assert_eq!(kind("sts"), WorkloadKind::StatefulSet);
        assert_eq!(kind("cronjob"), WorkloadKind::CronJob);
        assert_eq!(kind("fleet"), WorkloadKind::Fleet);
        assert_eq!(
            kind("rollout.argoproj.io"),
            WorkloadKind::Other("rollout.argoproj.io".to_owned())
        );
        let spec = section("workload: deployment/lobby, replicas: 2, kubeconfig: k3s.yaml, send: [rcon-cli]").unwrap();
        assert_eq!(
            (spec.to_string().as_str(), spec.resource()),
            ("deployment/lobby", "deployments.apps")
        );
        assert_eq!(spec.place.kubeconfig, Some("/i/k3s.yaml".into()));
    }

    /// Numbers and flags of a patch keep their types, quoted ones and versions are texts.
    #[test]
    fn patches_are_passed_on_as_they_are_written() {
        let patches = "start: {spec: {stop: false, n: 3, t: '3', v: 1.10, l: [a, null]}}, stop: {spec: {stop: true}}";
        let spec = section(&format!("resource: battlegroup/x, pods: app=x, {patches}")).unwrap();
        let KubectlObject::Resource(resource) = spec.object else {
            panic!("it is a resource")
        };
        let wanted = json!({ "spec": { "stop": false, "n": 3, "t": "3", "v": "1.10", "l": ["a", null] } });
        assert_eq!(resource.start, wanted);
        assert_eq!(resource.up, None);
    }

    #[test]
    fn a_preset_knows_the_patches_of_its_resource() {
        let place = "context: dune, namespace: n, resource: battlegroup/x, pods: app=x";
        let spec = read(&format!(
            "game: dune-battlegroup, kubectl: {{{place}, start: {{spec: {{stop: no}}}}}}"
        ))
        .unwrap();
        let KubectlObject::Resource(resource) = spec.object else {
            panic!("it is a resource")
        };
        assert_eq!(
            resource.start,
            json!({ "spec": { "stop": "no" } }),
            "what is written wins"
        );
        assert_eq!(resource.stop, json!({ "spec": { "stop": true } }));
        assert_eq!(resource.up.unwrap().path, ["status", "phase"]);
        assert_eq!(spec.name, "x", "its own place is only an example");
    }

    #[test]
    fn what_is_missing_or_makes_no_sense_is_refused() {
        let patches = "start: {a: 1}, stop: {a: 2}";
        for (more, wanted) in [
            ("", "`kubectl` names neither a workload nor a resource"),
            ("workload: lobby", "`workload` is not `KIND/NAME`"),
            ("workload: deployment/Lobby", "`workload` is not `KIND/NAME`"),
            ("workload: pod/x", "a pod cannot be started and stopped"),
            ("workload: daemonset/x", "a daemonset cannot be started and stopped"),
            (
                "workload: cronjob/x, replicas: 2",
                "a cronjob is suspended, and has no `replicas`",
            ),
            (
                "workload: deployment/x, start: {a: 1}",
                "a workload is scaled, and has no `start`",
            ),
            (
                "workload: deployment/x, resource: a/x",
                "there are both `workload` and `resource`",
            ),
            ("resource: a/x, pods: app=x", "a resource needs `start`"),
            (&format!("resource: a/x, {patches}"), "a resource needs `pods`"),
            (
                &format!("resource: a/x, pods: 'a b', {patches}"),
                "`pods` is not a selector",
            ),
            (
                "resource: a/x, pods: app=x, start: {a: 1}, stop: {a: 1}",
                "`start` and `stop` are the same",
            ),
            (
                "resource: a/x, pods: app=x, start: {a: 1}, stop: yes",
                "`stop` must be a mapping, but this is a single value",
            ),
            (
                &format!("resource: a/x, pods: app=x, {patches}, up: {{path: '$.x', values: [a]}}"),
                "`path` is not the path of a field",
            ),
        ] {
            assert_eq!(section(more).unwrap_err(), wanted, "{more}");
        }
        assert_eq!(
            read("kubectl: {namespace: n, workload: deployment/x}").unwrap_err(),
            "`kubectl` names no context"
        );
        assert_eq!(
            read("kubectl: {context: c, workload: deployment/x}").unwrap_err(),
            "`kubectl` names no namespace"
        );
        let signal = "kubectl: {context: c, namespace: n, workload: deployment/x}, stop: [{signal: INT}]";
        assert_eq!(
            read(signal).unwrap_err(),
            "`stop.signal` means nothing on the plane `kubectl`"
        );
    }
}
