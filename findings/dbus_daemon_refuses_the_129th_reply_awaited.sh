#!/bin/sh
# dbus-daemon 1.14 (Debian 12), as the bus of a system; jeepney 0.9.0 (PyPI), 2026-11.
#
# Guess: calls over D-Bus can be sent one behind the other as fast as one likes. The
# bus queues them, and only sizes and time limits bound that, as 25 seconds in most
# libraries.
#
# Seen: of 200 calls that one connection sends to a service that has not replied yet,
# 128 reach it. Each further one is answered by the bus itself, at once, with the error
# org.freedesktop.DBus.Error.LimitsExceeded ("The maximum number of pending replies per
# connection has been reached"). The limit is `max_replies_per_connection`, 128 where the
# configuration has none, as on the bus of a system; session.conf raises it to 50000, so
# that a program which was tried on the bus of a user fails on that of the system.
#
# What follows: a client that asks systemd about many units at once needs a limit of its
# own below 128.
set -eu
dir=$(mktemp -d)
trap 'kill "$(cat "$dir/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check jeepney==0.9.0
dbus-daemon --version | head -n 1
cat > "$dir/bus.conf" <<CONF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$dir/socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
  </policy>
</busconfig>
CONF
dbus-daemon --config-file="$dir/bus.conf" --nofork --nopidfile 2>"$dir/log" & echo $! > "$dir/pid"
cat > "$dir/try.py" <<'PY'
import os, sys, time
from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

socket = f"unix:path={sys.argv[1]}/socket"
until = time.monotonic() + 10
while not os.path.exists(f"{sys.argv[1]}/socket") and time.monotonic() < until:
    time.sleep(0.05)
service, client = open_dbus_connection(socket), open_dbus_connection(socket)
slow = DBusAddress("/", bus_name=service.unique_name, interface="org.example.Slow")
for _ in range(200):
    client.send(new_method_call(slow, "Ask"))
refused = {}
while sum(refused.values()) < 72:
    answer = client.receive(timeout=10)
    if answer.header.message_type == MessageType.error:
        told = (answer.header.fields[4], answer.body[0])
        refused[told] = refused.get(told, 0) + 1
reached = 0
try:
    while True:
        reached += service.receive(timeout=1).header.message_type == MessageType.method_call
except TimeoutError:
    pass
print(f"of 200 calls {reached} reached the service; refused by the bus: {refused}")
(name, text), = refused
assert reached == 128 and name.endswith("LimitsExceeded") and "pending replies" in text
PY
"$dir/venv/bin/python" "$dir/try.py" "$dir"
echo "as described"
