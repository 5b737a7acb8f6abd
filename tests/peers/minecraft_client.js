// A client of Minecraft of another project, minecraft-protocol, which joins a server and prints
// each line of the chat: node minecraft_client.js PORT NAME
'use strict'
const protocol = require('minecraft-protocol')
const client = protocol.createClient({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  username: process.argv[3],
  auth: 'offline',
  version: '1.21.4'
})
client.on('login', () => console.log('joined'))
client.on('systemChat', (packet) => console.log('told: ' + packet.formattedMessage))
client.on('playerChat', (packet) => console.log('told: ' + packet.formattedMessage))
client.on('error', (error) => console.log('error: ' + error.message))
client.on('end', (why) => { console.log('left: ' + why); process.exit(0) })
