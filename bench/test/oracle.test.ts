/**
 * The oracle for some two minutes: real processes, everything that can go wrong going wrong, and a judge who knows what is
 * owed. For longer: `pnpm --filter @logwisp/bench oracle --minutes 30`.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Arrivals } from '../oracle/arrivals.ts'
import { Stream } from '../oracle/debts.ts'
import type { OracleResult } from '../oracle/oracle-run.ts'
import { drawPlan, faultKinds, readPlan } from '../oracle/plan.ts'
import { buffers } from '../oracle/topologies/buffers.ts'
import { chain } from '../oracle/topologies/chain.ts'
import { fanOut } from '../oracle/topologies/fan-out.ts'
import { store } from '../oracle/topologies/store.ts'

const program = fileURLToPath(new URL('../oracle.ts', import.meta.url))

/** Its processes see the packages as the tests do: built by `pnpm test`, else their sources. */
const nodeWords = [
  ...(process.env['TEST_BUILT'] === '1' ? [] : process.execArgv),
  '--import',
  import.meta.resolve('tsx'),
]

const kinds = [chain, fanOut, store, buffers]
/** One topology is enough to see what is left of it: it has processes, clocks, links and a disk. */
const small = ['--topologies', 'store']

const targets = new Map(kinds.map((kind) => [kind.name, kind.targets]))

describe('pnpm oracle', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'logwisp-oracle-test-'))
    // The processes of a run are somebody else's than ours where that is root.
    await chmod(directory, 0o755)
  })
  afterEach(async ({ task }) => {
    // A run that failed has said where it keeps what it wrote: it is there for whoever looks.
    if (task.result?.state === 'fail') console.warn(`kept: ${directory}`)
    else await rm(directory, { recursive: true, force: true })
  })

  function start(...words: readonly string[]): { readonly child: ChildProcess; readonly said: () => string } {
    const child = spawn(process.execPath, [...nodeWords, program, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: directory },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    }
    return { child, said: () => said }
  }

  it('finds nothing lost, torn or invented behind four topologies', { timeout: 300_000 }, async () => {
    const json = join(directory, 'result.json')
    const { child, said } = start('--minutes', '1.3', '--seed', '20261121', '--json', json)
    const [code] = await once(child, 'close')
    console.info(said())
    const result = JSON.parse(await readFile(json, 'utf8')) as OracleResult
    for (const what of result.notTried) console.warn(`NOT TRIED: ${what}`)
    for (const { name, acknowledged, sinks } of result.topologies) {
      expect(acknowledged, name).toBeGreaterThan(10_000)
      for (const { lost, unknown, torn } of sinks)
        expect({ name, lost, unknown, torn }).toEqual({ name, lost: 0, unknown: 0, torn: 0 })
    }
    expect(code).toBe(0)
    expect(Object.values(result.faults).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(80)
    await leftNothing(child, directory, ['result.json'])
  })

  it('finds out a chain that says too early that entries are delivered', { timeout: 180_000 }, async () => {
    const { child, said } = start('--minutes', '0.1', '--seed', '7', '--topologies', 'leaky', '--rate', '1000')
    const [code] = await once(child, 'close')
    expect(said()).toContain('NOT CLEAN')
    expect(said()).toMatch(/lost: leaky log \d+, drawn at \d+ s/)
    expect(code).toBe(1)
    // What was written is kept, for whoever looks for the cause.
    const [kept] = /(?<=kept: )\S+/.exec(said()) ?? []
    await leftNothing(child, directory, [kept?.slice(directory.length + 1) ?? 'nothing was kept'])
  })

  it('leaves nothing running, mounted, written or in shared memory when it is interrupted', {
    timeout: 120_000,
  }, async () => {
    const { child, said } = start('--minutes', '5', '--seed', '3', ...small)
    while (!said().includes('the chaos begins')) await once(child.stdout as NodeJS.ReadableStream, 'data')
    const running = await processesOf(child)
    expect(running).not.toEqual([])
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect(code).toBe(1)
    await leftNothing(child, directory, [])
    expect(await sharedMemoryOf(running)).toEqual([])
  })

  it('leaves nothing running or mounted when it is killed', { timeout: 120_000 }, async () => {
    const { child, said } = start('--minutes', '5', '--seed', '3', ...small)
    while (!said().includes('the chaos begins')) await once(child.stdout as NodeJS.ReadableStream, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    await untilNothingIsLeft(child, directory)
  })
})

/** Who was killed cannot clear away; who does that in its stead takes a moment. */
async function untilNothingIsLeft(child: ChildProcess, directory: string): Promise<void> {
  for (;;) {
    const [running, mounts] = await Promise.all([runningOf(child), readFile('/proc/mounts', 'utf8')])
    if (running.length === 0 && !mounts.includes(directory)) return
    await wait(50)
  }
}

/** What libfaketime keeps there, which only a process that ends by itself takes away. */
async function sharedMemoryOf(processes: readonly string[]): Promise<string[]> {
  const names = await readdir('/dev/shm').catch(() => [])
  return names.filter((name) => name.includes('faketime') && processes.includes(name.split('_').at(-1) as string))
}

/** Whatever it started knows the name of its run. */
async function processesOf({ pid }: ChildProcess): Promise<string[]> {
  const processes: string[] = []
  for (const process of await readdir('/proc')) {
    const environment = await readFile(`/proc/${process}/environ`, 'utf8').catch(() => '')
    if (environment.includes(`ORACLE_RUN=${pid}-`)) processes.push(process)
  }
  return processes
}

async function runningOf(child: ChildProcess): Promise<string[]> {
  const running: string[] = []
  for (const process of await processesOf(child)) {
    // One that was killed may be on its way out.
    const command = await readFile(`/proc/${process}/cmdline`, 'utf8').catch(() => '')
    if (command !== '') running.push(command)
  }
  return running
}

async function leftNothing(child: ChildProcess, directory: string, but: readonly string[]): Promise<void> {
  expect(await runningOf(child)).toEqual([])
  expect(await readFile('/proc/mounts', 'utf8')).not.toContain(directory)
  // What loads TypeScript keeps what it has made of it.
  expect((await readdir(directory)).filter((name) => !name.startsWith('tsx-'))).toEqual(but)
}

describe('a plan', () => {
  it('is the same for the same seed, another for another, and the same for a topology whichever others there are', () => {
    expect(drawPlan(5, 60, targets)).toEqual(drawPlan(5, 60, targets))
    expect(drawPlan(5, 60, targets)).not.toEqual(drawPlan(6, 60, targets))
    const alone = drawPlan(5, 60, new Map([['store', store.targets]])).faults
    expect(drawPlan(5, 60, targets).faults.filter(({ topology }) => topology === 'store')).toEqual(alone)
  })

  it('has, given time, each kind of fault for everything that can have it', () => {
    const { faults } = drawPlan(1, 7200, targets)
    for (const { name, targets } of kinds) {
      const drawn = new Set(
        faults.filter(({ topology }) => topology === name).map(({ kind, target }) => `${kind} ${target}`),
      )
      const possible = Object.entries(targets).flatMap(([kind, all]) => all.map((target) => `${kind} ${target}`))
      expect([...drawn].sort()).toEqual(possible.sort())
    }
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(Object.keys(faultKinds).length)
  })

  it('can be written and read again, and one for something else is refused', () => {
    const plan = drawPlan(5, 60, targets)
    expect(readPlan(JSON.stringify(plan), targets)).toEqual(plan)
    expect(readPlan(JSON.stringify({ timeline: [], plan }), targets)).toEqual(plan)
    expect(() => readPlan(JSON.stringify(plan), new Map([['store', store.targets]]))).toThrow('there is no such thing')
    expect(() => readPlan('{}', targets)).toThrow('a plan has')
  })
})

describe('the judge', () => {
  const log = new Stream(1, 'a log', 'file')
  const plain = new Stream(2, 'plain lines', 'TCP without acknowledgement')
  const ids = Array.from({ length: 1100 }, () => log.draw())
  const plainIds = Array.from({ length: 10 }, () => plain.draw())
  const cut = new Stream(3, 'a log that is taken away', 'file that is cut')
  const cutId = cut.draw()
  log.owe(ids.slice(0, 1000))

  function arrivalsOf(...texts: readonly (readonly [text: string, id: string])[]): ReturnType<Arrivals['tally']> {
    const arrivals = new Arrivals([log, plain, cut])
    for (const [text, id] of texts) arrivals.note(text, id)
    return arrivals.tally()
  }
  const whole = ids.map((id) => [log.textOf(id), `id ${id}`] as const)

  it('is content with what is owed, once, and with what nobody promised', () => {
    expect(arrivalsOf(...whole)).toMatchObject({
      owed: 1000,
      lost: 0,
      unknown: 0,
      torn: 0,
      unpromised: 100,
      repeats: 0,
      sharedIds: 0,
      examples: [],
    })
  })

  it('knows what is lost, and when it was written', () => {
    const tally = arrivalsOf(...whole.slice(0, 500), ...whole.slice(502))
    expect(tally.lost).toBe(2)
    expect(tally.examples).toEqual([
      expect.stringMatching(/^lost: a log 500, /),
      expect.stringMatching(/^lost: a log 501, /),
    ])
  })

  it('no longer asks for what was taken away on purpose, nor calls it unknown', () => {
    const cut = new Stream(3, 'a log that is cut', 'file that is cut')
    cut.owe([cut.draw(), cut.draw()])
    cut.excuseAll()
    cut.owe([cut.draw()])
    const arrivals = new Arrivals([cut])
    arrivals.note(cut.textOf(1), undefined)
    expect(arrivals.tally()).toMatchObject({ owed: 1, lost: 1, unknown: 0, unpromised: 1 })
  })

  it('sees a line that is torn, glued to another, changed, or nobody’s', () => {
    const [first, second] = [log.textOf(0), log.textOf(1)]
    for (const text of [
      first.slice(0, -1),
      first.slice(1),
      first + second,
      `${first} `,
      first.replace('fuzz 1', 'fuzz 2'),
      '',
    ]) {
      expect(arrivalsOf(...whole, [text, 'x'])).toMatchObject({ torn: 1, unknown: 0, lost: 0 })
    }
    const elsewhere = new Stream(9, 'of another topology', 'file')
    expect(arrivalsOf(...whole, [elsewhere.textOf(elsewhere.draw()), 'x'])).toMatchObject({ unknown: 1 })
    expect(arrivalsOf(...whole, [log.textOf(1100), 'x'])).toMatchObject({ unknown: 1 })
  })

  it('lets the beginning of a line pass where nobody can know that it was cut, and only there', () => {
    const text = plain.textOf(plainIds[3] as number)
    for (const length of [1, 5, 6, 7, 8, 20, text.length - 1]) {
      expect(arrivalsOf([text.slice(0, length), 'x'])).toMatchObject({ torn: 0, brokenOff: 1 })
    }
    expect(arrivalsOf([cut.textOf(cutId).slice(0, 11), 'x'])).toMatchObject({ torn: 0, brokenOff: 1 })
    expect(arrivalsOf([log.textOf(0).slice(0, 11), 'x'])).toMatchObject({ torn: 1, brokenOff: 0 })
    expect(arrivalsOf([text.slice(1), 'x'])).toMatchObject({ torn: 1, brokenOff: 0 })
    expect(arrivalsOf([`${text.slice(0, 20)}\u0000`, 'x'])).toMatchObject({ torn: 1, brokenOff: 0 })
  })

  it('counts repeats, those that ids do not tell, and ids that two lines share', () => {
    expect(arrivalsOf(...whole, ...whole.slice(0, 5))).toMatchObject({ repeats: 5, repeatsAfterDedupe: 0 })
    expect(arrivalsOf(...whole, [log.textOf(0), 'another id'])).toMatchObject({ repeats: 1, repeatsAfterDedupe: 1 })
    expect(arrivalsOf(...whole.slice(1), [log.textOf(0), 'id 1'])).toMatchObject({ lost: 0, sharedIds: 1 })
  })
})
