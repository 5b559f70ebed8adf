/**
 * All viewers of one live sink: takes entries at full speed, and sends each viewer what it can take.
 *
 * It knows nothing of the protocol: a {@link ViewerProtocol} writes, a {@link ViewerChannel} is one connection.
 */

import type { Batch, ByteBudget, LogEntry } from '@logwisp/core'
import type { LiveViewer } from '../../live-sink.ts'
import { type EncodedSpan, type EncodeEntry, type PackSpan, SpanEncoder } from './encoded-span.ts'
import { LiveMemory } from './live-memory.ts'
import type { ReplayRing } from './replay-ring.ts'
import { TimeShare } from './time-share.ts'
import { Viewer, type ViewerGap, type ViewerStart, type WhenBehind } from './viewer.ts'

/** Why a viewer is sent nothing more. */
export type EndReason = 'stopped' | 'idle'

/** How a protocol writes what a viewer is to know. What is empty is not sent. */
export interface ViewerProtocol {
  readonly entry: EncodeEntry
  /** How the texts of several entries become what is sent; by default one after the other. */
  readonly pack?: PackSpan | undefined
  /** That entries are missing here. */
  readonly dropped: (gap: ViewerGap) => Buffer | string
  /** A sign of life; with an id, it is the one to come back with. */
  readonly heartbeat: (id: string | undefined) => Buffer | string
  /** That nothing more will come. */
  readonly end: (reason: EndReason) => Buffer | string
}

/** One connection. It calls {@link ViewerHub.drained}, {@link ViewerHub.heard} and {@link ViewerHub.remove}. */
export interface ViewerChannel {
  /** Bytes that wait to be handed to the system. */
  readonly bufferedBytes: number
  /** Sends; false when it takes no more before it has drained. */
  write(data: Buffer | string): boolean
  /** Sends a last thing and closes. */
  end(data: Buffer | string, reason: EndReason): void
  /** Cuts the connection. */
  destroy(error?: Error): void
  /** Asks for an answer, if the protocol has such a thing. */
  probe?(): void
}

export interface ViewerHubOptions {
  readonly ring: ReplayRing
  readonly protocol: ViewerProtocol
  /** A viewer that got nothing for so long gets a heartbeat; a connection that can be asked for an answer is asked so often. */
  readonly heartbeatMs: number
  /** A viewer whose connection took nothing for so long is cut off. */
  readonly stuckTimeoutMs: number
  /** A viewer that has everything, and got no entry for so long, is told good-bye. */
  readonly idleTimeoutMs: number
  readonly whenFull: WhenBehind | 'cut-off'
  /** What else bounds its memory, and what it is called there. */
  readonly budget?: { readonly name: string; readonly of: ByteBudget } | undefined
  /** Told what a `protocol` function threw; nothing is sent any more. */
  readonly onError: (error: Error) => void
}

/** What the hub counts. */
export interface HubCounts {
  /** Viewers at this moment. */
  readonly connected: number
  /** Viewers ever. */
  readonly accepted: number
  /** Viewers whose connection was closed from here: stuck, silent, idle, or too slow for the ring. */
  readonly cutOff: number
  /** Entries sent, counted once for each viewer. */
  readonly entriesSent: number
  /** Entries missed by viewers that were too slow, counted once for each viewer. */
  readonly entriesMissed: number
  /** Bytes that wait in all viewers' connections. Viewers share them; counted once for each. */
  readonly bytesBuffered: number
}

/** What the system takes to send a byte once it is written, outside of our turn: it is 1 GB/s on loopback. */
const sendMsPerByte = 1e-6

/** Node's timers hold no more. */
const maxTimerMs = 2 ** 31 - 1

/** A connection that left so many questions in a row unanswered is dead. */
const maxUnanswered = 2

export class ViewerHub {
  readonly #options: ViewerHubOptions
  readonly #spans: SpanEncoder
  readonly #memory: LiveMemory | undefined
  /** In the order in which they are served next. */
  readonly #viewers = new Map<Viewer, ViewerChannel>()
  #turn: NodeJS.Immediate | undefined
  #pause: NodeJS.Timeout | undefined
  readonly #time = new TimeShare()
  #bytesInTurn = 0
  #clock: NodeJS.Timeout | undefined
  #whenEmpty: (() => void) | undefined
  #closing = false
  #accepted = 0
  #cutOff = 0
  #entriesSent = 0
  #entriesMissed = 0

  constructor(options: ViewerHubOptions) {
    this.#options = options
    const { ring, protocol, budget } = options
    this.#spans = new SpanEncoder(ring, protocol.entry, protocol.pack)
    this.#memory = budget && new LiveMemory(ring, this.#spans, budget.name, budget.of)
  }

  get counts(): HubCounts {
    let bytesBuffered = 0
    for (const channel of this.#viewers.values()) bytesBuffered += channel.bufferedBytes
    return {
      connected: this.#viewers.size,
      accepted: this.#accepted,
      cutOff: this.#cutOff,
      entriesSent: this.#entriesSent,
      entriesMissed: this.#entriesMissed,
      bytesBuffered,
    }
  }

  /** Every viewer, the one that has been here for longest first. */
  get viewers(): readonly LiveViewer[] {
    return [...this.#viewers]
      .map(([viewer, { bufferedBytes }]) => {
        const { who, connectedAt, lag, entriesSent, entriesMissed } = viewer
        return { address: who.address, name: who.name, connectedAt, lag, entriesSent, entriesMissed, bufferedBytes }
      })
      .sort((one, other) => one.connectedAt - other.connectedAt)
  }

  /** How many viewers there are. */
  get connected(): number {
    return this.#viewers.size
  }

  /** Whether it takes no viewers any more. */
  get closing(): boolean {
    return this.#closing
  }

  /** Takes what came. Never waits for a viewer. */
  append(items: readonly (LogEntry | Batch)[]): void {
    this.#options.ring.append(items)
    this.#memory?.tell()
    if (this.#viewers.size === 0) return
    this.#time.came(performance.now())
    this.#schedule()
  }

  /** Takes a viewer. */
  add(channel: ViewerChannel, start: ViewerStart): Viewer {
    const viewer = new Viewer(this.#options.ring, this.#spans, start, performance.now())
    this.#viewers.set(viewer, channel)
    this.#accepted++
    this.#startClock()
    this.#schedule()
    return viewer
  }

  /** The viewer wants something else from now on. */
  restart(viewer: Viewer, start: ViewerStart): void {
    viewer.restart(start)
    this.#schedule()
  }

  /** The viewer's connection takes more. */
  drained(viewer: Viewer): void {
    viewer.full = false
    viewer.timesFoundFull = 0
    this.#taken(viewer)
    this.#schedule()
  }

  /** The viewer's connection gave a sign of life. */
  heard(viewer: Viewer): void {
    viewer.unanswered = 0
  }

  /** The viewer is gone. */
  remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return
    this.#taken(viewer)
    if (this.#viewers.size > 0) return
    clearInterval(this.#clock)
    this.#clock = undefined
    this.#whenEmpty?.()
  }

  /** The viewer is not served any more. */
  cutOff(viewer: Viewer): void {
    const channel = this.#viewers.get(viewer)
    if (channel === undefined) return
    this.#cutOff++
    channel.destroy()
    this.remove(viewer)
  }

  /** Sends every viewer what it still lacks and that this was all; cuts off who has not taken it within `timeoutMs`. */
  async finish(timeoutMs: number): Promise<void> {
    this.#closing = true
    if (this.#viewers.size === 0) return
    const deadline = setTimeout(() => this.destroy(), Math.min(timeoutMs, maxTimerMs))
    try {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve
        this.#schedule()
      })
    } finally {
      clearTimeout(deadline)
    }
  }

  /** Cuts all connections; with an error when that is why. */
  destroy(error?: Error): void {
    this.#closing = true
    clearImmediate(this.#turn)
    clearTimeout(this.#pause)
    for (const [viewer, channel] of this.#viewers) {
      channel.destroy(error)
      this.remove(viewer)
    }
    this.#memory?.leave()
  }

  #schedule(): void {
    if (this.#viewers.size === 0 || this.#turn !== undefined || this.#pause !== undefined) return
    const { pauseMs } = this.#time
    if (pauseMs === 0) this.#turn = setImmediate(() => this.#takeTurn())
    else this.#pause = setTimeout(() => this.#takeTurn(), pauseMs)
  }

  #takeTurn(): void {
    this.#turn = undefined
    this.#pause = undefined
    const began = performance.now()
    let more = false
    try {
      more = this.#serveUntil(this.#time.begin(began))
      if (this.#closing) this.#sayGoodbye()
    } catch (error) {
      this.#options.onError(error as Error)
    }
    this.#time.end(began, performance.now(), this.#bytesInTurn * sendMsPerByte)
    this.#bytesInTurn = 0
    if (more) this.#schedule()
  }

  /** Serves whoever is ready, one after the other, until nobody is (false) or the time is over (true). */
  #serveUntil(end: number): boolean {
    // Who was served goes to the end of the map, where the loop comes by again: it ends when nobody is ready.
    for (const [viewer, channel] of this.#viewers) {
      if (!viewer.ready || viewer.ended) continue
      this.#viewers.delete(viewer)
      this.#viewers.set(viewer, channel)
      this.#serve(viewer, channel)
      if (performance.now() >= end) return true
    }
    return false
  }

  #serve(viewer: Viewer, channel: ViewerChannel): void {
    const { whenFull, protocol } = this.#options
    if (whenFull === 'cut-off' && viewer.behind) return this.cutOff(viewer)
    const { gap, missed, span } = viewer.next(whenFull === 'drop-all' ? whenFull : 'drop-oldest')
    this.#entriesMissed += missed
    if (gap !== undefined) this.#send(viewer, channel, protocol.dropped(gap))
    if (span.entries === 0) return
    this.#send(viewer, channel, span.bytes)
    if (viewer.full) this.#untaken(viewer, span)
    viewer.entryAt = viewer.sentAt
    this.#entriesSent += span.entries
  }

  #untaken(viewer: Viewer, span: EncodedSpan): void {
    viewer.untaken = span
    this.#spans.waits(span)
    this.#memory?.tell()
  }

  #taken(viewer: Viewer): void {
    if (viewer.untaken === undefined) return
    this.#spans.waitsNoMore(viewer.untaken)
    viewer.untaken = undefined
    this.#memory?.tell()
  }

  #send(viewer: Viewer, channel: ViewerChannel, data: Buffer | string): void {
    if (data.length === 0) return
    viewer.sentAt = performance.now()
    if (!channel.write(data)) viewer.full = true
    this.#bytesInTurn += data.length
  }

  /** Whoever has everything is told that this was all. The others follow in a later turn, when they have drained. */
  #sayGoodbye(): void {
    for (const [viewer, channel] of this.#viewers) if (viewer.upToDate) this.#end(viewer, channel, 'stopped')
  }

  #end(viewer: Viewer, channel: ViewerChannel, reason: EndReason): void {
    if (viewer.ended) return
    viewer.ended = true
    viewer.timesFoundFull = 0
    channel.end(this.#options.protocol.end(reason), reason)
  }

  #startClock(): void {
    const { heartbeatMs, stuckTimeoutMs, idleTimeoutMs } = this.#options
    const shortest = Math.min(heartbeatMs, stuckTimeoutMs, idleTimeoutMs)
    if (this.#clock !== undefined || shortest === Infinity) return
    // Four looks per period: what is due after a second comes within a second and a quarter.
    const intervalMs = Math.min(shortest / 4, maxTimerMs)
    const timesStuck = Math.ceil(stuckTimeoutMs / intervalMs)
    this.#clock = setInterval(() => this.#look(timesStuck), intervalMs).unref()
  }

  /** Cuts off who was found full so many times, and gives a sign of life to who heard nothing for long. */
  #look(timesStuck: number): void {
    const { heartbeatMs, idleTimeoutMs, protocol } = this.#options
    const now = performance.now()
    try {
      for (const [viewer, channel] of this.#viewers) {
        if (viewer.full || viewer.ended) {
          // Looks are counted, not time: after the whole process stood still, nobody had a chance to drain.
          if (++viewer.timesFoundFull > timesStuck) this.cutOff(viewer)
        } else if (now - viewer.entryAt >= idleTimeoutMs && viewer.upToDate) {
          this.#cutOff++
          this.#end(viewer, channel, 'idle')
        } else if (this.#answers(viewer, channel, now) && now - viewer.sentAt >= heartbeatMs) {
          this.#send(viewer, channel, protocol.heartbeat(viewer.idPassedOver()))
        }
      }
    } catch (error) {
      this.#options.onError(error as Error)
    }
  }

  /** Asks a connection for an answer when it is time to; false when it was cut off because it gives none. */
  #answers(viewer: Viewer, channel: ViewerChannel, now: number): boolean {
    if (channel.probe === undefined || now - viewer.probedAt < this.#options.heartbeatMs) return true
    if (viewer.unanswered >= maxUnanswered) {
      this.cutOff(viewer)
      return false
    }
    viewer.unanswered++
    viewer.probedAt = now
    channel.probe()
    return true
  }
}
