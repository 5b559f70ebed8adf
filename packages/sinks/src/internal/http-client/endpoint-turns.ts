/** Who asks which endpoint when: waiting for one that may be asked, and finding out about those that failed. */

import { setTimeout as sleep } from 'node:timers/promises'
import { EndpointChoice, type EndpointStrategy } from './endpoint-choice.ts'
import type { Attempt } from './endpoint-health.ts'
import { type HttpEndpoint, NoAnswerError } from './http-endpoint.ts'

/** An endpoint to ask now, and the attempt that has begun. */
export interface Turn {
  readonly endpoint: HttpEndpoint
  readonly mark: Attempt
}

export class EndpointTurns {
  readonly #endpoints: readonly HttpEndpoint[]
  readonly #choice: EndpointChoice
  readonly #headers: () => Promise<Readonly<Record<string, string>>>
  readonly #signal: AbortSignal
  readonly #waiting = new Set<() => void>()

  /** `headers` gives those of a probe. Nobody waits any more once `signal` is aborted and {@link wake} was called. */
  constructor(
    endpoints: readonly HttpEndpoint[],
    strategy: EndpointStrategy,
    headers: () => Promise<Readonly<Record<string, string>>>,
    signal: AbortSignal,
  ) {
    this.#endpoints = endpoints
    this.#choice = new EndpointChoice(
      strategy,
      endpoints.map(({ health }) => health),
    )
    this.#headers = headers
    this.#signal = signal
  }

  /** For how many ms no endpoint may be asked; 0 when one may. */
  get delayMs(): number {
    return Math.max(0, Math.round(this.#choice.readyAt - performance.now()))
  }

  /** Waits for an endpoint that may be asked; undefined when there will be none before `deadline`. */
  async next(deadline: number): Promise<Turn | undefined> {
    for (;;) {
      this.#signal.throwIfAborted()
      const now = performance.now()
      const { use, at, probe } = this.#choice.choose(now)
      if (probe !== undefined) void this.#probe(probe)
      if (use !== undefined) {
        const endpoint = this.#endpoints[use] as HttpEndpoint
        // Begun here, so that of several who were woken only one finds out about an endpoint that failed.
        return { endpoint, mark: endpoint.health.begin() }
      }
      if (now >= deadline || (at !== Infinity && at > deadline)) return undefined
      await this.#woken(Math.min(at, deadline) - now)
    }
  }

  /** An attempt has ended: those who wait look again. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Finds out whether an endpoint that failed is alive, while others do its work. */
  async #probe(index: number): Promise<void> {
    const endpoint = this.#endpoints[index] as HttpEndpoint
    const mark = endpoint.health.begin()
    try {
      const { status } = await endpoint.probe(await this.#headers())
      // Anybody who says that HEAD is not allowed is alive; whether it takes entries, the next batch finds out.
      if (status >= 500 && status !== 501) throw new NoAnswerError('other', `HTTP ${status}`)
      endpoint.health.seenAlive(mark, performance.now())
      this.#choice.seenAlive(index)
    } catch {
      if (this.#signal.aborted) endpoint.health.cancelled(mark)
      else endpoint.health.failed(mark, performance.now())
    }
    this.wake()
  }

  /** Waits for so long, or until an attempt has ended. */
  async #woken(delayMs: number): Promise<void> {
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    this.#waiting.add(wake)
    // Node's longest timer is 24.8 days; the caller looks again after that.
    await sleep(Math.min(Math.ceil(delayMs), 2 ** 31 - 1), undefined, { signal: woken.signal }).catch(() => {})
    this.#waiting.delete(wake)
  }
}
