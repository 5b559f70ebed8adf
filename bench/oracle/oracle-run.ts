/** A run: topologies at work, everything going wrong, then nothing any more; and the verdict. */

import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Tally } from './arrivals.ts'
import { Chaos } from './chaos.ts'
import type { FaultKind, Plan } from './plan.ts'
import { AcknowledgedTcpProducer } from './producers/acknowledged-tcp-producer.ts'
import { HttpProducer } from './producers/http-producer.ts'
import { type Moment, Timeline } from './timeline.ts'
import { Topology, type TopologyKind } from './topology.ts'

/** Until the first entries are through: many processes start at once, on a machine that may have a lot else to do. */
const beginTimeoutMs = 180_000

/** When everything is right again, and nothing has come for so long, nothing more will. */
const defaultStillMs = 20_000

/** The same, when nothing has come but what had come before. */
const onlyRepeatsMs = 600_000

/** For a fresh line to be everywhere. */
const freshTimeoutMs = 60_000

/** No topology draws so many streams. */
const streamsPerTopology = 10

/** The verdict on one sink. */
interface SinkVerdict extends Tally {
  readonly sink: string
  readonly owes: boolean
  readonly dropsRepeats: boolean
}

/** What came of one topology. */
export interface TopologyResult {
  readonly name: string
  readonly way: string
  readonly drawn: number
  /** Ids that a receiver has promised to deliver, or that stood in a file that nobody took away. */
  readonly acknowledged: number
  /** Ids of logs that were taken away on purpose before they had to be read. */
  readonly excused: number
  readonly byStream: readonly {
    readonly name: string
    readonly kind: string
    readonly drawn: number
    readonly owed: number
  }[]
  readonly sinks: readonly SinkVerdict[]
  /** How long a fresh line took to be everywhere, by the way it was written; undefined when it did not come. */
  readonly fresh: readonly { readonly stream: string; readonly ms: number | undefined }[]
  /** How often each process was started, and how often it had ended by itself. */
  readonly processes: readonly { readonly name: string; readonly starts: number; readonly ownEnds: number }[]
  /** Processes that did not end well when they were asked to, after everything; and what peers said that they may not say. */
  readonly complaints: readonly string[]
  readonly mostBacklog: number
}

/** A topology that is at rest, before anything that came is read back. */
interface TopologyEnd extends Pick<TopologyResult, 'way' | 'fresh' | 'complaints'> {
  readonly topology: Topology
}

/** What a run came to. */
export interface OracleResult {
  readonly date: string
  readonly seed: number
  readonly seconds: number
  readonly linesPerSecond: number
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  readonly notTried: readonly string[]
  readonly topologies: readonly TopologyResult[]
  readonly timeline: readonly Moment[]
  /** To do it again: `--plan` reads it from here, too. */
  readonly plan: Plan
  readonly isClean: boolean
}

/** What is run. */
export interface OracleTask {
  readonly kinds: readonly TopologyKind[]
  readonly plan: Plan
  readonly linesPerSecond: number
  readonly directory: string
  /** A name by which all processes can be found. */
  readonly run: string
  readonly tell: (line: string) => void
}

export class OracleRun {
  readonly #task: OracleTask
  readonly #timeline: Timeline
  readonly #topologies: Topology[] = []
  readonly #mostBacklog = new Map<Topology, number>()
  #chaos: Chaos | undefined
  #isAbandoned = false

  constructor(task: OracleTask) {
    this.#task = task
    this.#timeline = new Timeline(task.tell)
  }

  /**
   * Leaves nothing running or mounted, at once; may be called at any time, and more than once. What is on small disks is
   * kept beside where they were, or not.
   */
  abandon(isKept: boolean): void {
    this.#isAbandoned = true
    this.#chaos?.end()
    for (const topology of this.#topologies) topology.abandon(isKept)
  }

  async run(): Promise<OracleResult> {
    const { kinds, plan, directory, run, linesPerSecond, tell } = this.#task
    for (const [index, kind] of kinds.entries()) {
      const topology: Topology = new Topology({
        name: kind.name,
        directory: join(directory, kind.name),
        seed: plan.seed,
        run,
        firstStream: (index + 1) * streamsPerTopology,
        onEnded: (victim, code, said) => {
          this.#timeline.note(topology, 'ended itself', `${victim}: ${code}: ${reasonIn(said)}`)
        },
        onNote: (what, whom) => this.#timeline.note(topology, what, whom),
      })
      this.#topologies.push(topology)
      await kind.build(topology)
      for (const victim of topology.victims.values()) victim.start()
      topology.produce(linesPerSecond)
    }
    await Promise.all(this.#topologies.map((topology) => this.#hasBegun(topology)))
    tell(`${this.#timeline.ms.toFixed(0)} ms: entries come through; the chaos begins`)
    this.#chaos = new Chaos(this.#topologies, this.#timeline)
    const watching = setInterval(() => void this.#watch(), 1000).unref()
    await this.#chaos.run(plan)
    tell(`${(this.#timeline.ms / 1000).toFixed(1)} s: everything is right again`)
    const ends = await Promise.all(
      this.#topologies.map((topology, index) => this.#finish(topology, kinds[index] as TopologyKind)),
    )
    clearInterval(watching)
    // Only once all are at rest: reading back what came blocks this process, and the links of the others pass through it.
    const results: TopologyResult[] = []
    for (const end of ends) results.push(await this.#judge(end))
    const notTried = this.#topologies.flatMap(({ name, impossible }) =>
      [...impossible].map(([what, why]) => `${name}, ${what}: ${why}`),
    )
    return {
      date: new Date().toISOString(),
      seed: plan.seed,
      seconds: plan.seconds,
      linesPerSecond,
      faults: Object.fromEntries(this.#chaos.injected),
      notTried,
      topologies: results,
      timeline: this.#timeline.moments,
      plan,
      isClean: results.every(isClean),
    }
  }

  async #hasBegun(topology: Topology): Promise<void> {
    const deadline = performance.now() + beginTimeoutMs
    for (;;) {
      let hasAll = true
      for (const sink of topology.sinks) hasAll &&= await this.#hasSome(topology, sink)
      if (hasAll || this.#isAbandoned) return
      if (performance.now() > deadline) throw new Error(`nothing came through ${topology.name}: ${saidByAll(topology)}`)
      await wait(200)
    }
  }

  async #hasSome({ streams: [first] }: Topology, sink: Topology['sinks'][number]): Promise<boolean> {
    if (first === undefined) return true
    // A viewer may have come later than the first ones.
    for (let id = 0; id < first.drawn; id = id * 2 + 1) if (await sink.has(first, id)) return true
    return await sink.has(first, first.drawn - 200)
  }

  async #watch(): Promise<void> {
    for (const topology of this.#topologies) {
      const backlog = await topology.backlog().catch(() => 0)
      this.#mostBacklog.set(topology, Math.max(this.#mostBacklog.get(topology) ?? 0, backlog))
    }
  }

  async #finish(topology: Topology, { way, stillMs = defaultStillMs }: TopologyKind): Promise<TopologyEnd> {
    await Promise.all(topology.producers.map((producer) => producer.stop()))
    const isSettled = await this.#settled(topology, stillMs)
    const complaints = [...(await topology.makeGood())]
    const fresh = await this.#fresh(topology)
    if (isSettled) await this.#settled(topology, stillMs)
    complaints.push(...(await this.#end(topology)))
    return { topology, way, fresh, complaints }
  }

  async #judge({ topology, way, fresh, complaints }: TopologyEnd): Promise<TopologyResult> {
    const sinks: SinkVerdict[] = []
    for (const sink of topology.sinks) {
      const { name, owes, dropsRepeats } = sink
      const tally = (await sink.read()).tally(owes)
      sinks.push({ sink: name, owes, dropsRepeats, ...tally })
      await sink.close()
    }
    const sum = (of: (stream: Topology['streams'][number]) => number): number =>
      topology.streams.reduce((total, stream) => total + of(stream), 0)
    return {
      name: topology.name,
      way,
      drawn: sum(({ drawn }) => drawn),
      acknowledged: sum(({ owed, excused }) => owed + excused),
      excused: sum(({ excused }) => excused),
      byStream: topology.streams.map(({ name, kind, drawn, owed }) => ({ name, kind, drawn, owed })),
      sinks,
      fresh,
      processes: [...topology.victims.values()].map(({ name, starts, endings }) => ({
        name,
        starts,
        ownEnds: endings,
      })),
      complaints,
      mostBacklog: this.#mostBacklog.get(topology) ?? 0,
    }
  }

  /** Waits until nothing is owed any more; gives up, with false, when nothing has come for a while. */
  async #settled(topology: Topology, stillMs: number): Promise<boolean> {
    let least = Number.POSITIVE_INFINITY
    let entries = 0
    let [newMs, anyMs] = [performance.now(), performance.now()]
    for (;;) {
      const backlog = await topology.backlog()
      if (backlog === 0) return true
      const now = performance.now()
      if (backlog < least) newMs = now
      if (backlog < least || topology.entries !== entries) anyMs = now
      least = Math.min(least, backlog)
      entries = topology.entries
      if (now - anyMs > stillMs || now - newMs > onlyRepeatsMs) {
        this.#timeline.note(topology, 'still', `nothing new has come for ${Math.round(now - newMs)} ms`)
        return false
      }
      await wait(100)
    }
  }

  /** Writes one more line in each way, and waits until it is everywhere, live viewers included. */
  #fresh(topology: Topology): Promise<TopologyResult['fresh']> {
    return Promise.all(
      topology.producers.map(async (producer) => {
        const startedMs = performance.now()
        const id = await producer.last()
        for (;;) {
          let isEverywhere = true
          for (const sink of topology.sinks) isEverywhere &&= await sink.has(producer.stream, id)
          const ms = performance.now() - startedMs
          if (isEverywhere) return { stream: producer.stream.name, ms: Math.round(ms) }
          if (ms > freshTimeoutMs) return { stream: producer.stream.name, ms: undefined }
          await wait(50)
        }
      }),
    )
  }

  /** Ends the processes, those nearest to the producers first, and hears what there is to complain of. */
  async #end(topology: Topology): Promise<string[]> {
    const complaints: string[] = []
    for (const victim of [...topology.victims.values()].reverse()) {
      const code = await victim.stop()
      if (code !== 0) complaints.push(`${victim.name} ended with ${code}: ${victim.said.slice(-1000).trim()}`)
    }
    for (const producer of topology.producers) {
      if (producer instanceof AcknowledgedTcpProducer) complaints.push(...producer.complaints)
      if (!(producer instanceof HttpProducer)) continue
      for (const [answer, times] of producer.answers) {
        if (/^(200|408|429|50[0-9]|E[A-Z]+|ABORT_ERR|UND_.*|23)$/.test(answer)) continue
        complaints.push(`${producer.stream.name}: ${times} times answered ${answer}`)
      }
    }
    return complaints
  }
}

/** Nothing lost, invented, torn, or twice where it may not be. */
function isClean({ sinks, fresh, complaints }: TopologyResult): boolean {
  return (
    complaints.length === 0 &&
    fresh.every(({ ms }) => ms !== undefined) &&
    sinks.every(
      ({ lost, unknown, torn, repeats, repeatsAfterDedupe, sharedIds, dropsRepeats }) =>
        lost + unknown + torn + repeatsAfterDedupe + sharedIds + (dropsRepeats ? repeats : 0) === 0,
    )
  )
}

/** Of what a process said last, the line that tells why it ended. */
function reasonIn(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const errors = lines.filter((line) => /error|fatal/i.test(line) && !/^\s+at /.test(line))
  // With the cause, which comes behind it.
  return errors.slice(-2).join(' ') || (lines.at(-1) ?? 'it said nothing')
}

function saidByAll(topology: Topology): string {
  return [...topology.victims.values()].map(({ name, said }) => `${name}: ${said.slice(-1000)}`).join('\n')
}
