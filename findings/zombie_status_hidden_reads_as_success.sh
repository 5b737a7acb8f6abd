#!/bin/sh
# Linux (seen on 6.18.44), no package needed: Python 3 and ctypes, 2026-11.
#
# The last field of /proc/PID/stat is the wait status of a process, which a zombie keeps until
# its parent reaps it: see proc_pid_stat(5).
#
# Guess: the file is world-readable, so a supervisor that runs as the same user can read there
# how a game ended that it is not the parent of; what may not be told is an error, or a mark.
#
# Seen: for a process that is not dumpable (PR_SET_DUMPABLE 0, a change of user, a program with
# file capabilities or that may not be read) the field reads 0 to everybody without
# CAP_SYS_PTRACE, its own user among them. That is the status of a success. The other fields are
# those of the zombie.
#
# What follows: believe the field only where `readlink(/proc/PID/exe)` says ENOENT, as it does
# for a zombie that is open to us; EACCES says that the status is hidden.
#
# Run as root it takes the uid and gid 65534.
set -eu
exec python3 - <<'PY'
import ctypes, os, platform

PR_SET_DUMPABLE = 4
NOBODY = 65534
libc = ctypes.CDLL(None, use_errno=True)

def ended(dumpable):
    """Forks a child that exits with 37, and returns its pid once it is a zombie."""
    child = os.fork()
    if child == 0:
        libc.prctl(PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)
        os._exit(37)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    return child

def seen(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    try:
        link = os.readlink(f"/proc/{pid}/exe")
    except OSError as error:
        link = type(error).__name__
    return fields[0], int(fields[-1]), link

if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
print("Linux", platform.release())
found = {}
for dumpable in (True, False):
    pid = ended(dumpable)
    found[dumpable] = seen(pid)
    _, status = os.waitpid(pid, 0)
    state, told, link = found[dumpable]
    print(f"dumpable: {dumpable!s:5}  state {state}, status in stat {told:#x}, exe: {link}; to its parent {status:#x}")
    assert status == 37 << 8
assert found[True] == ("Z", 37 << 8, "FileNotFoundError"), "an open zombie tells otherwise now"
assert found[False] == ("Z", 0, "PermissionError"), "a hidden zombie tells otherwise now"
print("as described")
PY
