import type { Contestant, RunResult, Scenario } from '../harness/contest.ts'
import { MeasuredProcess } from '../harness/measured-process.ts'

/** 11 MB of lines at full size, which are 23 MB as JSON events for each viewer. */
const share = 0.05

/** A tenth of it for a thousand viewers, who together get as much as a hundred viewers of the whole. */
const shareForThousand = 0.005

export const fileToSse: Scenario = toViewers('file-to-sse', [1, 10, 100], share)
export const fileToSseThousand: Scenario = toViewers('file-to-sse-thousand', [1, 1000], shareForThousand)

function toViewers(name: string, viewerCounts: readonly number[], share: number): Scenario {
  return {
    name,
    question: 'viewers',
    title: `Every line to ${viewerCounts.join(', ')} viewers at full speed; with the usual ring a slow one misses some, and is told. For each viewer.`,
    maxRounds: 3,
    async prepare(workshop) {
      const log = workshop.log(share)
      return {
        lines: log.lines,
        contestants: [false, true].flatMap((holdsAll) =>
          viewerCounts.map((viewers) => live({ viewers, holdsAll, input: log.path })),
        ),
      }
    },
  }
}

interface Audience {
  readonly viewers: number
  readonly holdsAll: boolean
  readonly input: string
}

function live({ viewers, holdsAll, input }: Audience): Contestant {
  const who = `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`
  return {
    name: `LogWisp, ${who}, ${holdsAll ? 'ring holds all' : 'usual ring'}`,
    role: 'logwisp',
    async run(): Promise<RunResult> {
      const server = new MeasuredProcess('pipelines/file-to-sse', { input, holdsAll })
      const audience: MeasuredProcess[] = []
      try {
        const { port } = await server.next<{ port: number }>()
        const seats = new MeasuredProcess('actors/sse-viewers', { port, viewers })
        audience.push(seats)
        await seats.next()
        server.say('begin')
        const measurement = await server.result<{ entriesSent: number; entriesMissed: number }>()
        const { received } = await seats.result<{ received: number }>()
        const { entriesSent, entriesMissed } = measurement
        if (received !== entriesSent) throw new Error(`${entriesSent} entries were sent, and ${received} received`)
        return { ...measurement, delivered: received / viewers, missed: entriesMissed / viewers }
      } finally {
        await Promise.all([server, ...audience].map((child) => child.end()))
      }
    },
  }
}
