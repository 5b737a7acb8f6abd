//! What stands at the end of the help.

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
