//! The last part of the help: examples, exit codes.

pub(super) const AFTER_HELP: &str = "Selectors: an id, a glob ('rust-*'), tag:NAME, or --all.";

pub(super) const AFTER_LONG_HELP: &str = "\
Selectors: an id, a glob ('rust-*'), tag:NAME, or --all.

Exit codes:
  0    the wanted state holds for every selected instance; status: all running
  1    at least one failed; status: at least one crashed
  2    usage
  3    status: none crashed, at least one not running
  4    no such instance, a selector that matches nothing, or a state that could
       not be found out
  5    a program that gamectl needs is missing, or nothing manages the instance
  6    the inventory is missing or invalid; nothing was touched
  75   busy: another gamectl holds the instance
  124  the wait ran out; the server may still get there
  130  interrupted (143: terminated); the server goes on

`run` ends with 0 when it is interrupted or terminated.";

pub(super) const START: &str = "\
Examples:
  gamectl start rust-main
  gamectl start tag:pvp --timeout 20m
  gamectl start --all --dry-run";

pub(super) const STOP: &str = "\
Examples:
  gamectl stop rust-main
  gamectl stop 'rust-*' --now
  gamectl stop --all --timeout 2m";

pub(super) const RESTART: &str = "\
Examples:
  gamectl restart rust-main
  gamectl restart tag:eu --dry-run";

pub(super) const STATUS: &str = "\
status asks running games with an a2s or a minecraft probe, in ready or healthy,
how many play, for a second at most.

Examples:
  gamectl status
  gamectl status --json rust-main
  gamectl status --any tag:pvp && echo players can join";

pub(super) const WATCH: &str = "\
Examples:
  gamectl watch
  gamectl watch --until running --timeout 10m tag:pvp && announce
  gamectl watch --json | jq -r 'select(.event == \"status\") | .id'";

pub(super) const LOGS: &str = "\
Examples:
  gamectl logs -n 20 rust-main
  gamectl logs --since 10m rust-main
  gamectl logs -f rust-main conan";

pub(super) const SEND: &str = "\
Examples:
  gamectl send rust-main say the server restarts in ten minutes";

pub(super) const CONSOLE: &str = "\
Examples:
  gamectl console minecraft
  gamectl console -n 100 rust-main";

pub(super) const RUN: &str = "\
Examples:
  gamectl run
  gamectl -f /etc/gamectl/instances.yaml run --on-exit stop
  gamectl run --json tag:pvp";

pub(super) const CHECK: &str = "\
Examples:
  gamectl check
  gamectl check --json | jq '.findings[] | select(.level != \"ok\")'";

pub(super) const INIT: &str = "\
Examples:
  gamectl init
  gamectl init rust minecraft
  gamectl -f /etc/gamectl/instances.yaml init conan";

pub(super) const GAMES: &str = "\
Examples:
  gamectl games
  gamectl games rust";

pub(super) const COMPLETIONS: &str = "\
Examples:
  gamectl completions bash > ~/.local/share/bash-completion/completions/gamectl
  gamectl completions zsh > \"${fpath[1]}/_gamectl\"
  gamectl completions fish > ~/.config/fish/completions/gamectl.fish";

pub(super) const SCHEMA: &str = "\
Examples:
  gamectl schema > instances.schema.json
  Then, as the first line of the inventory:
    # yaml-language-server: $schema=instances.schema.json";
