// A server of Minecraft of another project, flying-squid, at a port: node minecraft_server.js PORT
'use strict'
const squid = require('flying-squid')
const settings = require('flying-squid/config/default-settings.json')
squid.createMCServer({
  ...settings,
  port: Number(process.argv[2]),
  'online-mode': false,
  logging: false,
  'view-distance': 2,
  generation: { name: 'superflat', options: {} },
  worldFolder: undefined
})
