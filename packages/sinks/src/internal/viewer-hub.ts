/**
 * All viewers of one live sink: takes entries at full speed, and sends each viewer what it can take.
 *
 * It knows nothing of the protocol: a {@link ViewerProtocol} writes, a {@link ViewerChannel} is one connection.
 */

import type { Batch, LogEntry } from '@logwisp/core'
import { type EncodeEntry, SpanEncoder } from './encoded-span.ts'
import type { ReplayRing } from './replay-ring.ts'
import { TimeShare } from './time-share.ts'
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

/** What the system takes to send a byte once it is written, outside of our turn: it is 1 GB/s on loopback. */
const sendMsPerByte = 1e-6

/** Node's timers hold no more. */
const maxTimerMs = 2 ** 31 - 1

export class ViewerHub {
  readonly #options: ViewerHubOptions
  readonly #spans: SpanEncoder
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

  /** The viewer's connection takes more. */
  drained(viewer: Viewer): void {
    viewer.full = false
    viewer.timesFoundFull = 0
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
    clearTimeout(this.#pause)
    for (const [viewer, channel] of this.#viewers) {
      channel.destroy()
      this.remove(viewer)
    }
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
      if (!viewer.ready) continue
      this.#viewers.delete(viewer)
      this.#viewers.set(viewer, channel)
      this.#serve(viewer, channel)
      if (performance.now() >= end) return true
    }
    return false
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
    if (!channel.write(data)) viewer.full = true
    this.#bytesInTurn += data.length
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
    const { heartbeatMs, stuckTimeoutMs } = this.#options
    const shortest = Math.min(heartbeatMs, stuckTimeoutMs)
    if (this.#clock !== undefined || shortest === Infinity) return
    // Four looks per period: what is due after a second comes within a second and a quarter.
    const intervalMs = Math.min(shortest / 4, maxTimerMs)
    const timesStuck = Math.ceil(stuckTimeoutMs / intervalMs)
    this.#clock = setInterval(() => this.#look(performance.now(), timesStuck), intervalMs).unref()
  }

  /** Cuts off who was found full so many times, and gives a sign of life to who heard nothing for long. */
  #look(now: number, timesStuck: number): void {
    const { heartbeatMs, protocol } = this.#options
    for (const [viewer, channel] of this.#viewers) {
      if (viewer.ended) continue
      if (viewer.full) {
        // Looks are counted, not time: after the whole process stood still, nobody had a chance to drain.
        if (++viewer.timesFoundFull <= timesStuck) continue
        this.#cutOff++
        channel.destroy()
        this.remove(viewer)
      } else if (now - viewer.sentAt >= heartbeatMs) {
        this.#send(viewer, channel, protocol.heartbeat(viewer.idPassedOver()))
      }
    }
  }
}
