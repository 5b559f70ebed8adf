/** `logwisp top`: what it makes of two looks at a daemon, and the terminal that it leaves as it was. */

import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { styles } from '../src/commands/terminal/styles.ts'
import { rateTable } from '../src/commands/top/rate-table.ts'
import { type Look, ratesBetween, sorted } from '../src/commands/top/stage-rates.ts'
import type { PipelineStatus } from '../src/pipeline/pipeline-status.ts'
import type { ServiceStatus } from '../src/service/service-status.ts'
import {
  command,
  type RunningCommand,
  removeDirectory,
  startAtTerminal,
  startCommand,
  temporaryDirectory,
} from './command-process.ts'

/** A pipeline that took so many entries, of which the file has some and some were dropped. */
function pipeline(taken: number, delivered: number, dropped: number, made = 'then'): PipelineStatus {
  const stage = { state: 'running', restarts: 0, last_error: undefined, start_time: made, dropped: {}, details: {} }
  return {
    state: 'running',
    total_processed: taken,
    total_dropped_rate_limit: 0,
    rate_limiter: { enabled: false },
    sources: [
      {
        ...stage,
        type: 'file',
        total_entries: taken,
        total_dropped: 0,
        files: [{ path: '/a', position: 0, size: 2500, lag: 2500 }],
      },
    ],
    filters: {
      filters: [
        {
          type: 'include',
          logic: 'or',
          pattern_count: 1,
          total_processed: taken,
          total_dropped: taken - delivered - dropped,
        },
      ],
    },
    sinks: [
      {
        ...stage,
        type: 'http_client',
        state: dropped > 0 ? 'restarting' : 'running',
        last_error: 'no route',
        total_delivered: delivered,
        total_dropped: dropped,
        queue: { entries: 7, bytes: 1 },
      },
    ],
  } as unknown as PipelineStatus
}

function look(atMs: number, pipelines: Record<string, PipelineStatus>, pid = 1): Look {
  return { atMs, status: { pid, start_time: 'x', pipelines } as unknown as ServiceStatus }
}

describe('rates', () => {
  test('are the difference of two looks by the time between them', () => {
    const rates = ratesBetween(look(1000, { app: pipeline(100, 80, 0) }), look(3000, { app: pipeline(300, 180, 40) }))
    expect(rates[0]?.pipeline).toMatchObject({ name: 'app', rate: 100, total: 300, dropRate: 20, dropped: 40 })
    expect(rates[0]?.stages).toMatchObject([
      { kind: 'source', name: 'file', rate: 100, dropRate: 0, lagBytes: 2500 },
      { kind: 'filter', name: 'include', rate: 100, dropRate: 30, isChosen: true },
      { kind: 'sink', name: 'http_client', rate: 50, dropRate: 20, queued: 7, lastError: 'no route' },
    ])
  })

  test('are not known in the first look, of another process, and of a stage that was made anew', () => {
    const now = look(2000, { app: pipeline(10, 5, 0) })
    expect(ratesBetween(undefined, now)[0]?.pipeline.rate).toBeUndefined()
    expect(ratesBetween(look(1000, { app: pipeline(5, 5, 0) }, 2), now)[0]?.pipeline.rate).toBeUndefined()
    const anew = ratesBetween(look(1000, { app: pipeline(9, 5, 0, 'earlier') }), now)[0]
    expect([anew?.pipeline.rate, ...(anew?.stages ?? []).map(({ rate }) => rate)]).toEqual([1, undefined, 1, undefined])
  })

  test('are sorted by rate, by drops or by name', () => {
    const before = look(0, { a: pipeline(0, 0, 0), b: pipeline(0, 0, 0), c: pipeline(0, 0, 0) })
    const rates = ratesBetween(before, look(1000, { c: pipeline(9, 0, 1), a: pipeline(5, 0, 0), b: pipeline(7, 0, 4) }))
    const names = (order: 'rate' | 'drops' | 'name'): string =>
      sorted(rates, order)
        .map(({ pipeline }) => pipeline.name)
        .join('')
    expect([names('rate'), names('drops'), names('name')]).toEqual(['cba', 'bca', 'abc'])
  })

  test('are a table with drops in red; what a filter drops is no loss; narrow terminals get fewer columns', () => {
    const rates = ratesBetween(
      look(0, { app: pipeline(100, 80, 0) }),
      look(2000, { app: pipeline(30_100, 20_080, 40) }),
    )
    const lines = rateTable(rates, 100, styles(true))
    expect(lines.map((line) => line.replaceAll(/\x1b\[\d+m/g, '').trimEnd())).toEqual([
      'PIPELINE            ENTRIES/S   TOTAL  DROPS/S  DROPPED  WAITING  CLIENTS',
      'app                    15,000  30,100       20       40',
      '  source file          15,000  30,100        0        0   2.5 kB',
      '  filter include       15,000  30,100    4,980    9,980',
      '  sink http_client     10,000  20,080       20       40        7           restarting: no route',
    ])
    expect(lines[1]).toContain('\x1b[31m     20\x1b[39m')
    expect(lines[3]).not.toContain('\x1b[31m')
    for (const width of [30, 44, 60, 80]) {
      for (const line of rateTable(rates, width, styles(false))) expect(line.length, line).toBeLessThanOrEqual(width)
    }
    expect(rateTable(rates, 44, styles(false))[0]).toBe('PIPELINE            ENTRIES/S  DROPS/S')
  })
})

test('a stage that runs and has trouble says so: books that do not balance, a buffer that is full', () => {
  const { sources, sinks, ...app } = pipeline(10, 10, 0)
  const rates = ratesBetween(
    undefined,
    look(0, {
      app: {
        ...app,
        sources: sources.map((source) => ({ ...source, books: { balanced: false } })),
        sinks: sinks.map((sink) => ({ ...sink, buffer: { is_full: true } })),
      } as unknown as PipelineStatus,
    }),
  )
  const lines = rateTable(rates, 120, styles(false))
  expect(lines[2]).toMatch(/source file .* its books do not balance$/)
  expect(lines[4]).toMatch(/sink http_client .* its buffer is full$/)
})

describe('of a running daemon', () => {
  let cwd: string
  let daemon: RunningCommand
  let url: string
  let writing: NodeJS.Timeout

  beforeAll(async () => {
    cwd = await temporaryDirectory()
    await mkdir(join(cwd, 'logs'))
    const probe = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address() as { port: number }
    probe.close()
    url = `http://127.0.0.1:${port}`
    await writeFile(
      join(cwd, 'logwisp.toml'),
      `[[pipelines]]
name = "app"
sources = [{ type = "directory", options = { path = "logs" } }]
filters = [{ patterns = ["odd"] }]
sinks = [{ type = "http", options = { port = ${port} } }, { type = "file", options = { directory = "out", name = "app", min_disk_free_mb = 0 } }]
`,
    )
    daemon = startCommand(['-c', 'logwisp.toml'], { cwd })
    await daemon.says(/listening/)
    let line = 0
    writing = setInterval(() => void appendFile(join(cwd, 'logs', 'a.log'), line++ % 2 ? 'odd\n' : 'even\n'), 10)
  })
  afterAll(async () => {
    clearInterval(writing)
    daemon.child.kill('SIGTERM')
    await daemon.result
    await removeDirectory(cwd)
  })

  test('--once prints one table; without an address the configuration says where', async () => {
    const [text, json] = await Promise.all([
      command(['top', url, '--once', '--interval', '0.5'], { cwd }),
      command(['top', '-c', 'logwisp.toml', '--once', '--json', '--interval', '0.5'], { cwd }),
    ])
    expect([text.code, json.code], text.stderr + json.stderr).toEqual([0, 0])
    expect(text.stdout).toMatch(
      /^LogWisp \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+ · running · up \d+ s · \d+ MB of memory · 1 pipeline\nPIPELINE .*\napp +[\d,.]+ .*\n {2}source directory .*\n {2}filter include .*\n {2}sink http .*\n {2}sink file .*\n\n$/,
    )
    const { pipelines } = JSON.parse(json.stdout) as {
      pipelines: { name: string; rate: number; stages: { name: string }[] }[]
    }
    expect(pipelines[0]?.rate).toBeGreaterThan(1)
    expect(pipelines[0]?.stages.map(({ name }) => name)).toEqual(['directory', 'include', 'http', 'file'])
  })

  test('at a terminal it redraws in place, pauses, and leaves the first screen as it was at q', async () => {
    const top = startAtTerminal(['top', url, '--interval', '0.2'], { cwd })
    await top.says(/\x1b\[\?1049h\x1b\[\?25l[\s\S]*PIPELINE[\s\S]*sink file[\s\S]*q quit · p pause · ←→ sorted by rate/)
    top.child.stdin?.write('p')
    await top.says(/paused · q quit · p go on/)
    top.child.stdin?.write('p\x1b[C')
    await top.says(/sorted by drops/)
    top.child.stdin?.write('q')
    const { code, stdout } = await top.result
    expect(code).toBe(0)
    expect(stdout).toMatch(/\x1b\[\?25h\x1b\[\?1049l$/)
    // A terminal of 100 columns: no line was wider.
    const screens = stdout
      .split('\x1b[H')
      .slice(1)
      .flatMap((screen) => screen.split('\r\n'))
    const widths = screens.map((line) => line.replaceAll(/\x1b\[[?\d;]*[A-Za-z]/g, '').replaceAll('\r', '').length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(100)
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('and at %s', async (signal) => {
    const top = startAtTerminal(['top', url, '--interval', '0.2'], { cwd })
    await top.says(/sink file/)
    // `script` has one child: the shell that became the program.
    const script = String(top.child.pid)
    const pid = await readFile(`/proc/${script}/task/${script}/children`, 'utf8')
    process.kill(Number(pid), signal)
    const { stdout } = await top.result
    expect(stdout).toMatch(/\x1b\[\?25h\x1b\[\?1049l/)
  })

  test('nobody who answers is an error, with 1', async () => {
    const { code, stderr } = await command(['top', 'http://127.0.0.1:1'], { cwd })
    expect([code, stderr]).toEqual([1, 'logwisp: http://127.0.0.1:1 does not answer: nobody listens there\n'])
  })
})
