//! What `check` found.

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
