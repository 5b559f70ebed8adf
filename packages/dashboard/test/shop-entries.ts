/** What the programs of a web shop write: entries for pictures and tests, the same for the same seed. */

import type { LogEntry } from '@logwisp/core'

export interface ShopOptions {
  readonly seed: number
  /** In ms since the epoch. */
  readonly from: number
  readonly to: number
  readonly entriesPerSecond: number
  /** A stretch in which the bank does not answer. */
  readonly trouble?: { readonly from: number; readonly to: number } | undefined
}

/** In the order of their times. */
export function* shopEntries({ seed, from, to, entriesPerSecond, trouble }: ShopOptions): Generator<LogEntry> {
  const random = randomFrom(seed)
  const gapMs = 1000 / entriesPerSecond
  for (let time = from; time < to; ) {
    const isTrouble = trouble !== undefined && time >= trouble.from && time < trouble.to
    yield* happening(Math.floor(time), random, isTrouble)
    // Busier and quieter hours, so that the histogram has a shape.
    const tide = 1 + 0.45 * Math.sin(time / 900_000) + 0.25 * Math.sin(time / 170_000)
    time += (-Math.log(1 - random()) * gapMs) / tide
  }
}

const paths = ['/', '/api/items/2231', '/api/items/87', '/api/cart', '/api/orders', '/assets/app.css', '/login']
const people = ['ada', 'grace', 'edsger', 'barbara', 'donald', 'radia']

function* happening(time: number, random: () => number, isTrouble: boolean): Generator<LogEntry> {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const request = Math.floor(random() * 1e6).toString(36)
  const user = { id: 40 + Math.floor(random() * 900), name: one(people) }
  const ms = Math.round((4 + random() * 60) * (isTrouble ? 9 : 1))
  const kind = random()
  const web = { time, source: '/var/log/shop/web.log' }
  const pay = { time, source: '/var/log/shop/payment.log' }
  if (isTrouble && kind < 0.22) {
    const fields = {
      request,
      user,
      bank: { host: 'gateway.bank.example', port: 443, attempt: 1 + Math.floor(random() * 5) },
    }
    if (kind < 0.01)
      yield { ...pay, level: 'fatal', message: 'no bank answers: orders are refused from here on', fields }
    else if (kind < 0.12)
      yield { ...pay, level: 'error', message: `charge of order ${order(random)} failed: connect ETIMEDOUT`, fields }
    else yield { ...pay, level: 'warn', message: `the bank is slow: ${ms} ms, trying again`, fields }
  } else if (kind < 0.55) {
    const path = one(paths)
    const status = random() < 0.03 ? 404 : random() < 0.012 ? 500 : 200
    const level = status === 500 ? 'error' : status === 404 ? 'warn' : 'info'
    yield {
      ...web,
      level,
      message: `GET ${path} ${status} ${ms} ms`,
      fields: { request, method: 'GET', path, status, ms, user },
    }
  } else if (kind < 0.7) {
    const key = `session:${request}`
    yield {
      ...web,
      level: 'debug',
      message: `cache ${random() < 0.7 ? 'hit' : 'miss'} ${key}`,
      fields: { key, ttl: 900 },
    }
  } else if (kind < 0.8) {
    const items = 1 + Math.floor(random() * 4)
    yield {
      ...pay,
      level: 'info',
      message: `order ${order(random)} paid by ${user.name}`,
      fields: { request, user, items },
    }
  } else if (kind < 0.88) yield { ...web, message: `${user.name} looks at item ${1000 + Math.floor(random() * 9000)}` }
  else if (kind < 0.97) {
    const job = one(['mail', 'thumbnails', 'stock'])
    yield {
      time,
      source: 'worker-3',
      level: 'info',
      message: `job ${job} done in ${ms} ms`,
      fields: { job, ms, queue: ['high', 'mail'] },
    }
  } else if (kind < 0.993)
    yield {
      time,
      source: 'worker-3',
      level: 'warn',
      message: `${80 + Math.floor(random() * 19)} of 100 connections in use`,
    }
  else
    yield {
      time,
      source: 'worker-3',
      level: 'error',
      message:
        'TypeError: Cannot read properties of undefined (reading "price")\n    at total (/srv/shop/cart.js:41:17)\n    at runJob (/srv/shop/worker.js:112:9)',
      fields: { job: 'stock', node: 'v20.20.2' },
    }
}

function order(random: () => number): number {
  return 50_000 + Math.floor(random() * 9_999)
}

/** Numbers from 0 to 1, as random as pictures need. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
