//! More containers than a small machine can ask for at once.

use super::World;

/// Each list takes processors and locks of podman's store: those of seventy starts got no
/// answer in time on two processors.
#[test]
#[ignore = "needs podman"]
fn verbs_on_many_share_their_lists() {
    let mut world = World::with_many(12);
    let now = world.sandbox.path("now");
    std::fs::create_dir(&now).expect("a folder");
    let (now, counts) = (now.display().to_string(), world.sandbox.path("counts"));
    // Writes how many lists are made while each of them begins.
    world.shadow(&format!(
        "if [ $1 = ps ]; then\n\
         mark={now}/$$; : > $mark; trap 'rm $mark' EXIT\n\
         ls {now} | wc -l >> {}; $real \"$@\"; exit\n\
         fi",
        counts.display()
    ));
    world.ok(&["start", "--all"]);
    world.ok(&["stop", "--all"]);
    let counts = std::fs::read_to_string(counts).expect("the counts");
    assert!(counts.lines().count() >= 4, "starts and stops look:\n{counts}");
    assert!(counts.lines().all(|count| count == "1"), "{counts}");
}
