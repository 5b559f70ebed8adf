/**
 * A share of what `pnpm --filter @logwisp/bench kills` does: a process kills itself at a call to the file system, within a
 * write, and another one goes on. All calls, and kills of what goes on, are the matter of the command.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { killEverywhere } from '../kills/kill-run.ts'
import { scenarios } from '../kills/scenarios.ts'
import { victimProgram } from '../kills/victim-program.ts'

let directory: string
let program: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-kills-'))
  program = await victimProgram(directory)
})

afterAll(() => rm(directory, { recursive: true, force: true }))

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  'killed in the middle: %s',
  { timeout: 120_000 },
  async (_, scenario) => {
    const options = { program, directory, moments: ['half', 'after'], everyCalls: 11, killsAgain: 0 } as const
    const { kills, recoveries, lost, torn, problems } = await killEverywhere(scenario, options)
    expect({ lost, torn, problems }).toEqual({ lost: 0, torn: 0, problems: [] })
    expect(recoveries).toBe(kills)
    expect(kills).toBeGreaterThan(3)
  },
)
