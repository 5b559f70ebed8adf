/** `pnpm buffer`: what a disk buffer costs, beside a bare loop that writes the same blocks. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bufferPage, bufferTables } from './buffer/buffer-page.ts'
import type { BufferResults, BufferRow, Fsync, RestartResult } from './buffer/buffer-result.ts'
import { print, runCommand } from './harness/bench-command.ts'
import { countOption } from './harness/count-option.ts'
import { keepResults } from './harness/keep-results.ts'
import { describeMachine } from './harness/machine.ts'
import type { Measurement } from './harness/measured.ts'
import { runMeasured } from './harness/measured-process.ts'
import { Progress } from './harness/progress.ts'
import { median } from './harness/statistics.ts'

const usage = `Measures the disk buffer: pnpm --filter @logwisp/bench buffer [options]

  --megabytes <n>      that go through it (default 1024)
  --rounds <n>         of each way (default 3)
  --directory <path>   where it writes (default the system's temporary directory); nothing of it is left
  --out <path>         where BUFFER.md and results/ are written (default: this package, but nowhere when it is not full size)
`

const fullSize = 1024
const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const progress = new Progress(process.stderr)
const fsyncs: readonly Fsync[] = ['never', 'interval', 'always']
const ways = ['bare', 'write', 'through'] as const

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      megabytes: { type: 'string', default: String(fullSize) },
      rounds: { type: 'string', default: '3' },
      directory: { type: 'string', default: tmpdir() },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(usage)
  const bytes = countOption('megabytes', values.megabytes) * 2 ** 20
  const rounds = countOption('rounds', values.rounds)
  const out = values.out ?? (bytes === fullSize * 2 ** 20 ? packageDirectory : undefined)
  const directory = await mkdtemp(join(values.directory, 'logwisp-buffer-'))
  const machine = describeMachine()
  try {
    const rows: BufferRow[] = []
    for (const fsync of fsyncs) rows.push(...(await measure(directory, fsync, bytes, rounds)))
    progress.step('restart')
    const restart = await measureRestart(directory, bytes)
    const results: BufferResults = { date: new Date().toISOString(), machine, bytes, rounds, rows, restart }
    progress.clear()
    print(`\n${bufferTables(results)}\n`)
    if (out !== undefined)
      await keepResults(
        out,
        { name: 'BUFFER.md', text: bufferPage(results) },
        { 'buffer.json': `${JSON.stringify(results, undefined, 1)}\n` },
      )
  } finally {
    progress.clear()
    await rm(directory, { recursive: true, force: true })
  }
  return 0
}

/** All ways in turn, in one order and then in the other: what slows the machine slows all of a round. */
async function measure(directory: string, fsync: Fsync, bytes: number, rounds: number): Promise<BufferRow[]> {
  const runs: Record<(typeof ways)[number], Measurement[]> = { bare: [], write: [], through: [] }
  for (let round = 0; round < rounds; round++) {
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      progress.step(`fsync ${fsync}, ${way}, round ${round + 1} of ${rounds}`)
      const place = join(directory, 'spool')
      await mkdir(place)
      const script = way === 'bare' ? 'peers/writev-loop' : 'pipelines/blocks-to-disk-buffer'
      runs[way].push(await runMeasured(script, { directory: place, path: join(place, 'bare'), fsync, way, bytes }))
      await rm(place, { recursive: true })
    }
  }
  const megabytes = bytes / 1e6
  return ways.map((way) => ({
    fsync,
    name: way,
    mbPerSecond: median(runs[way].map(({ ms }) => (megabytes * 1000) / ms)),
    ofBare: median(runs[way].map(({ ms }, round) => (runs.bare[round] as Measurement).ms / ms)),
    cpuMsPerMb: median(runs[way].map(({ cpuMs }) => cpuMs / megabytes)),
    peakRssBytes: median(runs[way].map(({ peakRssBytes }) => peakRssBytes)),
  }))
}

async function measureRestart(directory: string, bytes: number): Promise<RestartResult> {
  const task = { directory: join(directory, 'restart'), fsync: 'interval', bytes }
  await runMeasured('pipelines/blocks-to-disk-buffer', { ...task, way: 'write' })
  return { ...(await runMeasured<RestartResult>('pipelines/blocks-to-disk-buffer', { ...task, way: 'read' })), bytes }
}

await runCommand(main, progress)
