import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FollowTask, stamp } from '../harness/arrivals.ts'
import type { Contestant, RunResult, Scenario } from '../harness/contest.ts'
import { MeasuredProcess, runMeasured } from '../harness/measured-process.ts'
import { whyMissing } from '../harness/programs.ts'
import type { TailerName } from '../peers/follow.ts'

const lines = { full: 400, quick: 40 } as const
const tickMs = 10

type Latency = Pick<RunResult, 'delivered' | 'latency'>

export const tailLatency: Scenario = {
  name: 'tail-latency',
  question: 'latency',
  title: `One line appended every ${tickMs} ms: how long until it has arrived.`,
  maxRounds: 1,
  async prepare({ sizes }) {
    const task = { lines: sizes.quick ? lines.quick : lines.full, quick: sizes.quick }
    const peers: TailerName[] = ['tail', 'tail-file', '@logdna/tail-file', 'tail -F']
    return {
      lines: task.lines,
      contestants: [
        toViewer(task),
        toStage('LogWisp, to a stage', 'logwisp', 'pipelines/tail-to-stage', task),
        ...peers.map((tailer) => ({
          ...toStage(`${tailer}, to a callback`, 'peer', 'peers/follow', { ...task, tailer, work: 'note' }),
          missing: tailer === 'tail -F' ? whyMissing('tail') : undefined,
        })),
      ],
    }
  },
}

/** To a function in the process that follows. */
function toStage(
  name: string,
  role: Contestant['role'],
  script: string,
  task: FollowTask & { readonly tailer?: TailerName; readonly work?: 'note' },
): Contestant {
  return {
    name,
    role,
    async run(directory) {
      const input = join(directory, 'app.log')
      await writeFile(input, `the first line${stamp(0)}\n`)
      const follower = new MeasuredProcess(script, { input, ...task })
      try {
        await follower.next()
        await append(input, task.lines)
        follower.say('over')
        return await follower.result<Latency>()
      } finally {
        await follower.end()
      }
    },
  }
}

/** To a viewer in another process, over HTTP. */
function toViewer(task: FollowTask): Contestant {
  return {
    name: 'LogWisp, to a viewer over SSE',
    role: 'logwisp',
    async run(directory) {
      const input = join(directory, 'app.log')
      await writeFile(input, '')
      const server = new MeasuredProcess('pipelines/tail-to-sse', { input })
      const audience: MeasuredProcess[] = []
      try {
        const { port } = await server.next<{ port: number }>()
        const viewer = new MeasuredProcess('actors/sse-viewers', { port, viewers: 1, latencyOf: task })
        audience.push(viewer)
        await viewer.next()
        // It has connected: now the first line, since a viewer gets only what comes after it.
        await append(input, 1, 0)
        await viewer.next()
        await append(input, task.lines)
        viewer.say('over')
        const { delivered, latency } = await viewer.result<Latency>()
        server.say('over')
        const { ms, cpuMs, peakRssBytes } = await server.result()
        return { ms, cpuMs, peakRssBytes, delivered, latency }
      } finally {
        await Promise.all([server, ...audience].map((child) => child.end()))
      }
    },
  }
}

async function append(path: string, count: number, first = 1): Promise<void> {
  await runMeasured('actors/append-lines', { path, first, lines: count, linesPerTick: 1, tickMs })
}
