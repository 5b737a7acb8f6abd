"""A game whose RCon is the server's side of the package `berconpy`.

Called with its port and its password. `#shutdown` ends it without a reply.
"""

import socket
import sys

from berconpy.protocol import RCONServerProtocol, ServerAuthEvent, ServerCommandEvent, ServerMessageEvent

link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(("127.0.0.1", int(sys.argv[1])))
clients = {}
acknowledged = 0

while True:
    datagram, client = link.recvfrom(4096)
    protocol = clients.setdefault(client, RCONServerProtocol(password=sys.argv[2]))
    protocol.receive_datagram(datagram)
    answers = []
    for event in protocol.events_received():
        if isinstance(event, ServerAuthEvent) and event.success:
            answers.append(protocol.send_message("RCon admin #0 logged in"))
        elif isinstance(event, ServerMessageEvent):
            acknowledged += 1
        elif isinstance(event, ServerCommandEvent):
            if event.message == "#shutdown":
                sys.exit()
            replies = {"long": "0123456789" * 300, "acknowledged": str(acknowledged)}
            reply = replies.get(event.message, "heard " + event.message)
            # In the order in which they should not come.
            answers += reversed(protocol.respond_to_command(event.sequence, reply))
    for packet in protocol.packets_to_send() + answers:
        link.sendto(packet.data, client)
