/** Runs one of the followers: to a file, or to a function that notes when each line came. */

import { Arrivals, untilQuiet } from '../harness/arrivals.ts'
import { measured } from '../harness/measured.ts'
import { LineWriter } from './line-writer.ts'
import type { Tailer } from './tailer.ts'

const tailers = {
  tail: async () => (await import('./tail.ts')).tail,
  'tail-file': async () => (await import('./tail-file.ts')).tailFile,
  '@logdna/tail-file': async () => (await import('./logdna-tail-file.ts')).logdnaTailFile,
  'tail -F': async () => (await import('./coreutils-tail.ts')).coreutilsTail,
} as const satisfies Record<string, () => Promise<Tailer>>

/** Which ones there are. */
export type TailerName = keyof typeof tailers

interface Task {
  readonly tailer: TailerName
  readonly input: string
  /** Where to; without it, when each line came is noted. */
  readonly output?: string
  readonly pattern?: string
  /** How many lines are to arrive, when none can come twice. */
  readonly lines?: number
}

await measured(async ({ tailer, input, output, pattern, lines }: Task) => {
  const { follow } = await tailers[tailer]()
  return output === undefined ? noteArrivals(follow, input, lines) : write(follow, { input, output, pattern, lines })
})

async function noteArrivals(follow: Tailer['follow'], input: string, lines: number | undefined): Promise<object> {
  const arrivals = new Arrivals()
  const stop = await follow(input, (line) => arrivals.note(line))
  await arrivals.settled(lines ?? Infinity)
  await stop()
  return arrivals.result()
}

interface Copy {
  readonly input: string
  readonly output: string
  readonly pattern: string | undefined
  readonly lines: number | undefined
}

async function write(follow: Tailer['follow'], { input, output, pattern, lines }: Copy): Promise<object> {
  const search = pattern === undefined ? undefined : new RegExp(pattern)
  const writer = new LineWriter(output)
  let arrived = 0
  const startedMs = performance.now()
  let lastMs = startedMs
  const stop = await follow(input, (line) => {
    arrived++
    lastMs = performance.now()
    if (search === undefined || search.test(line)) writer.add(line)
  })
  await untilQuiet(() => arrived, lines)
  await stop()
  writer.close()
  return { ms: lastMs - startedMs }
}
