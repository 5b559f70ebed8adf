/** The stream shell of the sinks for live viewers: entries go into the ring, and the hub shows them. */

import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { type Batch, EntryWritable, type LogEntry } from '@logwisp/core'
import { type Listener, ViewerPlaces } from '@logwisp/core/server'
import type { LiveSink, LiveSinkStats, LiveViewer } from '../../live-sink.ts'
import type { HeartbeatSettings, LiveSettings } from './live-settings.ts'
import { ReplayRing } from './replay-ring.ts'
import { ViewerHub, type ViewerProtocol } from './viewer-hub.ts'

/** Connections beyond those of viewers: for the status page, and for telling those beyond the limit that there is one. */
const spareConnections = 64

/** What a heartbeat tells when it is to. */
export interface LiveFacts {
  readonly viewers: number
  readonly uptimeMs: number
}

export abstract class LiveWritable extends EntryWritable implements LiveSink {
  protected readonly live: LiveSettings
  protected readonly ring: ReplayRing
  protected readonly places: ViewerPlaces
  protected readonly hub: ViewerHub
  readonly #startedAt = performance.now()
  #listener: Listener | undefined

  constructor(
    name: string,
    settings: LiveSettings,
    heartbeat: HeartbeatSettings,
    protocolOf: (facts: () => LiveFacts) => ViewerProtocol,
    writeId?: (id: string) => string,
  ) {
    super()
    this.live = settings
    const limits = { maxEntries: settings.ringEntries, maxBytes: settings.ringBytes }
    this.ring = new ReplayRing(limits, randomBytes(6).toString('hex'), writeId)
    this.places = new ViewerPlaces(settings)
    this.hub = new ViewerHub({
      ring: this.ring,
      protocol: protocolOf(() => this.facts),
      heartbeatMs: heartbeat.intervalMs,
      stuckTimeoutMs: settings.stuckTimeoutMs,
      idleTimeoutMs: settings.idleTimeoutMs,
      whenFull: settings.whenFull,
      budget: settings.budget && { name, of: settings.budget },
      onError: (error) => this.fail(error),
    })
  }

  /** Opens the sink's own server. */
  protected abstract listen(options: {
    readonly port: number
    readonly host: string
    readonly maxConnections: number
    readonly access: LiveSettings['access']
    readonly tls: LiveSettings['tls']
  }): Promise<Listener>

  /** Cuts connections that are no viewers yet. */
  protected abortPending(): void {}

  protected get facts(): LiveFacts {
    return { viewers: this.hub.connected, uptimeMs: Math.round(performance.now() - this.#startedAt) }
  }

  get address(): AddressInfo | undefined {
    return this.#listener?.address
  }

  override get stats(): LiveSinkStats {
    const { connected, accepted, ...more } = this.hub.counts
    const viewers = { connected, accepted, refused: this.places.refused, ...more }
    return this.books({ viewers, ring: { entries: this.ring.next - this.ring.first, bytes: this.ring.bytes } })
  }

  viewers(): readonly LiveViewer[] {
    return this.hub.viewers
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const { port, host, maxViewers, access, tls } = this.live
    if (port === undefined) return callback()
    this.listen({ port, host, maxConnections: maxViewers + spareConnections, access, tls }).then((listener) => {
      this.#listener = listener
      callback()
      // Outside of the promise, so that what a listener throws is an uncaught exception, as it is with any event.
      process.nextTick(() => listener.address !== undefined && this.emit('listening', listener.address))
    }, callback)
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void {
    this.hub.append(items)
  }

  protected override async finish(): Promise<void> {
    const closed = this.#listener?.close()
    await this.hub.finish(this.live.drainTimeoutMs)
    this.abortPending()
    await this.#listener?.destroy()
    await closed
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.hub.destroy(error ?? undefined)
    this.abortPending()
    if (this.#listener === undefined) return callback(error)
    this.#listener.destroy().then(() => callback(error))
  }
}
