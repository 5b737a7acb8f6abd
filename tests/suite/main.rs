//! The tests of the library's face and of the built binary, one module for each
//! matter, in one program: linking is what takes time.
//!
//! Its tests run at the same time as others of it, in threads of one process.
//! So none changes what belongs to the process: its environment, working
//! directory, umask, limits or signal handlers; a command that needs such a
//! thing is given it. `cargo test --test suite MODULE` runs one module.

#[path = "../support/mod.rs"]
mod support;

mod admin_channels;
mod amp;
mod bad_game;
mod bad_input;
mod bad_state;
mod before_start;
mod check;
mod completions;
mod console;
mod console_log;
mod courtesy;
mod crash_restart;
mod cut_short;
mod damaged_records;
mod datagram_channels;
mod debian;
mod disks;
mod docker_compose;
mod environment;
mod exit_codes;
mod faults;
mod faults_table;
mod first_steps;
mod frozen;
mod game_shapes;
mod generated;
mod hostile_inventory;
mod hosts;
mod house;
mod http;
mod import;
mod init;
mod interop;
mod inventory;
mod kubectl;
mod kubectl_node;
mod lifecycle;
mod limits;
mod link;
mod link_commands;
mod link_logins;
mod link_messages;
mod link_network;
mod link_panel;
mod link_servers;
mod links;
mod log_files;
mod logout;
mod main_process;
mod metrics;
mod needs;
mod no_inotify;
mod notify;
mod old_shim;
mod old_stack;
mod older_kernel;
mod oom;
mod other_hosts;
mod other_inventories;
mod other_users;
mod pane;
mod peers;
mod pids;
mod players;
mod podman;
mod podman_five;
mod podman_stacks;
mod presets;
mod probes;
mod process_tree;
mod progress;
mod protocol_model;
mod readme;
mod real_game;
mod real_game_from_nothing;
mod real_games;
mod real_minecraft;
mod run;
mod schedules;
mod schema;
mod scopes;
mod slow_reader;
mod spawner;
mod support_itself;
mod surroundings;
mod systemd;
mod systemd_units;
mod test_files;
mod trouble;
mod unlisted_stacks;
mod upgrade;
mod usage;
mod watch;
mod whoever_types;
