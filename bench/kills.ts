/** `pnpm kills`: processes that are killed at every call by which they change the disk, and what the next ones find. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { print, runCommand } from './harness/bench-command.ts'
import { keepResults } from './harness/keep-results.ts'
import { describeMachine } from './harness/machine.ts'
import { Progress } from './harness/progress.ts'
import { type KillFigures, killEverywhere } from './kills/kill-run.ts'
import { type KillResults, killsPage, killsTables } from './kills/kills-page.ts'
import { scenarios } from './kills/scenarios.ts'
import { victimProgram } from './kills/victim-program.ts'

const usage = `Kills processes at every call to the file system: pnpm --filter @logwisp/bench kills [options]

  --every <n>     only every n-th call (default 1)
  --again <n>     kill what goes on too, at each of its first n calls (default 4; 0: no), after every sixth of those calls
  --only <part>   only what has this in its name; may be repeated
  --out <path>    where KILLS.md and results/ are written (default: this package, but nowhere with other options)
  --list          the names of what is killed
`

const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const progress = new Progress(process.stderr)
/** All of them in both lives would take an hour. */
const callsBetweenTwice = 6
const everyMoment = ['before', 'first byte', 'half', 'last byte', 'after'] as const

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      every: { type: 'string' },
      again: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { only } = values
  const asked = scenarios.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  if (values.help) return print(usage)
  if (values.list) return print(`${asked.map(({ name }) => name).join('\n')}\n`)
  const everyCalls = Number(values.every ?? 1)
  const again = Number(values.again ?? 4)
  if (!(everyCalls >= 1 && again >= 0)) throw new Error('--every must be at least 1, --again at least 0')
  const isWhole = values.every === undefined && values.again === undefined && only.length === 0
  const out = values.out ?? (isWhole ? packageDirectory : undefined)
  const since = performance.now()
  const machine = describeMachine()
  const once: KillFigures[] = []
  const twice: KillFigures[] = []
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-kills-'))
  try {
    const program = await victimProgram(directory)
    const common = { program, directory, everyCalls }
    for (const scenario of asked) {
      progress.step(scenario.name)
      once.push(await killEverywhere(scenario, { ...common, moments: everyMoment, killsAgain: 0 }))
      if (again === 0) continue
      progress.step(`${scenario.name}, twice`)
      const calls = everyCalls * callsBetweenTwice
      twice.push(await killEverywhere(scenario, { ...common, everyCalls: calls, moments: [], killsAgain: again }))
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  progress.clear()
  const durationMs = Math.round(performance.now() - since)
  const results: KillResults = { date: new Date().toISOString(), machine, durationMs, once, twice }
  print(`\n${killsTables(results)}\n`)
  if (out !== undefined)
    await keepResults(
      out,
      { name: 'KILLS.md', text: killsPage(results) },
      { 'kills.json': `${JSON.stringify(results, undefined, 2)}\n` },
    )
  return [...once, ...twice].some(({ problems }) => problems.length > 0) ? 1 : 0
}

await runCommand(main, progress)
