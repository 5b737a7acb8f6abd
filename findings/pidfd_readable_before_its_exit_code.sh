#!/bin/sh
# Linux 6.15 and later (seen on 6.18.44), no package needed: Python 3 and ctypes, 2026-11.
#
# `ioctl(pidfd, PIDFD_GET_INFO)` with PIDFD_INFO_EXIT tells the wait status of a
# process to anybody who holds a pidfd of it, not to its parent alone.
#
# Guess: poll() reports POLLIN on the pidfd when the process has ended, so the exit
# code can be asked for at that moment.
#
# Seen: POLLIN comes when the process is a zombie, and then the answer has no exit
# code (the PIDFD_INFO_EXIT bit of the mask is clear). It appears only when the
# parent has reaped the process, which poll() reports as POLLHUP on the same pidfd.
# With an init that reaps orphans late, seconds lie between the two.
#
# What follows: wait for POLLHUP, not for POLLIN, and do not take an answer without
# the bit for "no exit code".
set -eu
exec python3 - <<'PY'
import ctypes, fcntl, os, platform, select, struct, sys

PIDFD_GET_INFO = 0xC040FF0B  # _IOWR(0xFF, 11, 64 bytes)
EXIT = 1 << 3

def info(fd):
    buffer = bytearray(64)
    struct.pack_into("Q", buffer, 0, EXIT)
    try:
        fcntl.ioctl(fd, PIDFD_GET_INFO, buffer)
    except ProcessLookupError:
        return None
    mask, = struct.unpack_from("Q", buffer, 0)
    code, = struct.unpack_from("i", buffer, 60)
    return code if mask & EXIT else None

def events(fd, wait):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    found = dict(poll.poll(wait)).get(fd, 0)
    return {name for name in ("POLLIN", "POLLHUP") if found & getattr(select, name)}

print("Linux", platform.release())
child = os.fork()
if child == 0:
    os._exit(37)
fd = os.pidfd_open(child)
at_the_end = events(fd, 10_000)
before = info(fd)
print(f"the child has ended and is not reaped: {sorted(at_the_end)}, exit status: {before}")
os.waitpid(child, 0)
reaped = events(fd, 10_000)
after = info(fd)
print(f"its parent has reaped it:              {sorted(reaped)}, exit status: {after and hex(after)}")
assert at_the_end == {"POLLIN"} and before is None, "the exit code can be had earlier now"
assert reaped == {"POLLIN", "POLLHUP"} and after == 37 << 8, "it cannot be had after the reaping"
print("as described")
PY
