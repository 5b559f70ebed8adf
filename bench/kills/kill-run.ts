/** Kills a process at each of its calls, each time anew, and has another one go on from what is left. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { KillScenario, Told, Verdict } from './kill-scenario.ts'
import { isDivisible, type KillAt, type Moment } from './kill-switch.ts'

/** How a scenario is run. */
export interface KillRunOptions {
  /** The program that kills itself, plain JavaScript. */
  readonly program: string
  /** Where the directories are made. */
  readonly directory: string
  /** Which moments of a call are tried; those within it only where there are such. */
  readonly moments: readonly Moment[]
  /** Which calls are tried: every so many-th. */
  readonly everyCalls: number
  /**
   * Whether what goes on is killed too, at each of its first so many calls, before a third process comes to the end.
   * Infinity: at all of them. 0: it is not killed.
   */
  readonly killsAgain: number
}

/** What came of it. */
export interface KillFigures {
  readonly scenario: string
  /** The calls that change something, of a run that is not killed. */
  readonly calls: number
  /** How many processes were killed, each at another call or moment; those that go on included. */
  readonly kills: number
  /** How many states of the disk were gone on from to the end. */
  readonly recoveries: number
  readonly lost: number
  readonly torn: number
  /** Lines that came twice, in all recoveries. */
  readonly repeats: number
  /** The most lines that came twice in one. */
  readonly mostRepeats: number
  /** How long it took to go on and come to the end, at worst. */
  readonly slowestMs: number
  /** What was wrong, with the call and the moment. */
  readonly problems: readonly string[]
}

/** How long one process may take. */
const timeoutMs = 30_000

interface Life {
  readonly told: Told
  /** The names of all calls, when it came to its end. */
  readonly calls: readonly string[] | undefined
}

/** Runs the program once, to its death or its end. */
async function live(
  scenario: KillScenario,
  program: string,
  directory: string,
  before: Told,
  at: KillAt,
): Promise<Life> {
  const words = [program, scenario.name, directory, String(before.acknowledged + 1), String(at.call), at.moment]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
  let text = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk))
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (signal === 'SIGTERM') throw new Error(`it hung for ${timeoutMs} ms`)
  if (signal !== 'SIGKILL' && status !== 0) throw new Error(`it failed by itself: ${complaints.trim()}`)
  let { acknowledged } = before
  const delivered = [...before.delivered]
  let calls: readonly string[] | undefined
  for (const line of text.split('\n').slice(0, -1)) {
    const [word, ...rest] = line.split(' ')
    if (word === 'acknowledged') acknowledged = Number(rest[0])
    else if (word === 'delivered') delivered.push(Number(rest[0]))
    else calls = rest
  }
  return { told: { acknowledged, delivered }, calls }
}

const nothing: Told = { acknowledged: 0, delivered: [] }
const never: KillAt = { call: Number.MAX_SAFE_INTEGER, moment: 'before' }

/** Tries everything. */
export async function killEverywhere(scenario: KillScenario, options: KillRunOptions): Promise<KillFigures> {
  const { program, directory, moments, everyCalls, killsAgain } = options
  const problems: string[] = []
  const sum = { kills: 0, recoveries: 0, lost: 0, torn: 0, repeats: 0, mostRepeats: 0, slowestMs: 0 }

  const inDirectory = async <Result>(use: (own: string) => Promise<Result>): Promise<Result> => {
    const own = await mkdtemp(join(directory, 'killed-'))
    try {
      await scenario.prepare?.(own)
      return await use(own)
    } finally {
      await rm(own, { recursive: true, force: true })
    }
  }

  const judge = async (own: string, told: Told): Promise<void> => {
    const since = performance.now()
    const verdict = await within(timeoutMs, scenario.judge(own, told))
    sum.recoveries++
    sum.lost += verdict.lost
    sum.torn += verdict.torn
    sum.repeats += verdict.repeats
    sum.mostRepeats = Math.max(sum.mostRepeats, verdict.repeats)
    sum.slowestMs = Math.max(sum.slowestMs, performance.now() - since)
    const wrong = complaintOf(verdict)
    if (wrong !== undefined) throw new Error(wrong)
  }

  const attempt = async (name: string, use: () => Promise<void>): Promise<void> => {
    try {
      await use()
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`)
    }
  }

  /** Whether it was killed there: false once it comes to its end before that call. */
  const killAt = (at: KillAt): Promise<boolean> =>
    inDirectory(async (own) => {
      const first = await live(scenario, program, own, nothing, at)
      if (first.calls !== undefined) return false
      sum.kills++
      await judge(own, first.told)
      return true
    })

  const killTwice = (at: KillAt, again: KillAt): Promise<boolean> =>
    inDirectory(async (own) => {
      const first = await live(scenario, program, own, nothing, at)
      if (first.calls !== undefined) return false
      const second = await live(scenario, program, own, first.told, again)
      if (second.calls !== undefined) return false
      sum.kills += 2
      await judge(own, second.told)
      return true
    })

  await mkdir(directory, { recursive: true })
  const calls = await inDirectory(async (own) => (await live(scenario, program, own, nothing, never)).calls)
  if (calls === undefined) throw new Error(`${scenario.name} did not come to its end, though nobody killed it`)

  const work: (() => Promise<void>)[] = []
  for (let call = 1; call <= calls.length; call += everyCalls) {
    for (const moment of momentsOf(calls[call - 1] as string, moments)) {
      const name = `${moment} call ${call}, ${calls[call - 1]}`
      work.push(() => attempt(name, async () => void (await killAt({ call, moment }))))
    }
    if (killsAgain === 0) continue
    work.push(async () => {
      for (let again = 1, isKilled = true; isKilled && again <= killsAgain; again++) {
        isKilled = false
        await attempt(`after call ${call}, ${calls[call - 1]}, and after call ${again} of the next`, async () => {
          isKilled = await killTwice({ call, moment: 'after' }, { call: again, moment: 'after' })
        })
      }
    })
  }
  const waiting = work.values()
  const worker = async (): Promise<void> => {
    for (const next of waiting) await next()
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return { scenario: scenario.name, calls: calls.length, ...sum, slowestMs: Math.round(sum.slowestMs), problems }
}

function momentsOf(name: string, moments: readonly Moment[]): readonly Moment[] {
  return isDivisible(name) ? moments : moments.filter((moment) => moment === 'before' || moment === 'after')
}

function complaintOf({ lost, torn, problem }: Verdict): string | undefined {
  if (lost > 0) return `${lost} lost`
  return torn > 0 ? `${torn} torn` : problem
}

async function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`what went on hung for ${ms} ms`)), ms)
  })
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
