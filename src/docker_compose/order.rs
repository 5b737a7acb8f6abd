//! In which order containers are stopped: whoever needs another goes first.

use super::container::Container;

/// The containers in layers; all of one layer may be stopped at once. Where
/// they need each other in a circle, what is left goes together.
pub(super) fn layers<'a>(containers: &'a [&Container]) -> Vec<Vec<&'a Container>> {
    let mut left: Vec<&Container> = containers.to_vec();
    let mut layers = Vec::new();
    while !left.is_empty() {
        let needed = |one: &Container| {
            let others = left.iter().filter(|other| other.service != one.service);
            others.into_iter().any(|other| other.depends_on.contains(&one.service))
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
    use super::super::container;
    use super::layers;

    #[test]
    fn whoever_needs_another_goes_first() {
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
            let containers = container::parse(format!("[{}]", texts.join(",")).as_bytes()).unwrap();
            let containers: Vec<_> = containers.iter().collect();
            let layers: Vec<String> = layers(&containers)
                .iter()
                .map(|layer| {
                    layer
                        .iter()
                        .map(|one| one.service.as_str())
                        .collect::<Vec<_>>()
                        .join(" ")
                })
                .collect();
            assert_eq!(layers.join("|"), expected);
        }
    }
}
