/** `pnpm send`: an app that logs with pino, to a LogWisp at the address given. */

import pino from 'pino'

const url = process.argv[2] ?? 'http://127.0.0.1:8080/ingest'

// The transport has a thread of its own: sending takes no time of the app's, and what is logged last is sent before it exits.
const log = pino(pino.transport({ target: new URL('./http-transport.js', import.meta.url).href, options: { url } }))

log.info({ port: 3000 }, 'the shop is open')
for (let order = 1; order <= 1000; order++) log.debug({ order }, 'order %d came in', order)
for (let order = 1; order <= 1000; order++) log.info({ order, region: 'eu-1' }, `order ${order} was sent`)
log.error(new Error('the printer is on fire'))
