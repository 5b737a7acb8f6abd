//! The properties of a service, as D-Bus has them. See
//! `org.freedesktop.systemd1(5)`.

use zbus::{DeserializeDict, OwnedObjectPath, Type};

/// The properties of a unit that matter here. Those that a version of systemd does not
/// have are absent, and so are those of services where the unit is none.
#[derive(Debug, Clone, Default, PartialEq, DeserializeDict, Type)]
#[zbus(signature = "a{sv}", rename_all = "PascalCase")]
pub struct UnitProperties {
    /// Its own name, where it was asked for by another one.
    pub id: Option<String>,
    pub load_state: Option<String>,
    /// The name of an error and its message, where it could not be loaded.
    pub load_error: Option<(String, String)>,
    pub active_state: Option<String>,
    pub sub_state: Option<String>,
    pub unit_file_state: Option<String>,
    /// The file that it was generated from.
    pub source_path: Option<String>,
    pub need_daemon_reload: Option<bool>,
    /// The number of starts that may come in a short time.
    pub start_limit_burst: Option<u32>,
    /// The job that waits for its turn or is under way, with 0 as its number for none.
    pub job: Option<(u32, OwnedObjectPath)>,
    pub condition_result: Option<bool>,
    pub condition_timestamp_monotonic: Option<u64>,
    pub triggered_by: Option<Vec<String>>,
    /// The units that a stop of this one stops, too; so are the two that follow.
    pub required_by: Option<Vec<String>>,
    pub bound_by: Option<Vec<String>>,
    pub consists_of: Option<Vec<String>>,
    #[zbus(rename = "InvocationID")]
    pub invocation: Option<Vec<u8>>,
    /// Microseconds since 1970, or of the monotonic clock; 0 for never. So are the others.
    pub state_change_timestamp: Option<u64>,
    pub active_enter_timestamp: Option<u64>,
    pub active_enter_timestamp_monotonic: Option<u64>,
    pub active_exit_timestamp_monotonic: Option<u64>,
    pub inactive_exit_timestamp: Option<u64>,
    pub inactive_exit_timestamp_monotonic: Option<u64>,
    #[zbus(rename = "Type")]
    pub kind: Option<String>,
    pub restart: Option<String>,
    #[zbus(rename = "RestartUSec")]
    pub restart_delay: Option<u64>,
    #[zbus(rename = "TimeoutStartUSec")]
    pub start_limit: Option<u64>,
    #[zbus(rename = "TimeoutStopUSec")]
    pub stop_limit: Option<u64>,
    #[zbus(rename = "RuntimeMaxUSec")]
    pub runtime_limit: Option<u64>,
    pub result: Option<String>,
    #[zbus(rename = "MainPID")]
    pub main_pid: Option<u32>,
    #[zbus(rename = "NRestarts")]
    pub restarts: Option<u32>,
    pub exec_main_start_timestamp: Option<u64>,
    pub exec_main_start_timestamp_monotonic: Option<u64>,
    pub exec_main_exit_timestamp: Option<u64>,
    pub exec_main_exit_timestamp_monotonic: Option<u64>,
    /// 1 for an exit, 2 and 3 for a signal, as `waitid(2)` has it.
    pub exec_main_code: Option<i32>,
    pub exec_main_status: Option<i32>,
    pub status_text: Option<String>,
    /// Empty while nothing of it runs.
    pub control_group: Option<String>,
}

impl UnitProperties {
    /// Returns true if systemd has a job for it.
    pub fn has_job(&self) -> bool {
        self.job.as_ref().is_some_and(|(number, _)| *number != 0)
    }
}
