//! A compose file, whose stack is one instance.

use super::draft::{Draft, DraftSection, DraftValue, shortened};
use super::file::ImportFile;
use super::filled::Filled;
use super::options::ImportOptions;
use super::tree::{Branch, TreeText};
use crate::inventory::Problems;

/// Returns true where a tree is a compose file.
pub(super) fn is_compose(root: Branch<'_>) -> bool {
    root.get("services").is_some_and(Branch::is_mapping)
}

/// Reads a compose file.
///
/// # Errors
/// When it has no services.
pub(super) fn read(file: &ImportFile, options: &ImportOptions) -> Result<Draft, Problems> {
    TreeText::new(file).read(|root| {
        if !is_compose(root) {
            return Err(file.whole("it has no `services`", "a compose file has a mapping of them"));
        }
        Ok(draft(root, file, options))
    })
}

fn draft(root: Branch<'_>, file: &ImportFile, options: &ImportOptions) -> Draft {
    let services = root.get("services");
    let named = || services.into_iter().flat_map(Branch::entries);
    let names: Vec<&str> = named().map(|(name, _)| name).take(50).collect();
    let folder = file
        .name()
        .rsplit('/')
        .nth(1)
        .filter(|folder| !matches!(*folder, "." | ".."));
    let name = root
        .text_of("name")
        .or(folder)
        .or(names.first().copied())
        .unwrap_or("stack");
    let about = format!("{}: from {}, a compose file.", shortened(name, 60), file.base_name());
    let mut draft = Draft::new(name, about).called(options.id.as_deref());
    let mut stack = DraftSection::default();
    let path = match (&options.folder, file.name()) {
        (Some(folder), name) if !name.starts_with('/') => {
            format!("{}/{}", folder.trim_end_matches('/'), file.base_name())
        }
        (_, "<stdin>") => "./compose.yaml".to_owned(),
        (_, name) => name.to_owned(),
    };
    stack.text("file", Filled::text(path), "the file itself");
    if let Some(project) = root.get("name") {
        let text = project.text().unwrap_or_default();
        stack.text("project", Filled::text(text), format!("name, line {}", project.line()));
    }
    draft.keys().put("docker_compose", DraftValue::Section(stack), "");
    let mut ports = DraftSection::default();
    for (name, service) in named() {
        for port in service.get("ports").into_iter().flat_map(Branch::items).take(100) {
            published(name, port, &mut ports);
        }
    }
    if !ports.is_empty() {
        draft.keys().put("ports", DraftValue::Section(ports), "");
    }
    draft.remark(format!(
        "all of its services are the instance ({}): `services: [...]` names those that must run",
        shortened(&names.join(", "), 300)
    ));
    if root.get("name").is_none() {
        draft.remark("the file has no `name`, and so the project is the id: write `project: ...` if its containers are known by another");
    }
    let without_health = named().filter(|(_, service)| service.get("healthcheck").is_none());
    let without_health: Vec<&str> = without_health.map(|(name, _)| name).collect();
    if !without_health.is_empty() {
        draft.remark(format!(
            "without a healthcheck a service is ready as it runs: {}",
            shortened(&without_health.join(", "), 300)
        ));
    }
    if !file.name().starts_with('/') && options.folder.is_none() {
        draft.remark("the path of the file begins at the folder of the inventory");
    }
    draft
}

/// Adds a port that a service publishes on the host.
fn published(service: &str, port: Branch<'_>, ports: &mut DraftSection) {
    let (number, protocol) = match port.text() {
        Some(text) => {
            let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            let mut parts = text.rsplit(':');
            let (Some(_), Some(host)) = (parts.next(), parts.next()) else {
                return;
            };
            (host.to_owned(), protocol)
        }
        None => {
            let Some(host) = port.text_of("published") else { return };
            (host.to_owned(), port.text_of("protocol").unwrap_or("tcp"))
        }
    };
    let Some(number) = number.parse::<u16>().ok().filter(|number| *number > 0) else {
        return;
    };
    if !matches!(protocol, "tcp" | "udp") {
        return;
    }
    let base: String = service.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("{base}_{number}_{protocol}");
    ports.plain(
        &name,
        format!("{number}/{protocol}"),
        format!("services.{service}.ports, line {}", port.line()),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_one_instance() {
        let text = "services:\n  game:\n    image: castle\n    ports:\n      - '7000:7000/udp'\n      - 127.0.0.1:7010:7010\n      \
                    - '9'\n      - { target: 1, published: 7020, protocol: udp }\n    healthcheck: { test: [CMD, a] }\n  db: { image: db }\n";
        let file = ImportFile::new("/srv/castle/compose.yaml", text.as_bytes()).unwrap();
        let out = read(&file, &ImportOptions::default())
            .unwrap()
            .loadable()
            .unwrap()
            .to_instance();
        for part in [
            "  castle:\n    docker_compose:\n      file: \"/srv/castle/compose.yaml\"",
            "game_7000_udp: 7000/udp # services.game.ports, line 5",
            "game_7010_tcp: 7010/tcp",
            "game_7020_udp: 7020/udp",
            "(game, db)",
            "as it runs: db",
            "the project is the id",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        let file = ImportFile::new("x.yaml", b"a: b").unwrap();
        assert!(read(&file, &ImportOptions::default()).is_err());
    }
}
