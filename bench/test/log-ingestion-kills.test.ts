/**
 * What happens to the example log-ingestion under load happens here once or twice; the trials do it ten times:
 * `pnpm --filter @logwisp/bench trials --only kills`.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { killTrials } from '../trials/log-ingestion-kills.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-kills-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

test.for(killTrials)('$name: no line is lost, none is stored twice, the database is sound', async (trial, { skip }) => {
  const result = await trial.run(directory, { times: 2, linesPerSecond: 2000, troubleMs: 500 })
  if (typeof result === 'string') {
    console.warn(`SKIPPED: ${trial.name}: ${result}`)
    return skip()
  }
  expect(result).toMatchObject({ lost: 0, doubled: 0, disordered: 0, problems: [] })
  expect(result.written).toBeGreaterThan(1000)
  expect(result.peakBytes).toBeLessThan(300_000_000)
})
