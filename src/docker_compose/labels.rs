//! The labels that compose puts on its containers.

use crate::containers::{GroupMember, Grouping, Labels};

pub(super) const COMPOSE: Grouping = Grouping {
    label: "com.docker.compose.project",
    member,
};

fn member(labels: &Labels) -> Option<GroupMember> {
    let label = |name: &str| labels.get(&format!("com.docker.compose.{name}")).map(String::as_str);
    // `db:service_healthy:false,init:service_started:true`
    let needed = |needs: &str| {
        let names = needs.split(',').filter_map(|need| need.split(':').next());
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    Some(GroupMember {
        group: label("project")?.to_owned(),
        service: label("service")?.to_owned(),
        // `compose run` made it.
        oneoff: label("oneoff").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        // The first generation of compose has no such label.
        depends_on: label("depends_on").map(needed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    use crate::containers::{Container, ContainerHealth, ContainerStatus, parse};

    /// Output of engine 20.10 for one stack, brought up by each generation.
    const RECORDED: [(&str, &str, bool); 2] = [
        ("1.29", include_str!("../containers/recorded/inspect-1.29.json"), false),
        ("2.26", include_str!("../containers/recorded/inspect-2.26.json"), true),
    ];

    #[test]
    fn the_containers_of_each_generation_of_compose() {
        for (version, text, knows_order) in RECORDED {
            let mut all = parse(text.as_bytes(), &COMPOSE).unwrap();
            all.sort_by(|a, b| a.service().cmp(b.service()));
            let of = |one: &Container| (one.service().to_owned(), one.status, one.exit_code, one.grace);
            let seen: Vec<_> = all.iter().map(of).collect();
            let wanted = [
                ("db".to_owned(), ContainerStatus::Running, 0, 30),
                ("game".to_owned(), ContainerStatus::Exited, 3, 10),
                ("init".to_owned(), ContainerStatus::Exited, 0, 10),
            ];
            assert_eq!(seen, wanted, "{version}");
            assert!(
                all.iter()
                    .all(|one| one.member.group.starts_with("rec") && !one.member.oneoff)
            );
            assert!(
                all.iter().all(|one| one.member.depends_on.is_some() == knows_order),
                "{version}"
            );
            let (db, game) = (&all[0], &all[1]);
            assert_eq!(
                (db.health, game.health),
                (ContainerHealth::Healthy, ContainerHealth::None)
            );
            let needs = game.member.depends_on.as_ref().is_some_and(|needs| !needs.is_empty());
            assert_eq!(needs, knows_order, "{version}");
            assert!(db.is_alive() && !game.is_alive());
            assert!(game.finished >= game.started && game.started > Some(SystemTime::UNIX_EPOCH));
        }
    }

    #[test]
    fn words_that_are_not_known_are_no_error() {
        let odd = r#"[{"Id":"a","State":{"Status":"dreaming","Health":{"Status":"so-so"}},
            "Config":{"Labels":{"com.docker.compose.project":"p","com.docker.compose.service":"s"}}},
            {"Id":"b","State":{"Status":"running"},"Config":{"Labels":null}}]"#;
        let all = parse(odd.as_bytes(), &COMPOSE).unwrap();
        assert_eq!(all.len(), 1, "a container of no project is left out");
        assert_eq!(
            (all[0].status, all[0].health),
            (ContainerStatus::Other, ContainerHealth::None)
        );
        assert!(all[0].is_alive(), "it may be");
        for text in ["", "{}", "[{}]", "null", r#"[{"Id":1}]"#] {
            assert!(parse(text.as_bytes(), &COMPOSE).is_err(), "{text}");
        }
    }
}
