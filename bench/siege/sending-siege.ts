/** A sink that sends, whose endpoint turns bad and heals; beside it the same sink with a good endpoint. */

import { MeasuredProcess } from '../harness/measured-process.ts'
import type { BystanderReport, EndpointMood, EndpointsTask, SenderTask } from './besieged.ts'
import { MemoryWatch } from './memory-watch.ts'
import type { PhaseResult, SiegeResult, SiegeSizes } from './siege-result.ts'

/** One of them. */
export interface SendingSiege {
  readonly name: string
  readonly title: string
  readonly protocol: SenderTask['protocol']
  readonly mood: EndpointMood
}

/** Some 500 entries a second, as far as there is no back-pressure. */
const entries = { entryBytes: 500, entryEveryMs: 2 } as const

/** Lets the endpoint turn bad. */
export async function runSendingSiege(siege: SendingSiege, sizes: SiegeSizes): Promise<SiegeResult> {
  const { name, title, protocol, mood } = siege
  const timeoutMs = sizes.quietMs * 2 + sizes.siegeMs + 240_000
  const place: EndpointsTask = { protocol }
  const endpoints = new MeasuredProcess('actors/endpoints', place, timeoutMs)
  const children = [endpoints]
  try {
    const ports = await endpoints.next<{ goodPort: number; badPort: number }>()
    const sending: SenderTask = { protocol, ...ports, ...entries }
    const sender = new MeasuredProcess('pipelines/besieged-sender', sending, timeoutMs)
    children.push(sender)
    const memory = new MemoryWatch(sender.pid)
    const { startMs } = await sender.next<{ startMs: number }>()
    const phases: PhaseResult[] = []
    const phase = async (what: PhaseResult['name'], ms: number): Promise<void> => {
      const fromMs = memory.elapsedMs
      await new Promise((resolve) => setTimeout(resolve, ms))
      endpoints.say('report')
      const served = await endpoints.next<BystanderReport>()
      phases.push({ name: what, fromMs, toMs: memory.elapsedMs, served })
    }
    const turn = async (to: EndpointMood): Promise<void> => {
      endpoints.say(to)
      await endpoints.next()
    }
    await phase('before', sizes.quietMs)
    await turn(mood)
    await phase('during', sizes.siegeMs)
    await turn('well')
    await phase('after', sizes.quietMs)
    sender.say('stop')
    const { stopMs, given } = await sender.next<{ stopMs: number; given: number }>()
    const looks = memory.stop()
    endpoints.say('total')
    const { arrived, repeated } = await endpoints.next<{ arrived: number; repeated: number }>()
    const delivery = { given, arrived, repeated }
    const times = { startMs, stopMs }
    const problem = given === arrived ? undefined : `${given - arrived} of ${given} entries were lost`
    return { name, title, connections: 1, made: 1, closed: 0, times, phases, memory: looks, delivery, problem }
  } finally {
    await Promise.all(children.map((child) => child.end()))
  }
}
