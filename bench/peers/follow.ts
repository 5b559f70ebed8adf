/** Runs one of the followers: to a file, or to a function that notes when each line came. */

import { Arrivals, type FollowTask, untilQuiet } from '../harness/arrivals.ts'
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

interface Task extends FollowTask {
  readonly tailer: TailerName
  readonly input: string
  /** What to do: `note` when each line came, or `write` those that match the pattern, or all. */
  readonly work: 'note' | 'write'
  readonly output: string
  readonly pattern?: string
}

await measured(async (task: Task) => {
  const { follow } = await tailers[task.tailer]()
  return task.work === 'note' ? noteArrivals(follow, task) : write(follow, task)
})

async function noteArrivals(follow: Tailer['follow'], task: Task): Promise<object> {
  const arrivals = new Arrivals()
  const stop = await follow(task.input, (line) => arrivals.note(line))
  await arrivals.settled(task)
  await stop()
  return arrivals.result()
}

async function write(follow: Tailer['follow'], task: Task): Promise<object> {
  const search = task.pattern === undefined ? undefined : new RegExp(task.pattern)
  const writer = new LineWriter(task.output)
  let arrived = 0
  const startedMs = performance.now()
  let lastMs = startedMs
  const stop = await follow(task.input, (line) => {
    arrived++
    lastMs = performance.now()
    if (search === undefined || search.test(line)) writer.add(line)
  })
  await untilQuiet(() => arrived, task)
  await stop()
  writer.close()
  return { ms: lastMs - startedMs }
}
