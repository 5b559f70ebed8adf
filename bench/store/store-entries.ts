/** The entries that the store is measured with: a web service's log, any of them at once by its number. */

import type { LogEntry, LogLevel, OriginTracker } from '@logwisp/core'

/** The first entry's; the others follow it at a steady pace. */
export const firstTime: number = Date.UTC(2026, 10, 14)

/** From one entry to the next: ten million are a week. */
export const paceMs = 60.48

/** In ten entries, whatever their number. */
export const rareWord = 'kingfisher'

/** In a hundredth of them; both in a fiftieth of that. */
export const twoWords = ['timeout', 'retrying'] as const

/** Of a thousand entries; the rest is info. */
const shares: readonly (readonly [LogLevel, number])[] = [
  ['fatal', 1],
  ['error', 30],
  ['warn', 120],
  ['debug', 150],
]
const parts = ['checkout', 'catalog', 'payments', 'sessions', 'shipping', 'search']
const methods = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE']
const paths = ['/api/orders', '/api/products', '/healthz', '/api/cart/items', '/login', '/api/search?q=kettle']
const sources = Array.from({ length: 24 }, (_, number) => `/var/log/web-${number}/app.log`)
/** How many different users there are. */
export const users = 99_991

const tracker: OriginTracker = { acknowledge: () => {} }

/** A function that gives the entry of a number below `count`; half of them have fields, all have an id. */
export function storeEntries(count: number): (number: number) => LogEntry {
  const rareEvery = Math.max(1, Math.floor(count / 10))
  return (number) => {
    const first = scramble(number)
    const second = scramble(first)
    const user = first % users
    const ms = second % 900
    const status = second % 23 === 0 ? 503 : 200
    const rare = number % rareEvery === rareEvery >> 1 ? ` ${rareWord}` : ''
    const slow = second % 5000 < 50 ? ` upstream ${twoWords[0]}` : ''
    const again = second % 5000 === 7 || first % 5000 < 49 ? ` ${twoWords[1]} in ${first % 9} s` : ''
    const part = parts[first % parts.length] as string
    const what = `${methods[second % methods.length] as string} ${paths[(first >>> 8) % paths.length] as string}`
    const message = `[${part}] request ${first.toString(16)} ${what} ${status} in ${ms} ms user=u-${user}${slow}${again}${rare}`
    const entry: LogEntry = {
      time: firstTime + Math.floor(number * paceMs),
      source: sources[(second >>> 5) % sources.length] as string,
      level: levelOf((first >>> 3) % 1000),
      message,
      origin: { tracker, sequence: number, id: `bench:${number}` },
    }
    return number % 2 === 0 ? entry : { ...entry, fields: { user, status, ms, region: 'eu-1' } }
  }
}

function levelOf(place: number): LogLevel {
  let below = 0
  for (const [level, share] of shares) {
    below += share
    if (place < below) return level
  }
  return 'info'
}

/** Mixes the bits of a number: two near each other give two that have nothing in common. */
function scramble(number: number): number {
  let mixed = (number + 0x6d2b79f5) | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
