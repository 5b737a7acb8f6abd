//! Machines that know no time zones, under the built binary.

use serde_json::json;

use crate::support::{Instance, Mounts, Sandbox};

#[test]
fn a_machine_without_time_zones_knows_them_all_the_same() {
    let sandbox = Sandbox::new();
    let daily = json!([{ "cron": "0 5 * * *", "timezone": "Australia/Lord_Howe", "do": "restart" }]);
    sandbox.inventory(&[Instance::script("a", "exit 0").with("schedule", daily)]);
    let test = "a_machine_without_time_zones_knows_them_all_the_same";
    let Some(mounts) = Mounts::of(
        test,
        "mkdir -p /usr/share/zoneinfo && mount -t tmpfs none /usr/share/zoneinfo",
    ) else {
        return;
    };
    let planned = |json: serde_json::Value| json["firings"][0]["planned"].as_str().expect("a time").to_owned();
    let with = planned(sandbox.ok(&["schedule", "--json"]).json());
    let without = planned(mounts.run(&sandbox, &["schedule", "--json"]).expect_code(0).json());
    assert_eq!(without, with);
    assert!(without.ends_with("+10:30") || without.ends_with("+11:00"), "{without}");
}
