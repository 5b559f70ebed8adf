/** A pino transport that sends NDJSON by HTTP: what was logged while one request is under way goes with the next. */

import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * What pino loads in a thread of its own: JavaScript, since that thread has no loader for TypeScript.
 *
 * @param {{ url: string }} options
 */
// biome-ignore lint/style/noDefaultExport: that is how pino finds it
export default function httpTransport({ url }) {
  let unfinished = ''
  return new Writable({
    // Beyond this the app's thread keeps the lines, and beyond its own limit it waits.
    highWaterMark: 1024 * 1024,
    decodeStrings: false,
    writev(chunks, callback) {
      const text = unfinished + chunks.map(({ chunk }) => chunk).join('')
      const end = text.lastIndexOf('\n') + 1
      unfinished = text.slice(end)
      if (end === 0) return callback()
      send(url, text.slice(0, end)).then(() => callback(), callback)
    },
  })
}

/**
 * Tries until the lines are taken. The key is the same each time, so that none is taken twice.
 *
 * @param {string} url
 * @param {string} lines
 */
async function send(url, lines) {
  const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': randomUUID() }
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 10_000)) {
    const answer = await fetch(url, { method: 'POST', headers, body: lines }).catch(() => undefined)
    // What is refused for what it is would be refused for ever.
    if (answer !== undefined && answer.status < 500 && answer.status !== 408 && answer.status !== 429) return
    await delay(waitMs)
  }
}
