#!/bin/sh
# rcon-client 4.2.5 (npm), Node.js, 2026-11.
#
# The Source RCON protocol carries at most 4096 bytes of text in a packet. A longer
# reply comes as several packets with the id of the request, and each begins with
# its own size: https://developer.valvesoftware.com/wiki/Source_RCON_Protocol
#
# Guess: the client joins them, so that a reply of 9000 characters is 9000 characters.
#
# Seen: send() resolves with the first 4096 characters. The rest is lost without an
# error, and the next command gets its own reply.
#
# What follows: a list of players or bans that a panel reads through this client is
# cut as soon as a server is full. Commands whose reply may be long have to be asked
# for in parts, or through another client.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > npm.log 2>&1
npm install --silent --no-audit --no-fund rcon-client@4.2.5 > npm.log 2>&1 || { cat npm.log; exit 1; }
cat > try.js <<'JS'
const net = require('net');
const { Rcon } = require('rcon-client');

function packet(id, type, text) {
  const body = Buffer.from(text, 'latin1');
  const out = Buffer.alloc(14 + body.length);
  out.writeInt32LE(10 + body.length, 0);
  out.writeInt32LE(id, 4);
  out.writeInt32LE(type, 8);
  body.copy(out, 12);
  return out;
}

// Answers `status` with 9000 letters in three packets, `version` with one packet, and
// any other type of packet with an empty reply, as servers of Source do.
const server = net.createServer((socket) => {
  let heard = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (data) => {
    heard = Buffer.concat([heard, data]);
    while (heard.length >= 4 && heard.length >= 4 + heard.readInt32LE(0)) {
      const size = heard.readInt32LE(0);
      const [id, type] = [heard.readInt32LE(4), heard.readInt32LE(8)];
      const command = heard.toString('latin1', 12, 2 + size);
      heard = heard.subarray(4 + size);
      if (type === 3) socket.write(packet(id, 0, '')), socket.write(packet(id, 2, ''));
      else if (type === 2 && command === 'version') socket.write(packet(id, 0, '1.0'));
      else if (type === 2) for (let left = 9000; left > 0; left -= 4096)
        socket.write(packet(id, 0, 'x'.repeat(Math.min(left, 4096))));
      else socket.write(packet(id, 0, ''));
    }
  });
});

const version = (name) => require(`./node_modules/${name}/package.json`).version;

server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const one = await Rcon.connect({ host: '127.0.0.1', port, password: 'x' });
  const first = await one.send('status');
  console.log(`rcon-client ${version('rcon-client')}: ${first.length} of 9000 characters`);

  const next = await one.send('version');
  console.log(`the next command: ${JSON.stringify(next)}`);
  const asDescribed = first === 'x'.repeat(4096) && next === '1.0';
  console.log(asDescribed ? 'as described' : 'this has changed');
  process.exit(asDescribed ? 0 : 1);
});
JS
timeout 60 node try.js
