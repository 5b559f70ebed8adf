/** `pnpm store`: how fast the store takes entries, beside bare SQLite, and how fast it finds them again. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { print, runCommand } from './harness/bench-command.ts'
import { countOption } from './harness/count-option.ts'
import { keepResults } from './harness/keep-results.ts'
import { describeMachine } from './harness/machine.ts'
import { MeasuredProcess } from './harness/measured-process.ts'
import { Progress } from './harness/progress.ts'
import { measureIngest } from './store/ingest.ts'
import { storePage, storeTables } from './store/store-page.ts'
import type { AnswersResult, BesideResult, StoreResults } from './store/store-result.ts'

const usage = `Measures the store: pnpm --filter @logwisp/bench store [options]

  --entries <n>        in the database (default 10000000, which takes some ten minutes and 10 GB)
  --rounds <n>         of the ways to put them in (default 1)
  --only <part>        ingest, beside or answers; may be repeated
  --seconds <n>        of appends beside each thing that goes on (default 20)
  --directory <path>   where databases are made (default the system's temporary directory); nothing of it is left
  --out <path>         where STORE.md and results/ are written (default: this package, but nowhere when only a part was
                       measured, or not at full size)
`

const fullSize = 10_000_000
const entriesPerSecond = 10_000
const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const progress = new Progress(process.stderr)

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      entries: { type: 'string' },
      rounds: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string', default: '20' },
      directory: { type: 'string', default: tmpdir() },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(usage)
  const entries = countOption('entries', values.entries ?? String(fullSize), 100)
  const rounds = countOption('rounds', values.rounds)
  const seconds = countOption('seconds', values.seconds)
  const isAsked = (part: string): boolean => values.only.length === 0 || values.only.includes(part)
  const out = values.out ?? (entries === fullSize && values.only.length === 0 ? packageDirectory : undefined)
  const directory = await mkdtemp(join(values.directory, 'logwisp-store-'))
  let results: StoreResults = { date: new Date().toISOString(), machine: describeMachine(), entries, rounds }
  try {
    const onStep = (what: string): void => progress.step(`ingest, ${what}`)
    const { rows, database } = await measureIngest({ directory, entries, rounds, isWhole: isAsked('ingest') }, onStep)
    if (isAsked('ingest')) results = { ...results, ingest: rows }
    if (isAsked('answers')) {
      progress.step('answers')
      const asked = {
        path: database,
        entries,
        maxCalls: entries < 100_000 ? 20 : 200,
        maxMs: entries < fullSize ? 2_000 : 10_000,
      }
      results = { ...results, answers: await run<AnswersResult>('pipelines/store-answers', asked) }
    }
    if (isAsked('beside')) {
      progress.step('beside')
      const asked = { path: database, entries, seconds, entriesPerSecond }
      const beside = await run<BesideResult>('pipelines/store-beside', asked)
      results = { ...results, beside: { ...beside, entriesPerSecond, seconds } }
    }
  } finally {
    progress.clear()
    await rm(directory, { recursive: true, force: true })
  }
  print(`\n${storeTables(results)}\n`)
  if (out !== undefined)
    await keepResults(
      out,
      { name: 'STORE.md', text: storePage(results) },
      { 'store.json': `${JSON.stringify(results, undefined, 1)}\n` },
    )
  return results.ingest?.some(({ problem }) => problem !== undefined) ? 1 : 0
}

async function run<Result extends object>(script: string, task: object): Promise<Result> {
  const child = new MeasuredProcess(script, task, 3_600_000)
  try {
    return await child.result<Result>()
  } finally {
    await child.end()
  }
}

await runCommand(main, progress)
