/** A million addresses cost no more memory than `maxAddresses` of them do. */

import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { RecentTable } from '../../src/server/recent-table.ts'
import { accessControl, hashToken, isRefusal } from '../../src/server.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapMiB(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const million = 1_000_000
const rate = { perAddress: { ratePerSecond: 1, burst: 5 } }

/** IPv4 and IPv6 in turns. */
function addressOf(n: number): string {
  return n % 2 === 0
    ? `${1 + (n >> 24)}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
    : `2001:db8:${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}::1`
}

test('W17: a million addresses, each with connections, requests, entries and failures', async () => {
  const maxAddresses = 16_384
  const access = accessControl({
    tokens: { shipper: { hash: hashToken('a-token-of-some-length') } },
    connectionRate: rate,
    requestRate: rate,
    entryRate: rate,
    maxConnectionsPerAddress: 10,
    maxAddresses,
  })
  const visit = async (n: number): Promise<void> => {
    const address = addressOf(n)
    const connection = access.connect(address)
    const req = { socket: { remoteAddress: address }, headers: { authorization: 'Bearer wrong' } }
    await access.request(req as unknown as IncomingMessage, 'ingest')
    access.entries({ name: undefined, provedBy: 'none', address }, 10)
    if (!isRefusal(connection)) connection.release()
  }
  const empty = heapMiB()
  for (let n = 0; n < 2 * maxAddresses; n++) await visit(n)
  const full = heapMiB()
  const started = performance.now()
  for (let n = 2 * maxAddresses; n < million; n++) await visit(n)
  const microseconds = ((performance.now() - started) * 1000) / million
  const after = heapMiB()
  console.info(
    `tables full ${(full - empty).toFixed(1)} MiB, after a million addresses ${(after - empty).toFixed(1)} MiB, ` +
      `${microseconds.toFixed(1)} µs each`,
  )
  expect(access.stats).toMatchObject({ connections: 0, refused: { 'credentials-wrong': million } })
  expect(access.stats.addresses).toBeLessThanOrEqual(maxAddresses)
  expect(access.stats.failingAddresses).toBeLessThanOrEqual(maxAddresses)
  expect(after - empty).toBeLessThan(64)
  expect(after - full).toBeLessThan(16)
}, 300_000)

test('the half that was used last is always remembered', () => {
  const table = new RecentTable<number>(100)
  for (let n = 0; n < 1000; n++) {
    table.set(`${n}`, n)
    expect(table.get('0'), 'used again and again').toBe(0)
    for (let back = 0; back < Math.min(n, 49); back += 7) expect(table.get(`${n - back}`)).toBe(n - back)
    expect(table.size).toBeLessThanOrEqual(100)
  }
  expect(table.get('1')).toBeUndefined()
})
