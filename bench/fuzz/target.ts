/**
 * The program that is fuzzed: every stage that serves, with the limits that the cases aim at, in one process. It tells the
 * process that started it where they listen and which entries arrived, and ends by itself once all of them have ended.
 */

import { setTimeout as wait } from 'node:timers/promises'
import { arrivalSink } from './arrival-sink.ts'
import { type FuzzServer, openServers } from './servers.ts'

/** What the process tells. */
export type TargetReport =
  | { readonly kind: 'listening'; readonly ports: Readonly<Record<string, number>> }
  | { readonly kind: 'arrived'; readonly marks: readonly number[]; readonly strays: readonly string[] }
  | { readonly kind: 'health'; readonly health: Health }
  | { readonly kind: 'stopped' }

/** How the process feels. */
export interface Health {
  readonly rssBytes: number
  readonly inUseBytes: number
  /** Sockets, timers and the like that are open, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Survivable trouble that the stages have told of, by code. */
  readonly warnings: Readonly<Record<string, number>>
}

/** What the process is told. */
export type TargetWish = 'health' | 'stop'

const reportEveryMs = 5
const flowEveryMs = 20

const arrivals = arrivalSink()
const warnings: Record<string, number> = {}
const servers: readonly FuzzServer[] = await openServers(arrivals.take, (code) => {
  warnings[code] = (warnings[code] ?? 0) + 1
})

function tell(report: TargetReport): void {
  process.send?.(report)
}

function reportArrivals(): void {
  const { marks, strays } = arrivals.drain()
  if (marks.length > 0 || strays.length > 0) tell({ kind: 'arrived', marks, strays })
}

async function health(): Promise<Health> {
  // Twice: the memory of a Buffer goes only after its object has gone.
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.()
    await wait(10)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  return { rssBytes: rss, inUseBytes: heapUsed + external, resources, warnings: { ...warnings } }
}

async function stop(): Promise<void> {
  clearInterval(flow)
  await Promise.all(servers.map((server) => server.stop()))
  clearInterval(reporting)
  reportArrivals()
  tell({ kind: 'stopped' })
  // Nothing is left to do: whatever keeps the process alive now was forgotten.
  process.disconnect()
}

let given = 0
const flow = setInterval(() => {
  given++
  for (const server of servers) server.give?.(given)
}, flowEveryMs)
const reporting = setInterval(reportArrivals, reportEveryMs)

process.on('message', (wish: TargetWish) => {
  if (wish === 'stop') void stop()
  else void health().then((one) => tell({ kind: 'health', health: one }))
})
tell({ kind: 'listening', ports: Object.fromEntries(servers.map(({ name, port }) => [name, port])) })
