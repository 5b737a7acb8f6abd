#!/bin/sh
# Linux 6.0 and later (seen on 6.18.44), as root; Python 3 with ctypes, no package, 2026-11.
#
# Writing a pid to `cgroup.procs` moves a process into a control group. A service
# manager does so for each transient scope, and for each hierarchy that it uses.
#
# Guess: it costs some microseconds, like other writes to cgroupfs, and a benchmark in
# a loop confirms that.
#
# Seen: the write takes milliseconds when no process was moved on this host shortly
# before: 5 to 15 ms (median), against 0.02 to 0.3 ms in a loop. The first move waits for
# a grace period of RCU, and those that follow at once share it. A process that is
# born in its control group (`clone3` with CLONE_INTO_CGROUP) waits for nothing. With the
# mount option `favordynmods` of cgroup2 a move after a pause took 0.25 ms. On 6.18 that
# holds until the next boot, also when a later mount has removed the option from
# /proc/mounts, and this script fails then.
#
# What follows: one scope per game costs a start this time, and twice where systemd
# keeps a hierarchy of its own beside cgroup2 ("hybrid"). A figure from a loop says nothing.
set -eu
exec python3 - <<'PY'
import ctypes, os, platform, signal, statistics, struct, sys, time

with open("/proc/mounts") as mounts:
    lines = [line.split() for line in mounts]
place, options = next((line[1], line[3].split(",")) for line in lines if line[2] == "cgroup2")
if "favordynmods" in options:
    sys.exit("cgroup2 is mounted with favordynmods here: boot without it to see this")

mine = [f"{place}/finding-{os.getpid()}-{name}" for name in "ab"]
for group in mine:
    os.mkdir(group)

def move(pid, group):
    begin = time.perf_counter()
    with open(f"{group}/cgroup.procs", "w") as procs:
        procs.write(str(pid))
    return (time.perf_counter() - begin) * 1000

def born_in(group):
    """A child that exits at once, in its group from the first instruction on."""
    folder = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
    # struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size,
    # tls, set_tid, set_tid_size, cgroup
    arguments = struct.pack("11Q", 1 << 33, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, folder)
    begin = time.perf_counter()
    pid = ctypes.CDLL(None).syscall(435, ctypes.c_char_p(arguments), len(arguments))
    if pid == 0:
        os._exit(0)
    took = (time.perf_counter() - begin) * 1000
    os.waitpid(pid, 0)
    os.close(folder)
    return took

child = os.fork()
if child == 0:
    signal.pause()
try:
    rare, born = [], []
    for turn in range(20):
        time.sleep(0.2)
        rare.append(move(child, mine[turn % 2]))
        time.sleep(0.2)
        born.append(born_in(mine[turn % 2]))
    often = [move(child, mine[turn % 2]) for turn in range(200)]
finally:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for group in mine:
        os.rmdir(group)

median = statistics.median
print("Linux", platform.release(), "cgroup2 at", place, ",".join(options))
print(f"a move after a pause of 0.2 s:     {median(rare):.2f} ms (median of 20)")
print(f"a child born in the control group: {median(born):.2f} ms (median of 20)")
print(f"a move right after another one:    {median(often):.2f} ms (median of 200)")
assert median(rare) > 5 * median(often), "a move after a pause costs no more than others now"
assert median(rare) > 2 * median(born), "a move costs no more than being born there now, or favordynmods was set since the boot"
print("as described")
PY
