"""Hears a node over NATS and asks it for a restart, with nats-py of PyPI: PORT.

The states that were heard, and the state in the answer, are printed.
"""

import asyncio
import datetime
import json
import sys

import nats


async def main():
    # Its own limits do not hold where no server listens.
    client = await asyncio.wait_for(nats.connect(f"nats://127.0.0.1:{sys.argv[1]}"), 20)
    states, is_back = [], asyncio.Event()

    async def heard(message):
        body = json.loads(message.data)
        states.append(body["state"])
        if states[-2:] == ["starting", "running"]:
            is_back.set()

    await client.subscribe("games.box1.a.status", cb=heard)
    await client.flush()
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=60)
    request = {"id": "peer-1", "verb": "restart", "expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    answer = await client.request("games.box1.a.cmd", json.dumps(request).encode(), timeout=60)
    await asyncio.wait_for(is_back.wait(), 60)
    again = await client.request("games.box1.a.cmd", json.dumps(request).encode(), timeout=60)
    print(" ".join(states))
    print(json.loads(answer.data)["results"][0]["state"], json.loads(again.data)["refused"])
    await client.close()


asyncio.run(main())
