//! The findings of `check`.

use super::seen;
use crate::finding::Finding;

#[test]
fn what_a_check_finds() {
    let findings = [
        Finding::ok("disk", "41 GiB are free in /srv"),
        Finding::warning("user", "it runs as root: a hole in the game is a hole in the host")
            .hint("make a user for it, and name that in `user:`")
            .of("rust-main"),
        Finding::error("ports", "28015/udp is taken by rust-test as well")
            .hint("give one of them another port")
            .of("rust-main"),
    ];
    insta::assert_snapshot!(seen(|screen| screen.findings(&findings)), @r"
    --- 120 columns, off a terminal
    ok      disk: 41 GiB are free in /srv
    warning rust-main: user: it runs as root: a hole in the game is a hole in the host
            hint: make a user for it, and name that in `user:`
    error   rust-main: ports: 28015/udp is taken by rust-test as well
            hint: give one of them another port

    1 ok, 1 warning, 1 error
    --- 120 columns in colour
    ␛[32mok     ␛[0m disk: 41 GiB are free in /srv
    ␛[1;33mwarning␛[0m rust-main: user: it runs as root: a hole in the game is a hole in the host
            ␛[36mhint:␛[0m make a user for it, and name that in `user:`
    ␛[1;31merror  ␛[0m rust-main: ports: 28015/udp is taken by rust-test as well
            ␛[36mhint:␛[0m give one of them another port

    1 ok, 1 warning, 1 error
    --- 80 columns
    ok      disk: 41 GiB are free in /srv
    warning rust-main: user: it runs as root: a hole in the game is a hole in the
            host
            hint: make a user for it, and name that in `user:`
    error   rust-main: ports: 28015/udp is taken by rust-test as well
            hint: give one of them another port

    1 ok, 1 warning, 1 error
    --- 80 columns in colour
    ␛[32mok     ␛[0m disk: 41 GiB are free in /srv
    ␛[1;33mwarning␛[0m rust-main: user: it runs as root: a hole in the game is a hole in the
            host
            ␛[36mhint:␛[0m make a user for it, and name that in `user:`
    ␛[1;31merror  ␛[0m rust-main: ports: 28015/udp is taken by rust-test as well
            ␛[36mhint:␛[0m give one of them another port

    1 ok, 1 warning, 1 error
    --- 40 columns
    ok      disk: 41 GiB are free in /srv
    warning rust-main: user: it runs as
            root: a hole in the game is a
            hole in the host
            hint: make a user for it, and
                  name that in `user:`
    error   rust-main: ports: 28015/udp is
            taken by rust-test as well
            hint: give one of them another
                  port

    1 ok, 1 warning, 1 error
    ");
}

#[test]
fn findings_of_several_instances_are_shown_once() {
    let root = |id: &str| {
        Finding::warning("user", "it runs as root: a hole in the game is a hole in the host")
            .hint("make a user for it, and name that in `user:`")
            .of(id)
    };
    let ids = [
        "rust-main",
        "rust-test",
        "conan",
        "valheim",
        "a-long-name-of-a-server",
        "soulmask",
    ];
    let mut findings = vec![Finding::ok("disk", "41 GiB are free in /srv")];
    for id in ids {
        findings.push(root(id));
        findings.push(Finding::ok("executable", format!("/srv/{id}/server")).of(id));
    }
    insta::assert_snapshot!(seen(|screen| screen.findings(&findings)), @r"
    --- 120 columns, off a terminal
    ok      disk: 41 GiB are free in /srv
    warning user: it runs as root: a hole in the game is a hole in the host
            for: rust-main, rust-test, conan, valheim, a-long-name-of-a-server, soulmask
            hint: make a user for it, and name that in `user:`
    ok      rust-main: executable: /srv/rust-main/server
    ok      rust-test: executable: /srv/rust-test/server
    ok      conan: executable: /srv/conan/server
    ok      valheim: executable: /srv/valheim/server
    ok      a-long-name-of-a-server: executable: /srv/a-long-name-of-a-server/server
    ok      soulmask: executable: /srv/soulmask/server

    7 ok, 1 warning, 0 errors
    --- 120 columns in colour
    ␛[32mok     ␛[0m disk: 41 GiB are free in /srv
    ␛[1;33mwarning␛[0m user: it runs as root: a hole in the game is a hole in the host
            ␛[2mfor:␛[0m rust-main, rust-test, conan, valheim, a-long-name-of-a-server, soulmask
            ␛[36mhint:␛[0m make a user for it, and name that in `user:`
    ␛[32mok     ␛[0m rust-main: executable: /srv/rust-main/server
    ␛[32mok     ␛[0m rust-test: executable: /srv/rust-test/server
    ␛[32mok     ␛[0m conan: executable: /srv/conan/server
    ␛[32mok     ␛[0m valheim: executable: /srv/valheim/server
    ␛[32mok     ␛[0m a-long-name-of-a-server: executable: /srv/a-long-name-of-a-server/server
    ␛[32mok     ␛[0m soulmask: executable: /srv/soulmask/server

    7 ok, 1 warning, 0 errors
    --- 80 columns
    ok      disk: 41 GiB are free in /srv
    warning user: it runs as root: a hole in the game is a hole in the host
            for: rust-main, rust-test, conan, valheim, a-long-name-of-a-server,
                 soulmask
            hint: make a user for it, and name that in `user:`
    ok      rust-main: executable: /srv/rust-main/server
    ok      rust-test: executable: /srv/rust-test/server
    ok      conan: executable: /srv/conan/server
    ok      valheim: executable: /srv/valheim/server
    ok      a-long-name-of-a-server: executable: /srv/a-long-name-of-a-server/server
    ok      soulmask: executable: /srv/soulmask/server

    7 ok, 1 warning, 0 errors
    --- 80 columns in colour
    ␛[32mok     ␛[0m disk: 41 GiB are free in /srv
    ␛[1;33mwarning␛[0m user: it runs as root: a hole in the game is a hole in the host
            ␛[2mfor:␛[0m rust-main, rust-test, conan, valheim, a-long-name-of-a-server,
                 soulmask
            ␛[36mhint:␛[0m make a user for it, and name that in `user:`
    ␛[32mok     ␛[0m rust-main: executable: /srv/rust-main/server
    ␛[32mok     ␛[0m rust-test: executable: /srv/rust-test/server
    ␛[32mok     ␛[0m conan: executable: /srv/conan/server
    ␛[32mok     ␛[0m valheim: executable: /srv/valheim/server
    ␛[32mok     ␛[0m a-long-name-of-a-server: executable: /srv/a-long-name-of-a-server/server
    ␛[32mok     ␛[0m soulmask: executable: /srv/soulmask/server

    7 ok, 1 warning, 0 errors
    --- 40 columns
    ok      disk: 41 GiB are free in /srv
    warning user: it runs as root: a hole in
            the game is a hole in the host
            for: rust-main, rust-test,
                 conan, valheim,
                 a-long-name-of-a-server,
                 soulmask
            hint: make a user for it, and
                  name that in `user:`
    ok      rust-main: executable:
            /srv/rust-main/server
    ok      rust-test: executable:
            /srv/rust-test/server
    ok      conan: executable:
            /srv/conan/server
    ok      valheim: executable:
            /srv/valheim/server
    ok      a-long-name-of-a-server:
            executable:
            /srv/a-long-name-of-a-server/server
    ok      soulmask: executable:
            /srv/soulmask/server

    7 ok, 1 warning, 0 errors
    ");
}

#[test]
fn nothing_to_check() {
    let empty = Finding::warning("inventory", "it is valid, and empty").hint("`gamectl games rust` prints an instance");
    insta::assert_snapshot!(seen(|screen| screen.findings(std::slice::from_ref(&empty))), @r"
    --- 120 columns, 80 columns, off a terminal
    warning inventory: it is valid, and empty
            hint: `gamectl games rust` prints an instance

    0 ok, 1 warning, 0 errors
    --- 120 columns in colour, 80 columns in colour
    ␛[1;33mwarning␛[0m inventory: it is valid, and empty
            ␛[36mhint:␛[0m `gamectl games rust` prints an instance

    0 ok, 1 warning, 0 errors
    --- 40 columns
    warning inventory: it is valid, and
            empty
            hint: `gamectl games rust`
                  prints an instance

    0 ok, 1 warning, 0 errors
    ");
}

#[test]
fn other_hosts() {
    let findings = [
        Finding::ok("way", "reached by `ssh games@box2`, in 231 ms").on("box2"),
        Finding::warning("clock", "it is 93 seconds behind this one")
            .hint("set the one that is wrong")
            .on("box2"),
        Finding::error("ports", "28015/udp is taken").of("eu-1").on("box2"),
        Finding::error("way", "it cannot be reached: Connection refused")
            .hint("`ssh games@box3` shows more")
            .on("box3"),
    ];
    insta::assert_snapshot!(seen(|screen| screen.findings(&findings)), @r"
    --- 120 columns, 80 columns, off a terminal
    ok      box2: way: reached by `ssh games@box2`, in 231 ms
    warning box2: clock: it is 93 seconds behind this one
            hint: set the one that is wrong
    error   eu-1 on box2: ports: 28015/udp is taken
    error   box3: way: it cannot be reached: Connection refused
            hint: `ssh games@box3` shows more

    1 ok, 1 warning, 2 errors
    --- 120 columns in colour, 80 columns in colour
    ␛[32mok     ␛[0m box2: way: reached by `ssh games@box2`, in 231 ms
    ␛[1;33mwarning␛[0m box2: clock: it is 93 seconds behind this one
            ␛[36mhint:␛[0m set the one that is wrong
    ␛[1;31merror  ␛[0m eu-1 on box2: ports: 28015/udp is taken
    ␛[1;31merror  ␛[0m box3: way: it cannot be reached: Connection refused
            ␛[36mhint:␛[0m `ssh games@box3` shows more

    1 ok, 1 warning, 2 errors
    --- 40 columns
    ok      box2: way: reached by
            `ssh games@box2`, in 231 ms
    warning box2: clock: it is 93 seconds
            behind this one
            hint: set the one that is wrong
    error   eu-1 on box2: ports: 28015/udp
            is taken
    error   box3: way: it cannot be reached:
            Connection refused
            hint: `ssh games@box3` shows
                  more

    1 ok, 1 warning, 2 errors
    ");
}
