/** `pnpm siege`: crowds of bad clients and bad endpoints, and what memory and well-behaved neighbours say to it. */

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { print, runCommand } from './harness/bench-command.ts'
import { keepResults } from './harness/keep-results.ts'
import { describeMachine } from './harness/machine.ts'
import { Progress } from './harness/progress.ts'
import { siegePage, siegeTables } from './siege/siege-page.ts'
import { siegePlot } from './siege/siege-plot.ts'
import type { SiegeResult, SiegeResults, SiegeSizes } from './siege/siege-result.ts'
import { sieges } from './siege/sieges.ts'

const usage = `Besieges stages: pnpm --filter @logwisp/bench siege [options]

  --connections <n>  bad clients at once (default 1000)
  --seconds <n>      of siege (default 60)
  --only <part>      only sieges whose name contains this; may be repeated
  --out <path>       where SIEGE.md and results/ are written (default: this package, but nowhere with --only or other sizes)
  --list             the names of the sieges
`

const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const progress = new Progress(process.stderr)

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      connections: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const asked = sieges.filter(({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)))
  if (values.help) return print(usage)
  if (values.list) return print(`${asked.map(({ name }) => name).join('\n')}\n`)
  const seconds = Number(values.seconds ?? 60)
  const connections = Number(values.connections ?? 1000)
  if (!(seconds >= 1 && connections >= 1)) throw new Error('--seconds and --connections must be at least 1')
  const isWhole = values.connections === undefined && values.seconds === undefined && values.only.length === 0
  const out = values.out ?? (isWhole ? packageDirectory : undefined)
  const sizes: SiegeSizes = { connections, siegeMs: seconds * 1000, quietMs: Math.min(10_000, seconds * 500) }
  const machine = describeMachine()
  const done: SiegeResult[] = []
  for (const siege of asked) {
    progress.step(siege.name)
    done.push(await siege.run(sizes))
  }
  progress.clear()
  const results: SiegeResults = { date: new Date().toISOString(), machine, sizes, sieges: done }
  print(`\n${siegeTables(done)}\n`)
  if (out !== undefined)
    await keepResults(
      out,
      { name: 'SIEGE.md', text: siegePage(results) },
      { 'siege.json': `${JSON.stringify(results)}\n`, 'siege.svg': siegePlot(results) },
    )
  return done.some(({ problem, phases }) => problem !== undefined || phases.some(({ served }) => served.problem))
    ? 1
    : 0
}

await runCommand(main, progress)
