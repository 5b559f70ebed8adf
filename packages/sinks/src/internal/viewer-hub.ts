/**
 * All viewers of one live sink: takes entries at full speed, and sends each viewer what it can take.
 *
 * It knows nothing of the protocol: a {@link ViewerProtocol} writes, a {@link ViewerChannel} is one connection.
 */

import type { Batch, LogEntry } from '@logwisp/core'
import { type EncodeEntry, SpanEncoder } from './encoded-span.ts'
import type { ReplayRing } from './replay-ring.ts'
import { Viewer, type ViewerGap, type ViewerStart } from './viewer.ts'

/** How a protocol writes what a viewer is to know. */
export interface ViewerProtocol {
  readonly entry: EncodeEntry
  /** That entries are missing here. */
  readonly dropped: (gap: ViewerGap) => string
  /** A sign of life; with an id, it is the one to come back with. */
  readonly heartbeat: (id: string | undefined) => string
  /** That nothing more will come. */
  readonly end: () => string
}

/** One connection. It calls {@link ViewerHub.drained} and {@link ViewerHub.remove}. */
export interface ViewerChannel {
  /** Sends; false when it takes no more before it has drained. */
  write(data: Buffer | string): boolean
  /** Sends a last thing and closes. */
  end(data: string): void
  /** Cuts the connection. */
  destroy(): void
}

export interface ViewerHubOptions {
  readonly ring: ReplayRing
  readonly protocol: ViewerProtocol
  /** A viewer that got nothing for so long gets a heartbeat. */
  readonly heartbeatMs: number
  /** A viewer whose connection took nothing for so long is cut off. */
  readonly stuckTimeoutMs: number
  /** Told what a `protocol` function threw; nothing is sent any more. */
  readonly onError: (error: Error) => void
}

/** What the hub counts. */
export interface ViewerCounts {
  /** Viewers at this moment. */
  readonly connected: number
  /** Viewers ever. */
  readonly accepted: number
  /** Viewers that took nothing for too long. */
  readonly cutOff: number
  /** Entries sent, counted once for each viewer. */
  readonly entriesSent: number
  /** Entries missed by viewers that were too slow, counted once for each viewer. */
  readonly entriesMissed: number
}

/**
 * The viewers get as much of the event loop's time as passed since their last turn, but at least and at most so many
 * ms: however many they are and whatever they filter by, the pipeline has half of the time.
 */
const turnMs = { min: 1, max: 20 }

/** Node's timers hold no more. */
const maxTimerMs = 2 ** 31 - 1

export class ViewerHub {
  readonly #options: ViewerHubOptions
  readonly #spans: SpanEncoder
  /** In the order in which they are served next. */
  readonly #viewers = new Map<Viewer, ViewerChannel>()
  #turn: NodeJS.Immediate | undefined
  #turnEnded = 0
  #clock: NodeJS.Timeout | undefined
  #whenEmpty: (() => void) | undefined
  #closing = false
  #accepted = 0
  #cutOff = 0
  #entriesSent = 0
  #entriesMissed = 0

  constructor(options: ViewerHubOptions) {
    this.#options = options
    this.#spans = new SpanEncoder(options.ring, options.protocol.entry)
  }

  get counts(): ViewerCounts {
    return {
      connected: this.#viewers.size,
      accepted: this.#accepted,
      cutOff: this.#cutOff,
      entriesSent: this.#entriesSent,
      entriesMissed: this.#entriesMissed,
    }
  }

  /** Whether it takes no viewers any more. */
  get closing(): boolean {
    return this.#closing
  }

  /** Takes what came. Never waits for a viewer. */
  append(items: readonly (LogEntry | Batch)[]): void {
    this.#options.ring.append(items)
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

  /** The viewer's connection takes more. */
  drained(viewer: Viewer): void {
    viewer.fullSince = undefined
    this.#schedule()
  }

  /** The viewer is gone. */
  remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return
    clearInterval(this.#clock)
    this.#clock = undefined
    this.#whenEmpty?.()
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

  /** Cuts all connections. */
  destroy(): void {
    this.#closing = true
    clearImmediate(this.#turn)
    for (const [viewer, channel] of this.#viewers) {
      channel.destroy()
      this.remove(viewer)
    }
  }

  #schedule(): void {
    if (this.#viewers.size > 0) this.#turn ??= setImmediate(() => this.#takeTurn())
  }

  #takeTurn(): void {
    this.#turn = undefined
    const began = performance.now()
    const end = began + Math.min(Math.max(began - this.#turnEnded, turnMs.min), turnMs.max)
    try {
      // Who was served goes to the end of the map, where the loop comes by again: it ends when nobody is ready.
      for (const [viewer, channel] of this.#viewers) {
        if (!viewer.ready) continue
        this.#viewers.delete(viewer)
        this.#viewers.set(viewer, channel)
        this.#serve(viewer, channel)
        if (performance.now() >= end) {
          this.#schedule()
          break
        }
      }
      if (this.#closing && this.#turn === undefined) this.#sayGoodbye()
    } catch (error) {
      this.#options.onError(error as Error)
    }
    this.#turnEnded = performance.now()
  }

  #serve(viewer: Viewer, channel: ViewerChannel): void {
    const { gap, span } = viewer.next()
    if (gap !== undefined) {
      if (gap.reason === 'too-slow') this.#entriesMissed += gap.entries ?? 0
      this.#send(viewer, channel, this.#options.protocol.dropped(gap))
    }
    if (span.entries > 0) this.#send(viewer, channel, span.bytes)
    this.#entriesSent += span.entries
  }

  #send(viewer: Viewer, channel: ViewerChannel, data: Buffer | string): void {
    viewer.sentAt = performance.now()
    if (!channel.write(data)) viewer.fullSince ??= viewer.sentAt
  }

  /** Whoever has everything is told that this was all. The others follow in a later turn, when they have drained. */
  #sayGoodbye(): void {
    for (const [viewer, channel] of this.#viewers) {
      if (viewer.upToDate && !viewer.ended) {
        viewer.ended = true
        channel.end(this.#options.protocol.end())
      }
    }
  }

  #startClock(): void {
    const shortest = Math.min(this.#options.heartbeatMs, this.#options.stuckTimeoutMs)
    if (this.#clock !== undefined || shortest === Infinity) return
    // Four looks per period: what is due after a second comes within a second and a quarter.
    this.#clock = setInterval(() => this.#look(performance.now()), Math.min(shortest / 4, maxTimerMs)).unref()
  }

  #look(now: number): void {
    const { heartbeatMs, stuckTimeoutMs, protocol } = this.#options
    for (const [viewer, channel] of this.#viewers) {
      if (viewer.ended) continue
      if (viewer.fullSince !== undefined) {
        if (now - viewer.fullSince < stuckTimeoutMs) continue
        this.#cutOff++
        channel.destroy()
        this.remove(viewer)
      } else if (now - viewer.sentAt >= heartbeatMs) {
        this.#send(viewer, channel, protocol.heartbeat(viewer.idPassedOver()))
      }
    }
  }
}
