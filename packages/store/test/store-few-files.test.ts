/** A store where the system has no descriptors left: an error with a code each time, nothing left open, nothing lost. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { integrity, messages, temporaryDatabase } from './store-fixtures.ts'

const program = fileURLToPath(new URL('fixtures/open-with-few-files.ts', import.meta.url))

test('however few descriptors are free: an error with a code, none left open, nor the lock, and what was written is there', {
  timeout: 120_000,
}, async () => {
  const path = await temporaryDatabase()
  const words = [...process.execArgv, '--import', 'tsx', program, path].map((word) => `'${word}'`).join(' ')
  const child = spawn('sh', ['-c', `ulimit -n 200; exec '${process.execPath}' ${words}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
  expect(status).toBe(0)
  const trials = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { free: number; outcome: string; left: string[] })
  expect(trials).toHaveLength(18)
  expect(trials.flatMap(({ left }) => left)).toEqual([])
  const written = trials.filter(({ outcome }) => outcome === 'written')
  const refused = trials.filter(({ outcome }) => outcome !== 'written')
  expect(new Set(refused.map(({ outcome }) => outcome))).toEqual(new Set(['LogwispError STORE_FAILED']))
  expect(written.length).toBeGreaterThan(0)
  expect(messages(path)).toEqual(expect.arrayContaining(written.map(({ free }) => `line ${free}`)))
  expect(integrity(path)).toEqual([])
})
