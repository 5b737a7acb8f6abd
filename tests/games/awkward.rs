//! A game server with bad manners, for the tests. The first argument is the
//! mode; all else is in `HELP`. It decides nothing by time: what it waits for
//! is a gate file. It ends when it is told to, at the latest after
//! `AWKWARD_LIFETIME_SECS` (default 300), so that no test leaves one for ever.

mod beacon;
mod dump;
mod init;
mod life;
mod options;
mod serve;
mod shapes;
mod words;

use std::process::ExitCode;

use options::Options;

/// The code of a game that lived out its lifetime.
const LIFETIME_OVER: u8 = 97;
/// The code of a game that found its surroundings wrong.
const WRONG: u8 = 98;
/// The code of a game that found another one holding its beacon.
const NOT_ALONE: u8 = 99;

const HELP: &str = "\
awkward-game MODE [ARGUMENT]... [FLAG]... [-- MODE ...]

modes that serve (console, signals) until told to end:
  serve | boot | beacon FILE | dump FILE    the flags of the same names do it all
  deaf                 ignores TERM, INT and HUP; only KILL (or its console) ends it
  no-read              never reads its standard input
  mute                 closes stdout and stderr
  nonblock             sets O_NONBLOCK on stdin; exit 98 when stdout has it then
  zombie [N]           leaves N (1) zombies
  hog MIB              allocates and touches so much memory
  listen PORT          accepts TCP on 127.0.0.1 after the gate, says `listening on PORT`
  tree DEPTH BREADTH   a tree of processes; says `tree: N processes` when all are there
                       [--pids FILE] [--deaf] [--deaf-children] [--scatter]
modes that end by themselves:
  early N              exits with N after the gate
  crash-early SIGNAL   dies by that signal after the gate
  flood BYTES          [--line LEN | --block LEN] [--then-serve], numbered lines
modes that start MODE (default: serve) as another process:
  launcher             starts it, exits with --code N (0), after --gate if given
  wrapper              starts it and waits for its end, passing on no signal
  daemonise            starts it in a new session by a double fork, exits 0 at once
  session              becomes it in this process, in a new session
modes that start a program with its arguments instead of MODE:
  init                 waits for its end and says `init: its program ended with N`; is the
                       parent of what it leaves behind, and reaps that only after --gate
flags of all modes that serve:
  --gate FILE          wait until FILE exists, or, when it is a FIFO, is written to
  --ready LINE         then print LINE
  --say LINE           print LINE first of all
  --dump FILE          first write to FILE what it was given: see the module dump
  --journal FILE       append `start PID NANOSECONDS` and, at a polite end, `end ...`
  --beacon FILE        hold a lock on FILE; exit 99, FILE.violations, if another has it
  --ignore SIG,SIG     ignore these signals
  --code N             exit with N at TERM and INT
  --save-gate FILE     at TERM and INT say `saving` and wait for FILE before the end
  --expect-stdin       end with 98 at the end of standard input
  --undumpable         hide what /proc tells of this process from others of its user
console: quit, exit N, crash, abort, kill SIG, say X, err X, part X, pid, ppid, args, env,
  cwd, dump FILE, touch FILE, flood N, fork [MODE ...], setsid [MODE ...], zombie,
  mute, deaf, no-read, freeze
";

fn main() -> ExitCode {
    // Before anything changes them.
    let given = dump::Given::read();
    life::limit();
    match Options::parse(std::env::args_os().skip(1)) {
        Ok(options) => shapes::run(&options, &given),
        Err(problem) => {
            life::say(&format!("awkward-game: {problem}"));
            life::print(HELP.as_bytes());
            ExitCode::from(2)
        }
    }
}
