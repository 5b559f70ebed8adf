/** `pnpm oracle`: a machine that tries to break delivery, for as long as it is let, and says what was lost. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { print, runCommand } from './harness/bench-command.ts'
import { describeMachine } from './harness/machine.ts'
import { Progress } from './harness/progress.ts'
import { guard } from './oracle/guard.ts'
import { oracleUsage, readOracleOptions } from './oracle/oracle-options.ts'
import { oraclePage, oracleTables } from './oracle/oracle-page.ts'
import { OracleRun } from './oracle/oracle-run.ts'
import { drawPlan, readPlan } from './oracle/plan.ts'
import { buffers } from './oracle/topologies/buffers.ts'
import { chain } from './oracle/topologies/chain.ts'
import { fanOut } from './oracle/topologies/fan-out.ts'
import { leaky } from './oracle/topologies/leaky.ts'
import { store } from './oracle/topologies/store.ts'

const all = [chain, fanOut, store, buffers]

/** What can be asked for: also one that loses lines, to see that this is seen. */
const known = [...all, leaky]

/** Built, this file is one level below the package. */
const packageDirectory = fileURLToPath(new URL(extname(import.meta.url) === '.ts' ? '.' : '..', import.meta.url))

async function main(): Promise<number> {
  const options = readOracleOptions(process.argv.slice(2))
  if (options.help) return print(oracleUsage)
  const { seed, seconds, linesPerSecond } = options
  const kinds = (options.topologies ?? all.map(({ name }) => name)).map((name) => {
    const kind = known.find((one) => one.name === name)
    if (kind === undefined) throw new Error(`there is no topology ${name}: ${all.map((one) => one.name).join(', ')}`)
    return kind
  })
  const targets = new Map(kinds.map((kind) => [kind.name, kind.targets]))
  const plan =
    options.plan === undefined
      ? drawPlan(seed, seconds, targets)
      : readPlan(readFileSync(options.plan, 'utf8'), targets)
  if (options.writePlan !== undefined) writeFileSync(options.writePlan, `${JSON.stringify(plan, undefined, 1)}\n`)
  const machine = describeMachine()
  const directory = mkdtempSync(join(tmpdir(), 'logwisp-oracle-'))
  // Those who work there are not we.
  chmodSync(directory, 0o755)
  const tell = (line: string): void => void print(`${line}\n`)
  const names = kinds.map(({ name }) => name).join(',')
  tell(
    `--seed ${plan.seed} --minutes ${plan.seconds / 60} --topologies ${names}: ${plan.faults.length} faults, in ${directory}`,
  )

  const name = `${process.pid}-${seed}`
  guard(name, directory)
  const run = new OracleRun({ kinds, plan, linesPerSecond, directory, run: name, tell })
  let isKept = options.keep
  const leave = (): void => {
    run.abandon(isKept)
    if (!isKept) rmSync(directory, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      leave()
      process.stderr.write(`ended by ${signal}; nothing is left running\n`)
      process.exit(1)
    })
  }
  try {
    const result = await run.run()
    isKept ||= !result.isClean
    print(`\n${oracleTables(result)}\n`)
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result)}\n`)
    if (options.page) {
      mkdirSync(join(packageDirectory, 'results'), { recursive: true })
      writeFileSync(join(packageDirectory, 'results', 'oracle.json'), `${JSON.stringify(result)}\n`)
      writeFileSync(join(packageDirectory, 'ORACLE.md'), oraclePage(result, machine))
      tell('written: bench/ORACLE.md and bench/results/oracle.json')
    }
    return result.isClean ? 0 : 1
  } catch (error) {
    isKept = true
    throw error
  } finally {
    leave()
    if (isKept) tell(`kept: ${directory}`)
  }
}

await runCommand(main, new Progress(process.stderr))
