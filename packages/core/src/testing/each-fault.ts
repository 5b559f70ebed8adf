/** Makes the calls to a file system fail, one after another: what a stage makes of a bad disk, tried everywhere. */

import { AssertionError } from 'node:assert'
import { within } from './contract-check.ts'
import { canMeet, FaultyCalls } from './faulty-calls.ts'

/**
 * What a call meets with: the system's error of that name, before anything was done; `'short'`, where a read or a write
 * does half of what it was asked for and says so, as all systems may; or `'torn'`, where a write does half and the next
 * one gets `EIO`. A close that fails has closed, and of a `writeFile` that fails half is written.
 */
export type Fault = 'EIO' | 'ENOSPC' | 'EMFILE' | 'EACCES' | 'EINTR' | 'short' | 'torn'

/** What {@link eachFault} is told. */
export interface EachFaultOptions {
  /**
   * Which faults are tried at each call.
   * @default all of them
   */
  readonly faults?: readonly Fault[] | undefined
  /**
   * For how many calls of the same name, from the one that is tried on, the fault lasts.
   * @default 1
   */
  readonly lastsCalls?: number | undefined
  /**
   * How long the scenario may take each time. Real time.
   *
   * Unit: ms, at least 1.
   * @default 5_000
   */
  readonly timeoutMs?: number | undefined
  /**
   * How many trials run at the same time.
   * @default 8
   */
  readonly maxConcurrent?: number | undefined
}

/** What became of it all. */
export interface EachFaultReport {
  /** The calls that the scenario makes when nothing fails, in their order. */
  readonly calls: readonly string[]
  /** How many trials were made, that without a fault left out. */
  readonly trials: number
  /** In how many of them the call was never made, as an earlier turn of the clock went another way. */
  readonly unreached: number
  /** How often each word that the scenario resolves with was the outcome. */
  readonly outcomes: Readonly<Record<string, number>>
}

const allFaults: readonly Fault[] = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EINTR', 'short', 'torn']

/**
 * Runs a scenario once to count its calls to the file system, then once for each call and each fault, with that call
 * failing. What the scenario is given behaves as `real`, an object of functions like those of `node:fs/promises`;
 * what its `open` gives is watched over too.
 *
 * The scenario resolves with a word for what became of it, such as a warning's code, and rejects when a promise was
 * broken. It must make its own directory each time, as trials run side by side. A trial is also broken when it takes
 * longer than `timeoutMs`, or leaves a file open.
 *
 * @throws AssertionError (rejects) naming each broken trial: the call's number and name, the fault, what was wrong.
 *
 * @example
 * ```ts
 * import { mkdtemp, open, readFile } from 'node:fs/promises'
 * import { eachFault } from '@logwisp/core/testing'
 *
 * const { outcomes } = await eachFault({ open }, async (disk) => {
 *   const path = `${await mkdtemp('/tmp/')}/greeting`
 *   try {
 *     const file = await disk.open(path, 'w')
 *     await file.writeFile('hello').finally(() => file.close())
 *   } catch (error) {
 *     return `failed with ${(error as NodeJS.ErrnoException).code}`
 *   }
 *   if ((await readFile(path, 'utf8')) !== 'hello') throw new Error('said that it had written, and had not')
 *   return 'written'
 * })
 * console.log(outcomes)
 * ```
 */
export async function eachFault<FileSystem extends object>(
  real: FileSystem,
  scenario: (fileSystem: FileSystem) => Promise<string>,
  options: EachFaultOptions = {},
): Promise<EachFaultReport> {
  const { faults = allFaults, lastsCalls = 1, timeoutMs = 5_000, maxConcurrent = 8 } = options
  const broken: string[] = []
  const outcomes: Record<string, number> = {}
  let unreached = 0

  const sound = new FaultyCalls(real)
  await within(timeoutMs, 'end without a fault', scenario(sound.fileSystem))
  assertClosed(sound)
  const { calls } = sound
  const trials = calls.flatMap((name, call) =>
    faults.filter((fault) => canMeet(name, fault)).map((fault) => ({ call, name, fault })),
  )
  const waiting = trials.values()
  const work = async (): Promise<void> => {
    for (const trial of waiting) {
      const faulty = new FaultyCalls(real, { ...trial, lastsCalls })
      try {
        const outcome = await within(timeoutMs, 'come to an end', scenario(faulty.fileSystem))
        assertClosed(faulty)
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      } catch (error) {
        broken.push(`${trial.fault} at call ${trial.call + 1}, ${faulty.struck ?? trial.name}: ${describe(error)}`)
      }
      if (faulty.struck === undefined) unreached++
    }
  }
  await Promise.all(Array.from({ length: maxConcurrent }, work))
  if (broken.length > 0) {
    const message = `${broken.length} of ${trials.length} faults broke a promise:\n${broken.join('\n')}`
    throw new AssertionError({ message, stackStartFn: eachFault })
  }
  return { calls, trials: trials.length, unreached, outcomes }
}

function assertClosed({ openFiles }: FaultyCalls<object>): void {
  if (openFiles.length > 0) throw new AssertionError({ message: `these were left open: ${openFiles.join(', ')}` })
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return `${code === undefined ? '' : `${code} `}${error.message}`
}
