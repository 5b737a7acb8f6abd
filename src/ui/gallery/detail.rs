//! One instance in detail.

use std::time::{Duration, SystemTime};

use super::status::running;
use super::{on_columns, options};
use crate::event::{PlayerCount, Row};
use crate::invocation::command;
use crate::report::InstanceReport;
use crate::supervisor::{InstanceState, LastExit, Observation, Players, TreeProcess, Usage};
use crate::ui::detail::render;
use crate::ui::testing::{both_on_terminal, row};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

pub(super) fn bare(row: Row) -> InstanceReport {
    InstanceReport {
        row,
        processes: Ok(None),
        crashes: Vec::new(),
        needs: Vec::new(),
        needed_by: Vec::new(),
        next: Ok(None),
        log: Ok(Vec::new()),
        commands: Vec::new(),
    }
}

/// Returns the report on terminals of both widths, plain and coloured.
fn shown(report: &InstanceReport) -> String {
    let mut all = String::new();
    for columns in [120, 80] {
        for color in [false, true] {
            let look = both_on_terminal(options(color), columns).screen.out_look();
            let text = render(report, at(300_000), look).replace('\u{1b}', "␛");
            all.push_str(&format!("--- {}\n{text}", on_columns(columns, color)));
        }
    }
    all
}

#[test]
fn all_that_can_be_known() {
    let mut known = running("rust-main", 273_600, 4242);
    known.player_count = PlayerCount::Counted(Players {
        online: 87,
        max: Some(200),
    });
    known.usage = Some(Usage {
        cpu_percent: Some(187.5),
        memory_bytes: Some(9_876_543_210),
        tasks: Some(87),
        read_bytes: Some(123_456_789),
        written_bytes: Some(4_567),
        ..Usage::default()
    });
    if let Observation::Known(facts) = &mut known.observation {
        facts.since = Some(at(26_400));
        facts.restarts = 2;
        facts.note = Some("started from another entry: restart applies it".into());
        facts.last_exit = Some(LastExit {
            code: None,
            signal: Some("SIGSEGV".into()),
            at: Some(at(26_300)),
            requested: false,
            oom_killed: false,
        });
    }
    let process = |pid, parent, name: &str, ports: &[&str]| TreeProcess {
        pid,
        parent,
        name: name.into(),
        ports: ports.iter().map(|port| (*port).to_owned()).collect(),
    };
    let report = InstanceReport {
        processes: Ok(Some(vec![
            process(4242, 4241, "start.sh", &[]),
            process(4243, 4242, "RustDedicated", &["0.0.0.0:28015/udp", "127.0.0.1:28016/tcp"]),
        ])),
        crashes: vec![at(10_000), at(26_300)],
        needs: vec![("db".into(), "running")],
        next: Ok(Some(("Tue 2027-01-19 05:00 UTC".into(), "restart, with warnings".into()))),
        needed_by: vec![("web".into(), "crashed"), ("bot".into(), "running")],
        log: Ok(b"Loading \x1b[31mworld\x1b[0m\nServer startup complete, and then a line that is longer than a terminal is wide, by some words\n".to_vec()),
        ..bare(known)
    };
    insta::assert_snapshot!(shown(&report), @r"
    --- 120 columns
    ● rust-main: running for 3d 4h, since 2027-01-15T15:20:00Z
    note       started from another entry: restart applies it
    plane      process
    pid        4242
    processes  4242 start.sh
                 4243 RustDedicated, listens on 0.0.0.0:28015/udp, 127.0.0.1:28016/tcp
    usage      CPU 187.5%, memory 9.2G, 87 tasks, disk 118M read, 4.5K written
    players    87 of 200
    restarts   2; crashed 2027-01-15T15:18:20Z, 2027-01-15T10:46:40Z
    last exit  killed by SIGSEGV at 2027-01-15T15:18:20Z
    next       restart, with warnings, at Tue 2027-01-19 05:00 UTC
    needs      db (running)
    needed by  web (crashed), bot (running)

    Loading world
    Server startup complete, and then a line that is longer than a terminal is wide, by some words
    --- 120 columns in colour
    ␛[32m●␛[0m ␛[1mrust-main␛[0m: ␛[32mrunning␛[0m for 3d 4h, since 2027-01-15T15:20:00Z
    ␛[2mnote       ␛[0mstarted from another entry: restart applies it
    ␛[2mplane      ␛[0mprocess
    ␛[2mpid        ␛[0m4242
    ␛[2mprocesses  ␛[0m4242 start.sh
    ␛[2m           ␛[0m  4243 RustDedicated, listens on 0.0.0.0:28015/udp, 127.0.0.1:28016/tcp
    ␛[2musage      ␛[0mCPU 187.5%, memory 9.2G, 87 tasks, disk 118M read, 4.5K written
    ␛[2mplayers    ␛[0m87 of 200
    ␛[2mrestarts   ␛[0m2; crashed 2027-01-15T15:18:20Z, 2027-01-15T10:46:40Z
    ␛[2mlast exit  ␛[0mkilled by SIGSEGV at 2027-01-15T15:18:20Z
    ␛[2mnext       ␛[0mrestart, with warnings, at Tue 2027-01-19 05:00 UTC
    ␛[2mneeds      ␛[0mdb (running)
    ␛[2mneeded by  ␛[0mweb (crashed), bot (running)

    Loading world
    Server startup complete, and then a line that is longer than a terminal is wide, by some words
    --- 80 columns
    ● rust-main: running for 3d 4h, since 2027-01-15T15:20:00Z
    note       started from another entry: restart applies it
    plane      process
    pid        4242
    processes  4242 start.sh
                 4243 RustDedicated, listens on 0.0.0.0:28015/udp,
               127.0.0.1:28016/tcp
    usage      CPU 187.5%, memory 9.2G, 87 tasks, disk 118M read, 4.5K written
    players    87 of 200
    restarts   2; crashed 2027-01-15T15:18:20Z, 2027-01-15T10:46:40Z
    last exit  killed by SIGSEGV at 2027-01-15T15:18:20Z
    next       restart, with warnings, at Tue 2027-01-19 05:00 UTC
    needs      db (running)
    needed by  web (crashed), bot (running)

    Loading world
    Server startup complete, and then a line that is longer than a terminal is wide…
    --- 80 columns in colour
    ␛[32m●␛[0m ␛[1mrust-main␛[0m: ␛[32mrunning␛[0m for 3d 4h, since 2027-01-15T15:20:00Z
    ␛[2mnote       ␛[0mstarted from another entry: restart applies it
    ␛[2mplane      ␛[0mprocess
    ␛[2mpid        ␛[0m4242
    ␛[2mprocesses  ␛[0m4242 start.sh
    ␛[2m           ␛[0m  4243 RustDedicated, listens on 0.0.0.0:28015/udp,
               127.0.0.1:28016/tcp
    ␛[2musage      ␛[0mCPU 187.5%, memory 9.2G, 87 tasks, disk 118M read, 4.5K written
    ␛[2mplayers    ␛[0m87 of 200
    ␛[2mrestarts   ␛[0m2; crashed 2027-01-15T15:18:20Z, 2027-01-15T10:46:40Z
    ␛[2mlast exit  ␛[0mkilled by SIGSEGV at 2027-01-15T15:18:20Z
    ␛[2mnext       ␛[0mrestart, with warnings, at Tue 2027-01-19 05:00 UTC
    ␛[2mneeds      ␛[0mdb (running)
    ␛[2mneeded by  ␛[0mweb (crashed), bot (running)

    Loading world
    Server startup complete, and then a line that is longer than a terminal is wide…
    ");
}

#[test]
fn what_cannot_be_known_says_so() {
    let crashed = row("conan", InstanceState::Crashed { exit_code: Some(3) }, |facts| {
        facts.since = Some(at(299_000));
        facts.note = Some("exit code 3 before it was ready".into());
    });
    let report = InstanceReport {
        processes: Err("/proc cannot be read: Permission denied".into()),
        log: Err("that took more than 5 s".into()),
        commands: vec![command("logs -t conan"), command("start conan")],
        ..bare(Row {
            player_count: PlayerCount::Unanswered,
            ..crashed
        })
    };
    insta::assert_snapshot!(shown(&report), @r"
    --- 120 columns
    ✗ conan: crashed for 16m 40s, since 2027-01-18T19:03:20Z
    note       exit code 3 before it was ready
    plane      process
    processes  not known: /proc cannot be read: Permission denied
    players    not known
    log        not known: that took more than 5 s

    try        `gamectl logs -t conan`, `gamectl start conan`
    --- 120 columns in colour
    ␛[31m✗␛[0m ␛[1mconan␛[0m: ␛[31mcrashed␛[0m for 16m 40s, since 2027-01-18T19:03:20Z
    ␛[2mnote       ␛[0mexit code 3 before it was ready
    ␛[2mplane      ␛[0mprocess
    ␛[2mprocesses  ␛[0mnot known: /proc cannot be read: Permission denied
    ␛[2mplayers    ␛[0mnot known
    log        not known: that took more than 5 s

    ␛[36mtry        `gamectl logs -t conan`, `gamectl start conan`␛[0m
    --- 80 columns
    ✗ conan: crashed for 16m 40s, since 2027-01-18T19:03:20Z
    note       exit code 3 before it was ready
    plane      process
    processes  not known: /proc cannot be read: Permission denied
    players    not known
    log        not known: that took more than 5 s

    try        `gamectl logs -t conan`, `gamectl start conan`
    --- 80 columns in colour
    ␛[31m✗␛[0m ␛[1mconan␛[0m: ␛[31mcrashed␛[0m for 16m 40s, since 2027-01-18T19:03:20Z
    ␛[2mnote       ␛[0mexit code 3 before it was ready
    ␛[2mplane      ␛[0mprocess
    ␛[2mprocesses  ␛[0mnot known: /proc cannot be read: Permission denied
    ␛[2mplayers    ␛[0mnot known
    log        not known: that took more than 5 s

    ␛[36mtry        `gamectl logs -t conan`, `gamectl start conan`␛[0m
    ");
}
