/** Makes go wrong what a plan says, and puts everything right again. */

import { setTimeout as wait } from 'node:timers/promises'
import type { FaultKind, Plan, PlannedFault } from './plan.ts'
import type { Timeline } from './timeline.ts'
import type { Topology } from './topology.ts'
import { whyNoClocks, whyNoRevokes } from './victim.ts'

/** Why some faults can't be had on this machine. */
const whyNot: Partial<Readonly<Record<FaultKind, string | undefined>>> = { clock: whyNoClocks, revoke: whyNoRevokes }

export class Chaos {
  readonly #topologies: ReadonlyMap<string, Topology>
  readonly #timeline: Timeline
  readonly #injected = new Map<FaultKind, number>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #over = new AbortController()

  constructor(topologies: readonly Topology[], timeline: Timeline) {
    this.#topologies = new Map(topologies.map((topology) => [topology.name, topology]))
    this.#timeline = timeline
  }

  /** How often each kind of fault was made. */
  get injected(): ReadonlyMap<FaultKind, number> {
    return this.#injected
  }

  /** Resolves once the plan's time is over and everything is right again. */
  async run({ faults, seconds }: Plan): Promise<void> {
    const startedMs = performance.now()
    for (const fault of faults) {
      await this.#pause(startedMs + fault.atMs - performance.now())
      if (this.#over.signal.aborted) break
      const happening = this.#happen(fault)
      this.#underWay.add(happening)
      void happening.finally(() => this.#underWay.delete(happening))
    }
    await this.#pause(startedMs + seconds * 1000 - performance.now())
    await Promise.all(this.#underWay)
  }

  /** What lasts is over at once, and nothing more happens. */
  end(): void {
    this.#over.abort()
  }

  async #pause(ms: number): Promise<void> {
    await wait(Math.max(0, ms), undefined, { signal: this.#over.signal }).catch(() => {})
  }

  async #happen(fault: PlannedFault): Promise<void> {
    const topology = this.#topologies.get(fault.topology) as Topology
    const { kind, target, forMs, amount } = fault
    const why = topology.impossible.get(`${kind} ${target}`) ?? whyNot[kind]
    if (why !== undefined) {
      this.#timeline.note(topology, `not tried: ${kind}`, `${target}: ${why}`)
      return
    }
    this.#injected.set(kind, (this.#injected.get(kind) ?? 0) + 1)
    const more = [...(amount === undefined ? [] : [String(amount)]), ...(forMs === 0 ? [] : [`for ${forMs} ms`])]
    this.#timeline.note(topology, kind, [target, ...more].join(', '))
    try {
      await this.#do(topology, fault)
    } catch (error) {
      this.#timeline.note(topology, 'not done', `${kind} of ${target}: ${(error as Error).message}`)
    }
  }

  async #do(topology: Topology, { kind, target, forMs, amount = 0 }: PlannedFault): Promise<void> {
    const lasts = (): Promise<void> => this.#pause(forMs)
    switch (kind) {
      case 'kill': {
        const victim = named(topology.victims, target)
        await victim.kill()
        await lasts()
        victim.start()
        return
      }
      case 'stop': {
        const victim = named(topology.victims, target)
        const code = await victim.stop()
        // By the signal itself when it was only just started, and did not listen for it yet.
        if (code !== 0 && code !== 'SIGTERM')
          this.#timeline.note(topology, 'ended badly', `${target} when it was asked to: ${code}`)
        await lasts()
        victim.start()
        return
      }
      case 'freeze': {
        const victim = named(topology.victims, target)
        victim.freeze()
        await lasts()
        victim.thaw()
        return
      }
      case 'clock':
        named(topology.victims, target).setClock(amount)
        return
      case 'full': {
        const disk = named(topology.disks, target)
        disk.fill()
        await lasts()
        disk.clear()
        return
      }
      case 'revoke': {
        const place = named(topology.places, target)
        place.revoke()
        await lasts()
        place.restore()
        return
      }
      case 'cut': {
        const link = named(topology.links, target)
        link.cut()
        if (forMs === 0) return
        link.set({ kind: 'refuse' })
        await lasts()
        link.set({ kind: 'fair' })
        return
      }
      case 'delay':
      case 'silence':
      case 'swallow': {
        const link = named(topology.links, target)
        link.set(kind === 'delay' ? { kind, ms: amount } : { kind })
        await lasts()
        link.set({ kind: 'fair' })
        return
      }
      case 'rotate':
        return named(topology.logs, target).rotate(amount)
      case 'copy-truncate':
        return named(topology.logs, target).copyTruncate()
      case 'outrun':
        return named(topology.logs, target).outrun(amount)
    }
  }
}

function named<Thing>(things: ReadonlyMap<string, Thing>, name: string): Thing {
  const thing = things.get(name)
  if (thing === undefined) throw new Error(`a topology promised ${name}, and has none`)
  return thing
}
