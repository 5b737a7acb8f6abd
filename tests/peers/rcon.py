"""A game whose RCON is that of the package `rcon-server`.

Called with its port and its password. `quit` ends it without a reply.
"""

import asyncio
import os
import sys

from rcon_server.rcon_packet import RCONPacket
from rcon_server.rcon_server import RCONServer


class Game(RCONServer):
    def handle_execcommand(self, packet, connection):
        if packet.body == "quit":
            os._exit(0)
        body = "x" * 3000 if packet.body == "long" else "heard " + packet.body
        connection.send_packet(RCONPacket(packet.id, RCONPacket.SERVERDATA_RESPONSE_VALUE, body))


asyncio.run(Game(("127.0.0.1", int(sys.argv[1])), sys.argv[2]).listen())
