"""Asks a stand-in game with a client of PyPI: KIND PORT PASSWORD.

The last thing that was answered is printed.
"""

import json
import sys

kind, port, password = sys.argv[1], int(sys.argv[2]), sys.argv[3]

if kind == "rcon":
    from mcrcon import MCRcon

    with MCRcon("127.0.0.1", password, port=port) as client:
        print(client.command("hello"))
    try:
        MCRcon("127.0.0.1", "wrong", port=port).connect()
    except Exception as refused:
        assert "failed" in str(refused).lower(), refused
    else:
        raise SystemExit("a wrong password was taken")
elif kind == "webrcon":
    from websocket import create_connection

    client = create_connection(f"ws://127.0.0.1:{port}/{password}", timeout=20)
    client.send(json.dumps({"Identifier": 7, "Message": "hello", "Name": "WebRcon"}))
    heard = json.loads(client.recv())
    assert heard["Identifier"] == 0, "what is told to everybody comes first"
    heard = json.loads(client.recv())
    assert heard["Identifier"] == 7
    print(heard["Message"])
elif kind == "a2s":
    import a2s

    info = a2s.info(("127.0.0.1", port), timeout=20)
    print(info.server_name, info.map_name, info.player_count, info.max_players)
elif kind == "minecraft":
    from mcstatus import JavaServer

    status = JavaServer("127.0.0.1", port, timeout=20).status()
    print(status.version.name, status.players.online, status.players.max)
elif kind == "battleye_rcon":
    import asyncio

    import berconpy

    async def battleye():
        client = berconpy.RCONClient()
        async with client.connect("127.0.0.1", port, password):
            assert await client.send_command("big") == "0123456789" * 1000
            print(await client.send_command("hello"))
        try:
            async with berconpy.RCONClient().connect("127.0.0.1", port, "wrong"):
                raise SystemExit("a wrong password was taken")
        except berconpy.LoginFailure:
            pass

    asyncio.run(battleye())
elif kind == "goldsrc_rcon":
    import asyncio

    from p5.aiogoldsrcrcon import Connection

    async def goldsrc():
        async with Connection(("127.0.0.1", port), "wrong") as client:
            await client.open()
            assert "Bad rcon_password" in await client.execute("hello")
        async with Connection(("127.0.0.1", port), password) as client:
            await client.open()
            print(await client.execute("hello"))

    asyncio.run(goldsrc())
elif kind == "quake_rcon":
    import asyncio

    import aioq3rcon

    async def quake():
        try:
            async with aioq3rcon.Client("127.0.0.1", port, "wrong"):
                raise SystemExit("a wrong password was taken")
        except aioq3rcon.IncorrectPasswordError:
            pass
        async with aioq3rcon.Client("127.0.0.1", port, password) as client:
            print((await client.send_command("hello", interpret=True)).strip())

    asyncio.run(quake())
