//! The tests of what depends on the kernel, run again on one that is older than the calls
//! which tell an exit code after the end.

use crate::support::{OtherKernel, Sandbox};

/// Parts of the names of those tests.
const AGAIN: [&str; 4] = [
    "exit_codes::",
    "crash_restart::a_game_that_crashes",
    "lifecycle::restart_is",
    "lifecycle::start_returns",
];

#[test]
fn the_tests_of_ends_pass_there() {
    let sandbox = Sandbox::new();
    let tests = std::env::current_exe().expect("the tests").display().to_string();
    let script = format!(
        "cd '{}' || fail 'no such folder'\n\
         uname -r >/mnt/release\n\
         RUST_TEST_THREADS=2 '{tests}' {} >/mnt/result.txt 2>&1 || {{ cat /mnt/result.txt; fail 'they do not pass'; }}",
        env!("CARGO_MANIFEST_DIR"),
        AGAIN.join(" "),
    );
    let Some(kernel) = OtherKernel::boot("the_tests_of_ends_pass_there", &sandbox, &script) else {
        return;
    };
    kernel.off();
    let read = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap_or_default();
    assert!(read("release").starts_with("6.1."), "{}", read("release"));
    let result = read("result.txt");
    assert!(result.contains("test result: ok."), "{result}");
    for part in AGAIN {
        assert!(result.contains(part), "no test of {part}: {result}");
    }
}
