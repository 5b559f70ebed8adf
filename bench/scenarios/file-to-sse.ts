import type { Contestant, RunResult, Scenario } from '../harness/contest.ts'
import type { Measurement } from '../harness/measured.ts'
import { MeasuredProcess } from '../harness/measured-process.ts'

const viewerCounts = [1, 10, 100]

/** 22 MB of lines at full size, which are 46 MB as JSON events for each viewer. */
const share = 0.1

export const fileToSse: Scenario = {
  name: 'file-to-sse',
  question: 'viewers',
  title: 'Every line of a file to 1, 10 and 100 viewers at once, which one other process plays, as fast as it goes.',
  maxRounds: 3,
  async prepare(workshop) {
    const log = workshop.log(share)
    return {
      lines: log.lines,
      contestants: viewerCounts.map((viewers) => live(viewers, log.path)),
    }
  },
}

function live(viewers: number, input: string): Contestant {
  return {
    name: `LogWisp, ${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`,
    role: 'logwisp',
    async run(): Promise<RunResult> {
      const server = new MeasuredProcess('pipelines/file-to-sse', { input })
      const audience: MeasuredProcess[] = []
      try {
        const { port } = await server.next<{ port: number }>()
        const seats = new MeasuredProcess('actors/sse-viewers', { port, viewers })
        audience.push(seats)
        await seats.next()
        server.say('begin')
        const measurement: Measurement = await server.result()
        const { delivered } = await seats.result<{ delivered: number }>()
        return { ...measurement, delivered }
      } finally {
        await Promise.all([server, ...audience].map((child) => child.end()))
      }
    },
  }
}
