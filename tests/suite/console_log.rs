//! The console log: every byte that a game prints, in order, across rotation,
//! the death of a shim and a full disk.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Instance, Outcome, Process, Sandbox, SmallDisk, wait_for, wait_until};

/// Returns the text of the game's flood: numbered lines of this length.
fn flood(total: usize, length: usize) -> String {
    let mut text = String::with_capacity(total + length);
    for number in 0.. {
        if text.len() >= total {
            break;
        }
        let start = text.len();
        text.push_str(&format!("{number:010} "));
        text.extend(std::iter::repeat_n('x', length - 1 - (text.len() - start)));
        text.push('\n');
    }
    text.truncate(total);
    text
}

/// Says where two long texts differ, without printing them.
#[track_caller]
fn assert_same(got: &str, wanted: &str) {
    let at = got.bytes().zip(wanted.bytes()).position(|(a, b)| a != b);
    let shown = |text: &str| {
        let at = at.unwrap_or_else(|| got.len().min(wanted.len()));
        let end = text.len().min(at + 120);
        text.get(at.saturating_sub(120)..end).unwrap_or_default().to_owned()
    };
    assert!(
        got == wanted,
        "{} bytes for {}, different at {at:?}: {:?} for {:?}",
        got.len(),
        wanted.len(),
        shown(got),
        shown(wanted)
    );
}

/// A game that floods its console once its gate is open, says `done`, and
/// serves.
fn flooder(sandbox: &Sandbox, id: &str, total: usize, how: &[&str]) -> Instance {
    let total = total.to_string();
    let gate = sandbox.arg("gate");
    let mut args = vec!["flood", &total, "--gate", &gate, "--then-serve", "--ready", "done"];
    args.extend(how);
    Instance::awkward(id, &args).with("ready", json!({ "alive_for": "1ms" }))
}

/// A game that prints before its shim reads is busy from the start, too.
#[test]
fn a_terminal_that_was_closed_is_heard_again_when_it_is_opened_again() {
    // More than a terminal holds when nobody reads it.
    let script = "echo first; exec 0<&- 1>&- 2>&-; sleep 0.3; seq -f 'again %g' 20000 >/dev/tty; echo last >/dev/tty; \
                  sleep 300";
    let game = Instance::script("a", script)
        .process("tty", json!(true))
        .ready_log("^first");
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    sandbox.wait_console("a", "last\r\n");
    assert!(sandbox.console("a").contains("again 20000\r\n"));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_game_that_prints_at_once_is_given_room() {
    let games = ["a", "b", "c", "d", "e"].map(|id| {
        let log = json!({ "max_size": "1MiB", "keep": 1 });
        Instance::program(id, "/usr/bin/yes", &["a line"]).process("log", log)
    });
    let sandbox = Sandbox::with(&games);
    sandbox.ok(&["start", "--all", "--no-wait"]);
    for game in &games {
        let output = File::open(format!("/proc/{}/fd/1", sandbox.pid(&game.id))).expect("its output");
        let capacity = || nix::fcntl::fcntl(&output, nix::fcntl::FcntlArg::F_GETPIPE_SZ).expect("a pipe");
        wait_until("a large pipe", || capacity() == 1 << 20);
    }
    sandbox.ok(&["stop", "--all", "--now"]);
    sandbox.nothing_left();
}

#[test]
fn a_flood_loses_nothing() {
    let sandbox = Sandbox::new();
    const BLOCKS: usize = 24_000_000;
    const LINES: usize = 4_000_000;
    sandbox.inventory(&[
        flooder(&sandbox, "blocks", BLOCKS, &["--block", "65536"]),
        flooder(&sandbox, "odd", BLOCKS, &["--block", "3001"]),
        flooder(&sandbox, "lines", LINES, &["--line", "40"]),
    ]);
    sandbox.ok(&["start", "--all"]);
    sandbox.touch("gate");
    for (id, total, length) in [("blocks", BLOCKS, 100), ("odd", BLOCKS, 100), ("lines", LINES, 40)] {
        wait_until("the end of the flood", || sandbox.console(id).ends_with("done\n"));
        let wanted = flood(total, length) + "done\n";
        assert_same(&sandbox.console(id), &wanted);
        assert_eq!(sandbox.status(id)["details"].get("lost_output_bytes"), None);
    }
    // A game that is in the middle of it can be stopped.
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn output_without_a_line_end_is_there_too() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "part no end of line");
    sandbox.tell("a", "err in between");
    sandbox.wait_console("a", "up\nno end of linein between\n");
    sandbox.tell("a", "part the last words");
    sandbox.tell("a", "kill KILL");
    sandbox.wait_state("a", "crashed");
    assert!(
        sandbox.console("a").ends_with("the last words"),
        "{}",
        sandbox.console("a")
    );
    assert!(
        sandbox
            .ok(&["logs", "-n", "1", "a"])
            .stdout
            .starts_with("the last words")
    );
}

/// The names and sizes of the files of a log.
fn log_files(sandbox: &Sandbox, id: &str) -> Vec<(String, u64)> {
    let entries = fs::read_dir(sandbox.instance_dir(id)).expect("the folder");
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| (entry.file_name().into_string().expect("UTF-8"), entry))
        .filter(|(name, _)| name.starts_with("console.log"))
        .map(|(name, entry)| (name, entry.metadata().expect("its size").len()))
        .collect();
    files.sort();
    files
}

#[test]
fn rotated_files_are_read_as_one_log() {
    const TOTAL: usize = 3_000_000;
    let sandbox = Sandbox::new();
    let log = |size: &str, keep: u32| json!({ "max_size": size, "keep": keep });
    sandbox.inventory(&[
        flooder(&sandbox, "all", TOTAL, &["--block", "10007"]).process("log", log("100KiB", 100)),
        flooder(&sandbox, "some", TOTAL, &["--line", "77"]).process("log", log("100KiB", 3)),
        flooder(&sandbox, "none", TOTAL, &["--line", "77"]).process("log", log("100KiB", 0)),
    ]);
    sandbox.ok(&["start", "--all"]);
    sandbox.touch("gate");
    for id in ["all", "some", "none"] {
        wait_until("the end of the flood", || sandbox.console(id).ends_with("done\n"));
    }
    let read = |id: &str| sandbox.ok(&["logs", "-n", "all", id]).stdout;
    assert_same(&read("all"), &(flood(TOTAL, 100) + "done\n"));
    let wanted = flood(TOTAL, 77) + "done\n";
    for (id, keep, least) in [("some", 3, 290_000), ("none", 0, 1)] {
        let kept = read(id);
        assert!(kept.len() >= least, "{id}: {}", kept.len());
        assert_same(&kept, &wanted[wanted.len() - kept.len()..]);
        let files = log_files(&sandbox, id);
        assert_eq!(files.len(), keep + 1, "{files:?}");
        assert!(files.iter().all(|(_, size)| *size <= 100 * 1024 + 77), "{files:?}");
    }
    // Across the seam of two files.
    let lines = sandbox.ok(&["logs", "-n", "3000", "some"]).stdout;
    assert_eq!(lines.lines().count(), 3000);
    assert!(wanted.ends_with(&lines));
}

#[test]
fn a_follower_goes_when_its_reader_does() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[Instance::awkward("a", &["serve", "--say", "one"])]);
    sandbox.ok(&["start", "a"]);
    let mut follow = sandbox.command(&["logs", "-f", "a"]).spawn().expect("run gamectl");
    // As `| head -1` does, while the game has nothing more to say.
    let mut reader = BufReader::new(follow.stdout.take().expect("a pipe"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    drop(reader);
    let code = wait_for("the end of logs -f", || follow.try_wait().expect("wait")).code();
    assert_eq!(code, Some(0));
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_follower_sees_every_line_through_rotation() {
    const TOTAL: usize = 600_000;
    let sandbox = Sandbox::new();
    let log = json!({ "max_size": "64KiB", "keep": 100 });
    sandbox.inventory(&[flooder(&sandbox, "a", TOTAL, &["--line", "60"]).process("log", log)]);
    sandbox.ok(&["start", "a"]);
    let out = File::create(sandbox.path("followed")).expect("a file");
    let follow = Background::of(sandbox.command(&["logs", "-f", "-n", "all", "a"]).stdout(out));
    sandbox.touch("gate");
    wait_until("the last line", || {
        fs::read(sandbox.path("followed")).is_ok_and(|text| text.ends_with(b"done\n"))
    });
    let followed = fs::read_to_string(sandbox.path("followed")).expect("what it saw");
    assert_same(&followed, &(flood(TOTAL, 60) + "done\n"));
    assert_eq!(follow.end(Signal::SIGTERM), Some(143));
}

#[test]
fn a_game_that_closes_its_output_is_kept_and_stopped() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["mute"]).with("ready", json!({ "alive_for": "1ms" }))]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "touch heard");
    wait_until("the word to be obeyed", || sandbox.path("heard").exists());
    assert_eq!(sandbox.state("a"), "running");
    sandbox.tell("a", "exit 4");
    assert_eq!(sandbox.wait_state("a", "crashed")["exit_code"], 4);
    assert_eq!(sandbox.console("a"), "");
}

#[test]
fn what_is_printed_without_a_shim_is_logged_by_the_next_one() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    // The first fits into the pipe; the second does not, and the game waits.
    let mut wanted = "up\n".to_owned();
    for (round, total) in [20_000, 300_000].into_iter().enumerate() {
        Process::signal(sandbox.shim("a"), Signal::SIGKILL);
        wait_until("the shim to be gone", || {
            sandbox.status("a")["note"]
                .as_str()
                .is_some_and(|note| note.contains("shim was killed"))
        });
        assert_eq!(sandbox.console("a"), wanted);
        sandbox.tell("a", &format!("flood {total}"));
        sandbox.tell("a", &format!("say round {round}"));
        if round == 0 {
            sandbox.tell("a", "touch flooded");
            wait_until("the flood", || sandbox.path("flooded").exists());
        }
        sandbox.ok(&["start", "a"]);
        assert_eq!(sandbox.pid("a"), pid);
        sandbox.wait_console("a", &format!("round {round}\n"));
        wanted += &flood(total, 100);
        wanted += &format!("round {round}\n");
        assert_same(&sandbox.console("a"), &wanted);
    }
    sandbox.ok(&["stop", "a"]);
    assert_same(&sandbox.console("a"), &(wanted + "saved\n"));
}

#[test]
fn a_log_that_is_deleted_or_cut_goes_on() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let log = sandbox.instance_dir("a").join("console.log");
    fs::remove_file(&log).expect("delete the log");
    // What comes within a second of the last look may go into the old file.
    wait_until("a new log", || {
        sandbox.tell("a", "say again");
        sandbox.console("a").ends_with("again\n")
    });
    File::create(&log).expect("cut the log");
    sandbox.tell("a", "say after the cut");
    sandbox.wait_console("a", "after the cut\n");
    assert!(!sandbox.console("a").contains('\0'), "no hole");
    assert_eq!(sandbox.state("a"), "running");
}

fn lost(row: &Value) -> u64 {
    row["details"]["lost_output_bytes"].as_u64().unwrap_or(0)
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

#[test]
fn a_full_disk_blocks_no_game_and_its_losses_are_counted() {
    let game = Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$");
    let sandbox = Sandbox::with(&[game]);
    let Some(disk) = SmallDisk::mount(&sandbox, "a full disk blocks no game", "size=1m") else {
        return;
    };
    sandbox.ok(&["start", "a"]);
    disk.fill(0);
    sandbox.tell("a", "flood 400000");
    sandbox.tell("a", "touch flooded");
    wait_until("the game not to be blocked", || sandbox.path("flooded").exists());
    let row = wait_for("the loss in its status", || {
        Some(sandbox.status("a")).filter(|row| lost(row) >= 390_000)
    });
    assert_eq!(row["state"], "running");
    assert!(
        row["note"]
            .as_str()
            .is_some_and(|note| note.contains("could not be logged")),
        "{row}"
    );
    // Once there is room again, the log says what is missing, and where.
    disk.free();
    let mut said = 0;
    let marked = || sandbox.console("a").contains("bytes of output were lost here");
    wait_until("the mark of the loss", || {
        sandbox.tell("a", "say hello");
        said += 1;
        marked()
    });
    sandbox.tell("a", "say the end");
    sandbox.wait_console("a", "the end\n");
    let console = sandbox.console("a");
    let (mark, number) = console
        .lines()
        .find_map(|line| {
            let rest = line.strip_prefix("[gamectl: ")?;
            Some((line.len() + 1, rest.split(' ').next()?.parse::<usize>().ok()?))
        })
        .expect("the mark");
    assert_eq!(console.matches("[gamectl: ").count(), 1);
    let total = "up\n".len() + 400_000 + said * "hello\n".len() + "the end\n".len();
    // A mark in the middle of a line begins with a line end of its own.
    let whole = console.len() - mark + number;
    assert!(
        whole == total || whole == total + 1,
        "{whole} for {total}: {number} lost"
    );
    assert_eq!(lost(&sandbox.status("a")), number as u64);
    // Room for the exit was reserved at the start.
    disk.fill(0);
    sandbox.tell("a", "exit 6");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["exit_code"], 6);
    assert!(lost(&row) >= number as u64, "{row}");
    sandbox.nothing_left();
    // A stop is possible, and acknowledges the crash.
    sandbox.ok(&["stop", "a"]);
    assert_eq!(sandbox.state("a"), "stopped");
}

/// Its shim can say so nowhere in the log: the next one does.
#[test]
fn what_a_full_disk_lost_at_the_end_of_a_game_is_told_afterwards() {
    let game = Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$");
    let sandbox = Sandbox::with(&[game]);
    let Some(disk) = SmallDisk::mount(&sandbox, "a game that ends on a full disk", "size=1m") else {
        return;
    };
    sandbox.ok(&["start", "a"]);
    disk.fill(0);
    sandbox.tell("a", "flood 400000");
    sandbox.tell("a", "exit 6");
    let row = sandbox.wait_state("a", "crashed");
    let number = lost(&row);
    assert!(number >= 390_000, "{row}");
    assert_eq!(
        row["note"],
        format!("exit code 6; {number} bytes of its output could not be logged")
    );
    disk.free();
    sandbox.ok(&["start", "a"]);
    let console = sandbox.console("a");
    let mark = format!("\n[gamectl: {number} bytes of output were lost here: at the end of an earlier launch]\nup\n");
    assert_eq!(console.matches(&mark).count(), 1, "{number}");
    assert_eq!(lost(&sandbox.status("a")), 0);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_launch_begins_on_a_line_of_its_own() {
    let game = Instance::script("a", "printf 'no end'; exec sleep 100");
    let sandbox = Sandbox::with(&[game.with("ready", json!({ "log": "no end" }))]);
    for _ in 0..2 {
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["stop", "a"]);
    }
    assert_eq!(sandbox.console("a"), "no end\nno end");
}

/// Before a game is ready for the first time there is no room for another record of
/// its launch.
#[test]
fn a_game_is_taken_over_on_a_full_disk() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^never$")]);
    let Some(disk) = SmallDisk::mount(&sandbox, "a game is taken over on a full disk", "size=1m") else {
        return;
    };
    sandbox.ok(&["start", "--no-wait", "a"]);
    let pid = sandbox.pid("a");
    sandbox.wait_console("a", "up\n");
    disk.fill(0);
    sandbox.tell("a", "flood 400000");
    let row = wait_for("the loss in its status", || {
        Some(sandbox.status("a")).filter(|row| lost(row) >= 390_000)
    });
    sandbox.kill_shim("a");
    sandbox.ok(&["start", "--no-wait", "a"]);
    let again = sandbox.status("a");
    assert_eq!((&again["pid"], lost(&again)), (&json!(pid), lost(&row)), "{again}");
    disk.free();
    let marked = || sandbox.console("a").contains("bytes of output were lost here");
    wait_until("the mark of the loss", || {
        sandbox.tell("a", "say hello");
        marked()
    });
    sandbox.ok(&["stop", "a"]);
    assert!(lost(&sandbox.status("a")) >= lost(&row));
    sandbox.nothing_left();
}

#[test]
fn a_stop_on_a_full_disk() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    let Some(disk) = SmallDisk::mount(&sandbox, "a stop on a full disk", "size=1m") else {
        return;
    };
    sandbox.ok(&["start", "a"]);
    disk.fill(0);
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 0);
    sandbox.nothing_left();
}

#[test]
fn a_start_on_a_full_disk_starts_nothing() {
    let journal = |sandbox: &Sandbox| sandbox.lines("journal").len();
    let sandbox =
        Sandbox::with(&[Instance::awkward("a", &["serve", "--journal", "journal", "--ready", "up"]).ready_log("^up$")]);
    let Some(disk) = SmallDisk::mount(&sandbox, "a start on a full disk", "size=1m") else {
        return;
    };
    // Full from the first to the last thing that a start writes.
    let mut failed = 0;
    for but in 0..12 {
        disk.fill(but);
        let begun = journal(&sandbox);
        let outcome: Outcome = sandbox.run(&["start", "a", "--timeout", "10s"]);
        if outcome.code == Some(0) {
            assert_eq!(sandbox.state("a"), "running");
            disk.free();
            sandbox.ok(&["stop", "a"]);
            break;
        }
        failed += 1;
        assert_eq!(outcome.code, Some(1), "{but} pages free: {outcome:?}");
        assert!(
            outcome.stderr.to_lowercase().contains("no space"),
            "{but} pages free: {outcome:?}"
        );
        sandbox.nothing_left();
        assert_eq!(journal(&sandbox), begun, "{but} pages free: no game ran");
        assert_eq!(sandbox.state("a"), "stopped", "{but} pages free");
        disk.free();
    }
    assert!(failed > 0, "the disk was not full");
    sandbox.ok(&["start", "a"]);
    assert!(size(&sandbox.instance_dir("a").join("console.log")) > 0);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// A note of the index of times: when, and where the log was.
fn note(ago: Duration, inode: u64, offset: u64) -> Vec<u8> {
    let at = (SystemTime::now() - ago).duration_since(SystemTime::UNIX_EPOCH);
    let at = u64::try_from(at.expect("a time").as_millis()).expect("a number");
    [at, inode, offset]
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

#[test]
fn a_log_is_shown_from_a_time_on() {
    let game = Instance::script("a", "echo one; echo two; echo three; exec sleep 1000").ready_log("three");
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    let since = |when: &str| sandbox.ok(&["logs", "--since", when, "a"]).stdout;
    assert_eq!(since("1h"), "one\ntwo\nthree\n", "its own note is that of its start");
    sandbox.ok(&["stop", "a"]);
    let dir = sandbox.instance_dir("a");
    assert!(dir.join("console.times").metadata().expect("an index").len() >= 24);
    // As if it had taken its time.
    let log = dir.join("console.log");
    let inode = log.metadata().expect("the log").ino();
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let notes = [
        note(minutes(60), inode, 0),
        note(minutes(30), inode, 4),
        note(minutes(10), inode, 8),
    ]
    .concat();
    std::fs::write(dir.join("console.times"), notes).expect("write");
    assert_eq!(since("2h"), "one\ntwo\nthree\n");
    assert_eq!(since("45m"), "one\ntwo\nthree\n");
    assert_eq!(since("20m"), "two\nthree\n");
    assert_eq!(since("5m"), "three\n");
    // A file that was rotated away meanwhile leaves what is there.
    std::fs::write(dir.join("console.times"), note(minutes(60), inode ^ 1, 0)).expect("write");
    assert_eq!(since("5m"), "one\ntwo\nthree\n");
    // Nothing has come since.
    let written = std::fs::File::options().write(true).open(&log).expect("the log");
    written.set_modified(SystemTime::now() - minutes(10)).expect("its time");
    assert_eq!(since("5m"), "");
    assert_eq!(since("15m"), "one\ntwo\nthree\n");
    for wrong in ["soon", "10", "2999-01-01T00:00:00Z"] {
        sandbox.run(&["logs", "--since", wrong, "a"]).expect_code(2);
    }
    sandbox.run(&["logs", "--since", "5m", "-n", "3", "a"]).expect_code(2);
}

/// The game tells itself when it printed, so the times can be compared.
#[test]
fn each_line_has_the_second_in_which_it_was_printed() {
    let script = "n=0; while [ $n -lt 4 ]; do echo \"line $n at $(date -u +%FT%TZ)\"; n=$((n+1)); sleep 0.6; done; \
                  echo done; exec sleep 1000";
    let sandbox = Sandbox::with(&[Instance::script("a", script).ready_log("done")]);
    sandbox.ok(&["start", "a"]);
    let shown = |args: &[&str]| -> Vec<String> {
        let out = sandbox.ok(&[&["logs", "-t"], args, &["a"]].concat()).stdout;
        out.lines().map(str::to_owned).collect()
    };
    let lines = shown(&[]);
    assert!(lines[0].ends_with("Z [gamectl: launched]"), "{lines:?}");
    let time = |text: &str| humantime::parse_rfc3339(text).expect("a time");
    let pairs: Vec<(SystemTime, SystemTime)> = lines
        .iter()
        .filter(|line| line.contains(" at "))
        .map(|line| (time(&line[..20]), time(&line[line.len() - 20..])))
        .collect();
    assert_eq!(pairs.len(), 4, "{lines:?}");
    for (noted, told) in &pairs {
        let behind = noted.duration_since(*told).expect("not before it was printed");
        // It is read a moment after it was printed, which may be the next second.
        assert!(behind <= Duration::from_secs(1), "{lines:?}");
    }
    assert!(pairs[0].0 < pairs[3].0, "{lines:?}");
    // From a second on: all of that second, and nothing before it.
    let last = humantime::format_rfc3339_seconds(pairs[3].0).to_string();
    let since = shown(&["--since", &last]);
    assert!(since.iter().all(|line| line[..20] >= *last), "{since:?}");
    assert!(since.iter().any(|line| line.contains("line 3")), "{since:?}");
    let wanted: Vec<&String> = lines.iter().filter(|line| line[..20] >= *last).collect();
    assert_eq!(since.iter().collect::<Vec<_>>(), wanted);

    // Followed, over its end and the next launch.
    let followed = Background::of(&mut sandbox.command(&["logs", "-t", "-f", "-n", "1", "a"]));
    followed.wait("Z done");
    sandbox.ok(&["restart", "a"]);
    followed.wait("Z [gamectl: killed by SIGTERM]");
    followed.wait("Z [gamectl: launched]");
    drop(followed);
    let previous = sandbox.ok(&["logs", "--previous", "-n", "all", "-t", "a"]).stdout;
    let previous: Vec<&str> = previous.lines().collect();
    assert_eq!(previous[..lines.len()], lines, "the launch before");
    assert!(
        previous
            .last()
            .expect("a line")
            .ends_with("[gamectl: killed by SIGTERM]")
    );
    let plain = sandbox.ok(&["logs", "--previous", "-n", "1", "a"]).stdout;
    assert_eq!(plain, "done\n");
    let object = sandbox.ok(&["logs", "--json", "-t", "-n", "1", "a"]).json();
    assert!(object["at"].is_string() && object["text"] == "done", "{object}");
    sandbox.run(&["logs", "--previous", "-f", "a"]).expect_code(2);
    sandbox.ok(&["stop", "a"]);
    // What nothing is noted of has no time, and no launch before it.
    std::fs::remove_file(sandbox.instance_dir("a").join("console.times")).expect("remove");
    let untold = shown(&["-n", "1"]);
    assert_eq!(untold, [format!("{:20} done", "-")]);
    sandbox.run(&["logs", "--previous", "a"]).expect_code(4);
    sandbox.nothing_left();
}

/// For programs: an object for each whole line.
#[test]
fn lines_as_objects() {
    let sandbox = Sandbox::new();
    let game = |id: &str, script: &str| {
        let script = format!("{script}; exec sleep 1000");
        Instance::script(id, &script).ready_log("one")
    };
    sandbox.inventory(&[
        game("a", r"printf 'one \033[31mred\033[0m\n\ntwo'"),
        game("b", r"printf 'one\377\n'"),
    ]);
    sandbox.ok(&["start", "--all"]);
    sandbox.wait_console("a", "two");
    let lines = |args: &[&str]| -> Vec<Value> {
        let out = sandbox.ok(args).stdout;
        out.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let line = |id: &str, text: &str| json!({ "event": "line", "id": id, "text": text });
    assert_eq!(
        lines(&["logs", "--json", "a"]),
        [line("a", "one red"), line("a", ""), line("a", "two")]
    );
    assert_eq!(lines(&["logs", "--json", "-n", "1", "b"]), [line("b", "one\u{fffd}")]);
    let raw = lines(&["logs", "--json", "--raw", "a", "b"]);
    assert!(raw.contains(&line("a", "one \u{1b}[31mred\u{1b}[0m")), "{raw:?}");
    assert!(raw.contains(&line("b", "one\u{fffd}")), "{raw:?}");
    sandbox.ok(&["stop", "--all"]);
}
