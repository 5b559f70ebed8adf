/** `pnpm send`: an app that logs with winston, to a LogWisp at the address given. */

import winston from 'winston'

const { hostname: host, port, pathname: path } = new URL(process.argv[2] ?? 'http://127.0.0.1:8080/ingest')

const log = winston.createLogger({
  level: 'debug',
  format: winston.format.combine(winston.format.timestamp(), winston.format.splat(), winston.format.json()),
  // Winston's own HTTP transport sends JSON arrays, which is one of the forms that httpSource takes.
  transports: [
    new winston.transports.Http({ host, port: Number(port), path, batch: true, batchCount: 100, batchInterval: 200 }),
  ],
})

log.info('the shop is open', { port: 3000 })
for (let order = 1; order <= 500; order++) log.debug('order %d came in', order, { order })
for (let order = 1; order <= 500; order++) log.info(`order ${order} was sent`, { order, region: 'eu-1' })
log.error('the printer is on fire', { code: 'EFIRE' })
