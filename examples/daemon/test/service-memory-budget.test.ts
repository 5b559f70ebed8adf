/** One bound for the memory of all sinks, changed while the daemon runs. */

import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Config, configSchema } from '../src/config/schema.ts'
import type { BudgetStatus } from '../src/service/budget-status.ts'
import type { Service } from '../src/service/service-contract.ts'
import { Bench, fromFile, lines, toFar, until } from './pipeline-bench.ts'
import { StartedServices } from './started-services.ts'

let bench: Bench
let services: StartedServices
let service: Service
beforeEach(async () => {
  bench = await Bench.open()
  services = new StartedServices(bench)
})
afterEach(async () => {
  await services.stop()
  await bench.close()
})

/** A file goes to two far sides, of which each gets all of it. */
const configWith = (megabytes: number | undefined): Config =>
  configSchema.parse({
    ...(megabytes !== undefined && { memory_budget_mb: megabytes }),
    pipelines: [
      {
        name: 'app',
        sources: [fromFile(bench.path('in.log'))],
        sinks: [toFar('http://one/'), { ...toFar('http://two/'), buffer: { type: 'memory' } }],
      },
    ],
  })

const budget = (): BudgetStatus => service.status().memory.budget

/** A block of a file, which a holder may take beyond its share. */
const blockBytes = 65_536 + 1024

/** What is held stays as it is, and is about as much as there may be. */
async function untilFull(maxBytes: number): Promise<void> {
  await until(() => budget().held_bytes > maxBytes * 0.6 && budget().holders.some((holder) => holder.is_waiting))
  expect(budget().max_bytes).toBe(maxBytes)
  expect(budget().held_bytes).toBeLessThanOrEqual(maxBytes + budget().holders.length * blockBytes)
}

test('a reload raises and lowers the bound of what is held for sinks that take nothing; all of it arrives in the end, in order', async () => {
  const messages = Array.from({ length: 40_000 }, (_, n) => `line ${n} ${'x'.repeat(100)}`)
  await writeFile(bench.path('in.log'), lines(messages))
  const far = ['http://one/', 'http://two/'].map((url) => bench.far(url))
  for (const side of far) side.mode = 'stuck'
  service = await services.start(configWith(0.5))
  await untilFull(500_000)
  const names = budget().holders.map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining(['app/http_client/replaceableSink', 'app/http_client-2/replaceableSink']),
  )

  expect(await service.reload(services.loaded(configWith(1.5)))).toMatchObject({
    changes: ['memory_budget_mb: changed'],
  })
  await untilFull(1_500_000)

  // Lowered, nobody gets more; what is held goes as it is delivered.
  await service.reload(services.loaded(configWith(0.5)))
  const held = budget().held_bytes
  expect(budget()).toMatchObject({ max_bytes: 500_000, held_bytes: held })
  far[0]?.comeUp()
  await until(() => budget().held_bytes < held)
  far[1]?.comeUp()
  await until(() => far.every((side) => side.messages.length === messages.length))
  for (const side of far) expect(side.messages).toEqual(messages)
  await until(() => budget().held_bytes === 0)

  // Taken out of the configuration, it is no bound any more.
  expect(await service.reload(services.loaded(configWith(undefined)))).toMatchObject({
    changes: ['memory_budget_mb: changed'],
  })
  expect(budget()).not.toHaveProperty('max_bytes')
})
