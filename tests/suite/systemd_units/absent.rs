//! Units on a host that systemd has not booted.

use serde_json::json;

use crate::support::{Mounts, Sandbox};

/// A host without `/run/systemd/system` counts as such, as sd_booted(3) says.
#[test]
fn units_of_a_host_without_systemd_are_not_supported() {
    let test = "units_of_a_host_without_systemd_are_not_supported";
    let Some(mounts) = Mounts::of(test, "mount -t tmpfs none /run") else {
        return;
    };
    let sandbox = Sandbox::new();
    let instances = json!({
        "web": { "systemd": { "unit": "web.service" } },
        "mine": { "systemd": { "unit": "mine.service", "user": "nobody" } },
    });
    sandbox.inventory_text(&json!({ "instances": instances }).to_string());
    for verb in ["start", "stop", "restart"] {
        for id in ["web", "mine"] {
            let refused = mounts.run(&sandbox, &[verb, id]).expect_code(5);
            let told = format!("{id}: this host was not booted by systemd");
            assert!(refused.stderr.contains(&told), "{verb}: {}", refused.stderr);
        }
    }
    let status = mounts.run(&sandbox, &["status", "--json"]).expect_code(4).json();
    for row in status["instances"].as_array().expect("rows") {
        let note = row["note"].as_str().unwrap_or_default();
        assert!(note.starts_with("this host was not booted by systemd"), "{row}");
        assert_eq!(row["state"], "unknown", "{row}");
    }
}
