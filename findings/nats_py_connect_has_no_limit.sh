#!/bin/sh
# nats-py 2.16.0 (PyPI), CPython 3, 2026-11.
#
# Guess: `nats.connect(allow_reconnect=False, connect_timeout=1)` raises an error
# within about a second when no server listens, as one attempt is allowed.
#
# Seen: neither option limits the first connection. The client tries again every
# two seconds, reports each refusal to `error_cb` alone, and would go on for two
# minutes with the defaults. `max_reconnect_attempts=0` does not end it either:
# only a deadline around the whole call (asyncio.wait_for) does.
#
# What follows: a tool that publishes at the end of a cron job needs a deadline of
# its own around `connect`, whatever options it passes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check nats-py==2.16.0
cat > "$dir/try.py" <<'PY'
import asyncio, importlib.metadata, socket, time
import nats

def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

async def attempt(**options):
    refusals = []
    async def on_error(error):
        refusals.append(type(error).__name__)
    began = time.monotonic()
    try:
        await asyncio.wait_for(
            nats.connect(f"nats://127.0.0.1:{closed_port()}", error_cb=on_error, **options), 7)
        end = "connected"
    except asyncio.TimeoutError:
        end = "still trying"
    except Exception as error:
        end = type(error).__name__
    return end, round(time.monotonic() - began), refusals

async def main():
    print("nats-py", importlib.metadata.version("nats-py"))
    for options in (dict(allow_reconnect=False, connect_timeout=1), dict(max_reconnect_attempts=0, connect_timeout=1)):
        end, seconds, refusals = await attempt(**options)
        print(f"{options}: {end} after {seconds} s, {len(refusals)} refusals: {sorted(set(refusals))}")
        assert end == "still trying" and seconds == 7, "the options limit the first connection now"
        assert len(refusals) >= 3, "it does not try again every two seconds any more"

asyncio.run(main())
PY
"$dir/venv/bin/python" "$dir/try.py"
echo "as described"
