/** Stages of one's own: each keeps the contract that LogWisp's own keep, and the example prints what it says. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { filterContract, sinkContract, sourceContract } from '@logwisp/core/testing'
import { expect, test } from 'vitest'
import { countLevels } from '../src/count-levels.ts'
import { slowStore } from '../src/slow-store.ts'
import { tickerSource } from '../src/ticker-source.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test('prints three ticks and their levels', async () => {
  const words = ['--import', 'tsx', '--conditions=@logwisp/source', main]
  const { stdout } = await promisify(execFile)(process.execPath, words)
  expect(stdout).toBe('info tick 1\ninfo tick 2\ninfo tick 3\n{ info: 3 }\n')
})

const contracts = {
  filter: filterContract(() => countLevels(new Map()), { expected: (entries) => entries }),
  sink: sinkContract(() => slowStore([])),
  source: sourceContract(() => tickerSource(1, 3), { messages: ['tick 1', 'tick 2', 'tick 3'] }),
}
for (const [stage, contract] of Object.entries(contracts)) {
  for (const { name, run } of contract) test(`the ${stage} ${name}`, run)
}
