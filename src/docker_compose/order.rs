//! The order in which containers are stopped: one that needs another goes first.

use crate::containers::Container;

/// Puts containers into layers, each of which may be stopped at once. Containers
/// that need each other in a circle are one layer.
pub(super) fn layers<'a>(containers: &'a [&Container]) -> Vec<Vec<&'a Container>> {
    let mut left: Vec<&Container> = containers.to_vec();
    let mut layers = Vec::new();
    while !left.is_empty() {
        let needed = |one: &Container| {
            let mut others = left.iter().filter(|other| other.service() != one.service());
            others.any(|other| {
                other
                    .member
                    .depends_on
                    .iter()
                    .flatten()
                    .any(|name| name == one.service())
            })
        };
        let (later, now): (Vec<&Container>, Vec<&Container>) = left.iter().partition(|one| needed(one));
        if now.is_empty() {
            layers.push(later);
            break;
        }
        layers.push(now);
        left = later;
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::layers;
    use crate::containers;
    use crate::docker_compose::labels::COMPOSE;

    #[test]
    fn a_container_that_needs_another_goes_first() {
        let one = |service: &str, needs: &str| {
            format!(
                r#"{{"Id":"{service}","State":{{"Status":"running"}},"Config":{{"Labels":{{
                "com.docker.compose.project":"p","com.docker.compose.service":"{service}",
                "com.docker.compose.depends_on":"{needs}"}}}}}}"#
            )
        };
        for (stack, expected) in [
            (vec![("db", ""), ("game", "db:service_healthy:false")], "game|db"),
            (
                vec![("a", "b:x:y,c:x:y"), ("b", "c:x:y"), ("c", ""), ("d", "")],
                "a d|b|c",
            ),
            (vec![("a", "b:x:y"), ("b", "a:x:y"), ("c", "a:x:y")], "c|a b"),
            (vec![("a", "a:x:y")], "a"),
            (vec![], ""),
        ] {
            let texts: Vec<String> = stack.iter().map(|(service, needs)| one(service, needs)).collect();
            let containers = containers::parse(format!("[{}]", texts.join(",")).as_bytes(), &COMPOSE).unwrap();
            let containers: Vec<_> = containers.iter().collect();
            let layers: Vec<String> = layers(&containers)
                .iter()
                .map(|layer| layer.iter().map(|one| one.service()).collect::<Vec<_>>().join(" "))
                .collect();
            assert_eq!(layers.join("|"), expected);
        }
    }
}
