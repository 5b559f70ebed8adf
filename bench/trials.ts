/**
 * `pnpm trials`: the reference daemon under reloads, at its start and end, and through a day of its life; the example
 * log-ingestion while all that can happen to it happens.
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { print, runCommand } from './harness/bench-command.ts'
import { describeMachine } from './harness/machine.ts'
import { Progress } from './harness/progress.ts'
import { dayInTheLife } from './trials/day-in-the-life.ts'
import {
  type IngestionTrials,
  ingestionPage,
  ingestionTables,
  isHarmless,
  type TriedKill,
} from './trials/ingestion-page.ts'
import { killTrials } from './trials/log-ingestion-kills.ts'
import { type LongChainResult, longChain } from './trials/long-chain.ts'
import { isWhole, longChainPage, longChainPlot, longChainTables } from './trials/long-chain-page.ts'
import { reloadUnderLoad } from './trials/reload-under-load.ts'
import { type SeenSizes, seenInBrowser } from './trials/seen-in-browser.ts'
import { startAndStop } from './trials/start-and-stop.ts'
import { type TrialResults, trialsPage, trialsTables } from './trials/trials-page.ts'

const usage = `Tries the reference daemon, and the example log-ingestion: pnpm --filter @logwisp/bench trials [options]

  --only <part>   start, reload, day, kills, browser or chain; may be repeated
  --seconds <n>   of the day (default 600); reloads take a tenth of it; with less, kills are few too
  --keep          leaves what the daemon wrote where it is, and says where
`

const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const progress = new Progress(process.stderr)

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      only: { type: 'string', multiple: true, default: ['start', 'reload', 'day', 'kills', 'browser', 'chain'] },
      seconds: { type: 'string', default: '600' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(usage)
  const seconds = Number(values.seconds)
  if (!(seconds >= 10)) throw new Error('--seconds must be at least 10')
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-trials-'))
  const asked = new Set(values.only)
  const place = async (name: string): Promise<string> => {
    progress.step(name)
    const path = join(directory, name)
    await mkdir(path)
    return path
  }
  const quick = seconds < 600
  let ingestion: IngestionTrials = {}
  let chain: LongChainResult | undefined
  let results: TrialResults = { date: new Date().toISOString(), machine: describeMachine() }
  try {
    if (asked.has('start')) {
      const sizes = quick
        ? { rounds: 3, queuedLines: 50_000, idleSeconds: 3, manyFiles: 1000 }
        : { rounds: 10, queuedLines: 1_000_000, idleSeconds: 30, manyFiles: 1000 }
      results = { ...results, startAndStop: await startAndStop(await place('start'), sizes) }
    }
    if (asked.has('reload')) {
      const sizes = { reloads: Math.round(seconds / 6), seconds: seconds / 10, linesPerSecond: 5000, viewers: 10 }
      results = { ...results, reloadUnderLoad: await reloadUnderLoad(await place('reload'), sizes) }
    }
    if (asked.has('day')) {
      const sizes = { seconds, linesPerSecond: 10_000 }
      const day = await dayInTheLife(await place('day'), sizes, (what) => progress.step(`day: ${what}`))
      results = { ...results, dayInTheLife: day }
    }
    if (asked.has('kills')) {
      const sizes = { times: quick ? 2 : 10, linesPerSecond: 2000, troubleMs: quick ? 500 : 2000 }
      const kills: TriedKill[] = []
      for (const [index, trial] of killTrials.entries()) {
        progress.step(`kills: ${trial.name}`)
        kills.push({
          name: trial.name,
          times: sizes.times,
          result: await trial.run(await place(`kill-${index}`), sizes),
        })
      }
      ingestion = { ...ingestion, kills }
    }
    if (asked.has('browser')) {
      const seen = await seenInBrowser(await place('browser'), quick ? quickSeen : fullSeen, (what) => {
        progress.step(`browser: ${what}`)
      })
      ingestion = { ...ingestion, seen }
    }
    if (asked.has('chain')) {
      const lines = quick ? 200_000 : 10_000_000
      const sizes = { lines, linesPerFile: lines / 20, patienceSeconds: 120 }
      chain = await longChain(await place('chain'), sizes, (what) => progress.step(`chain: ${what}`))
    }
  } finally {
    progress.clear()
    if (values.keep) print(`kept: ${directory}\n`)
    else await rm(directory, { recursive: true, force: true })
  }
  const chainText = chain === undefined ? '' : `${longChainTables(chain)}\n`
  print(`${trialsTables(results)}\n${ingestionTables(ingestion)}\n${chainText}`)
  if (!quick && ['start', 'reload', 'day'].every((part) => asked.has(part)))
    await write('DAEMON.md', trialsPage(results))
  if (!quick && asked.has('kills'))
    await write('LOG-INGESTION.md', ingestionPage(results.date, results.machine, ingestion))
  if (!quick && chain !== undefined) {
    await write('LONG-CHAIN.md', longChainPage(results.date, results.machine, chain))
    await write('results/long-chain.svg', longChainPlot(results.date, results.machine, chain))
  }
  return isRight(results) && (chain === undefined || isWhole(chain)) && (ingestion.kills ?? []).every(isHarmless)
    ? 0
    : 1
}

const fullSeen: SeenSizes = {
  linesPerSecond: [100, 1000, 10_000],
  seconds: 60,
  rows: 1_000_000,
  fillPerSecond: 10_000,
  scrollSeconds: 30,
  heapSeconds: 500,
  heapEverySeconds: 20,
}

const quickSeen: SeenSizes = {
  linesPerSecond: [100, 1000, 10_000],
  seconds: 5,
  rows: 50_000,
  fillPerSecond: 10_000,
  scrollSeconds: 5,
  heapSeconds: 5,
  heapEverySeconds: 5,
}

async function write(name: string, page: string): Promise<void> {
  await writeFile(join(packageDirectory, name), page)
  print(`written: bench/${name}\n`)
}

/** Whether nothing was lost that was promised to be kept, and every book balances. */
function isRight({ reloadUnderLoad: reload, dayInTheLife: day }: TrialResults): boolean {
  const reloaded = reload === undefined || reload.pipelines.every(({ lost, repeated }) => lost + repeated === 0)
  const lived =
    day === undefined || (day.balances.every(({ balances }) => balances) && day.series.every(({ lost }) => lost === 0))
  return reloaded && lived
}

await runCommand(main, progress)
