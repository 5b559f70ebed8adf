/**
 * What happens to the example log-ingestion under load happens here twice; the trials do it ten times:
 * `pnpm --filter @logwisp/bench trials --only kills`.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { killTrials } from '../trials/log-ingestion-kills.ts'

/** Processes start twice or more in each; a busy machine takes some seconds for one. */
const timeoutMs = 180_000

// Mostly they wait, for processes to start and for time to pass: so they do it together.
test.concurrent.for(killTrials)(
  '$name: no line is lost, none is stored twice, the database is sound',
  { timeout: timeoutMs },
  async (trial, { skip, expect, onTestFinished }) => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-kills-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const result = await trial.run(directory, { times: 2, linesPerSecond: 1000, troubleMs: 500 })
    if (typeof result === 'string') {
      console.warn(`SKIPPED: ${trial.name}: ${result}`)
      return skip()
    }
    expect(result).toMatchObject({ lost: 0, doubled: 0, disordered: 0, problems: [] })
    expect(result.written).toBeGreaterThan(1000)
    expect(result.peakBytes).toBeLessThan(300_000_000)
  },
)
